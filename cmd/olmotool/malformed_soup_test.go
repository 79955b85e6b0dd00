package main

import (
	"fmt"
	"strings"
)

// recipeCases are recipes that would not do what they say, or are none.
func recipeCases() []malformed {
	of := func(name, content, want string) malformed {
		c := file(name, "r.yml", content, want)
		c.command = []string{"soup", "--config", "r.yml", "-o", "out.safetensors"}
		return c
	}
	// models is a recipe with these lines at the top.
	models := func(name, top, want string) malformed {
		return of(name, "merge_method: linear\nmodels: [{model: 'random:tiny', parameters: {weight: 1}}]\n"+top, want)
	}
	slice := func(name, layers, want string) malformed {
		return of(name, "merge_method: linear\nslices: [{sources: [{model: 'random:tiny', layer_range: "+layers+"}]}]\nparameters: {weight: 1}\n", want)
	}
	weight := func(name, value, want string) malformed {
		return of(name, "merge_method: linear\nmodels: [{model: 'random:tiny', parameters: {weight: "+value+"}}]\n", want)
	}
	// A list of a thousand values, in as many places.
	bomb := "merge_method: linear\nmodels:\n- {model: m, parameters: {weight: &list [" + strings.Repeat("1, ", 1000) + "1]}}\n"
	for i := range 100 {
		bomb += fmt.Sprintf("- {model: m%d, parameters: {weight: *list}}\n", i)
	}
	return []malformed{
		of("empty", "", `found YAML that cannot be read`),
		of("no mapping", "- a\n- b\n", `line 1, column 1: found a list, expected a recipe`),
		of("not YAML", "models: [", `found YAML that cannot be read`),
		of("binary", "GGUF\x03\x00\x00\x00", `found YAML that cannot be read`),
		of("misspelt key", "merge_method: linear\nmodles: []\n", `line 2, column 1: found the key "modles"`),
		of("key that moves the cursor", "merge_method: linear\n\"\\e[2J\": 1\n", `line 2, column 1: found the key "\\x1b\[2J"`),
		models("key twice", "merge_method: linear\n", `line 3, column 1: found the key "merge_method" a second time`),
		models("parameter at the top", "normalize: false\n", `line 3, column 1: found the parameter normalize at the top`),
		models("parameter of another method", "parameters: {densty: 0.5}\n", `line 3, column 14: found the parameter "densty"`),
		models("union of tokenizers", "tokenizer_source: union\n", `line 3, column 19: found a union of tokenizers`),
		models("element type", "dtype: fp16\n", `line 3, column 8: found the element type "fp16"`),
		of("adapter", "merge_method: linear\nmodels: [{model: a+b}]\n", `line 2, column 18: found the adapter "b"`),
		weight("word for a number", "lots", `line 2, column 54: found "lots"`),
		weight("NaN", ".nan", `line 2, column 54: found ".nan"`),
		weight("large number", "1e999999999", `line 2, column 54: found "1e999999999"`),
		weight("octal number", "010", `line 2, column 54: found the number 010`),
		weight("Python's tag", "!!python/object:os.system x", `line 2, column 54: found the tag`),
		slice("layers stacked", "[1, 2]", `line 2, column 21: found the layers \[1, 2\]`),
		slice("layers left out", "[0, 1]", `line 2, column 10: found slices of 1 layers, expected 2`),
		of("mapping merged into itself", "merge_method: linear\nmodels: &a [{model: m, parameters: &p {<<: *p}}]\n", ``),
		of("alias bomb", bomb, `those behind aliases counted each time`),
		of("deep nesting", strings.Repeat("[", 20000), `found YAML that cannot be read`),
		of("many values", strings.Repeat("[", 1<<17), `found more than 65536 values`),
		of("large file", strings.Repeat("a", 1<<20+1), `found more than 1048576 bytes`),
	}
}
