package recipe

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"olmotool/formats"
)

// models are two models that most recipes here end in.
const models = "models: [{model: a, parameters: {weight: 1}}, {model: b, parameters: {weight: 2}}]\n"

// refused are recipes with what the error says behind the file's name.
var refused = []struct{ recipe, want string }{
	// Keys.
	{"", "found YAML that cannot be read (no documents in stream), expected a recipe"},
	{"# nothing\n", "found YAML that cannot be read (no documents in stream), expected a recipe"},
	{"42", "line 1, column 1: found the number 42, expected a recipe: keys and values"},
	{"merge_methd: linear\n" + models, `line 1, column 1: found the key "merge_methd" in a recipe, expected merge_method, models, slices, modules, base_model, parameters, dtype, out_dtype, tokenizer_source, tokenizer, chat_template or name: did you mean merge_method?`},
	{models, "line 1, column 1: found no key merge_method, expected one of linear"},
	{"merge_method:\n" + models, "found no key merge_method"},
	{"merge_method: linear\nmerge_method: linear\n" + models, `line 2, column 1: found the key "merge_method" a second time, expected each key once`},
	{"merge_method: linaer\n" + models, `line 1, column 15: found the method "linaer", expected one of linear`},
	{"merge_method: linaer\n" + models, `: did you mean linear?`},
	{"merge_method: 7\n" + models, "line 1, column 15: found the number 7, expected the name of a method: put it in quotes if it is one"},
	{"merge_method: [linear]\n" + models, "line 1, column 15: found a list, expected the name of a method"},
	{"? [a]\n: b\n", "line 1, column 3: found a list as a key, expected a name"},
	{"merge_method: linear\nslices_per_model: 2\n" + models, `line 2, column 1: found the key "slices_per_model" in a recipe`},
	{"merge_method: linear\nmodels: [{model: a, parameter: {weight: 1}}]", `line 2, column 21: found the key "parameter" in a model, expected model or parameters: did you mean parameters?`},
	{"merge_method: linear\nnormalise: true\n" + models, `line 2, column 1: found the key "normalise" in a recipe`},
	{"merge_method: linear\nnormalize: false\n" + models, "line 2, column 1: found the parameter normalize at the top, expected it below parameters"},
	{"merge_method: linear\nweight: 1\n" + models, "line 2, column 1: found the parameter weight at the top, expected it below parameters"},
	{"merge_method: linear\nnormalize: true\nparameters: {normalize: true}\n" + models, "line 2, column 1: found the parameter normalize at the top"},

	// What mergekit has and this package does not.
	{"merge_method: linear\nmodules: {default: {}}", "line 2, column 10: found modules, which are for models of several parts, expected models or slices"},
	{"merge_method: linear\nmodels: [{model: a+lora}]", `line 2, column 18: found the adapter "lora" with the model "a"`},
	{"merge_method: linear\nmodels: [{model: {model: a, lora: b}}]", "found an adapter (lora)"},
	{"merge_method: linear\nmodels: [{model: {model: a, override_architecture: b}}]", "line 2, column 52: found override_architecture: a model is what its own config says"},
	{"merge_method: linear\ntokenizer_source: union\n" + models, "line 2, column 19: found a union of tokenizers"},
	{"merge_method: linear\ntokenizer: {source: union}\n" + models, "line 2, column 21: found a union of tokenizers"},
	{"merge_method: linear\ntokenizer: {pad_to_multiple_of: 8}\n" + models, "found pad_to_multiple_of: the embedding keeps its size here"},
	{"merge_method: linear\ntokenizer: {source: a, tokens: {x: y}}\n" + models, "found a table of tokens"},
	{"merge_method: linear\ntokenizer: {tokens: }\n" + models, "found no source in tokenizer, which is union then"},
	{"merge_method: linear\nchat_template: chatml\n" + models, `found the chat template "chatml" of mergekit's own`},
	{"merge_method: linear\ndtype: int64\n" + models, `found the element type "int64", expected bfloat16, float16, float32 or float64`},

	// Models.
	{"merge_method: linear\n", "line 1, column 1: found neither models nor slices, expected one of models and slices"},
	{"merge_method: linear\nslices: []\n" + models, "found both models and slices"},
	{"merge_method: linear\nmodels: []\n", "line 2, column 9: found an empty list, expected models"},
	{"merge_method: linear\nmodels: a\n", `line 2, column 9: found "a", expected a list of models`},
	{"merge_method: linear\nmodels: [a]\n", `line 2, column 10: found "a", expected a model: keys and values`},
	{"merge_method: linear\nmodels: [{parameters: {weight: 1}}]\n", "line 2, column 10: found no key model in a model, expected its path"},
	{"merge_method: linear\nmodels: [{model: on}]\n", "found on, which is true or false in YAML, expected the path of a model: put it in quotes if it is one"},
	{"merge_method: linear\nmodels: [{model: 2026-11-24}]\n", `found the date "2026-11-24"`},
	{"merge_method: linear\nmodels: [{model: ''}]\n", "found an empty text"},
	{"merge_method: linear\nmodels: [{model: a@b@c}]\n", `found "a@b@c", expected path@revision`},
	{"merge_method: linear\nmodels: [{model: a@}]\n", `found "a@", expected path@revision`},
	{"merge_method: linear\nmodels: [{model: {model: {revision: x}}}]\n", "found no key model"},
	{"merge_method: linear\nmodels: [{model: a}, {model: {model: {path: a}}}]\n", `line 2, column 22: found the model "a" a second time, expected each once`},
	{"merge_method: slerp\nparameters: {t: 1}\nmodels: [{model: a}, {model: b}]", "found no base_model, expected one: slerp merges differences from it"},
	{"merge_method: slerp\nbase_model: c\nparameters: {t: 1}\nmodels: [{model: a}, {model: b}]", "found 2 models, expected 1 besides the base for slerp"},
	{"merge_method: nuslerp\nmodels: [{model: a}]", "found 1 models, expected 2 besides the base for nuslerp"},
	{"merge_method: linear\ntokenizer_source: c\n" + models, `found "c", which is none of the models, expected one of them or base`},
	{"merge_method: linear\ntokenizer_source: base\n" + models, "found base and no base_model"},
	{"merge_method: linear\ntokenizer_source: a\ntokenizer: {source: a}\n" + models, "found both tokenizer and tokenizer_source"},

	// Slices.
	{"merge_method: linear\nslices: [{sources: [{model: a}]}]", "found no key layer_range in a source, expected [from, to]"},
	{"merge_method: linear\nslices: [{parameters: {weight: 1}}]", "found no key sources in a slice"},
	{"merge_method: linear\nslices: [{sources: [{model: a, layer_range: [0]}]}]", "found 1 layers, expected two: from and to"},
	{"merge_method: linear\nslices: [{sources: [{model: a, layer_range: [0, 1.5]}]}]", "found 1.5, expected a whole number from 0 to 16384"},
	{"merge_method: linear\nslices: [{sources: [{model: a, layer_range: [0, 1e9]}]}]", "found 1e9, expected a whole number from 0 to 16384"},
	{"merge_method: linear\nslices: [{sources: [{model: a, layer_range: [2, 2]}]}]", "found the layers [2, 2], expected the second to be greater"},
	{"merge_method: linear\nslices: [{sources: [{model: a, layer_range: [1, 2]}]}]", `found the layers [1, 2] of "a", expected them to begin at 0: slices have to be whole models`},
	{"merge_method: linear\nslices: [{sources: [{model: a, layer_range: [0, 2]}, {model: b, layer_range: [0, 3]}]}]", `found the layers [0, 3] of "b", expected [0, 2] as of the first source`},
	{"merge_method: linear\nslices: [{sources: [{model: a, layer_range: [0, 2]}]}, {sources: [{model: a, layer_range: [1, 2]}]}]", "expected them to begin at 2"},
	{"merge_method: linear\nslices: [{sources: [{model: a, layer_range: [0, 2]}]}, {sources: [{model: b, layer_range: [2, 4]}]}]", `found no source "a" in a slice, expected the same models in each`},
	{"merge_method: linear\nslices: [{sources: [{model: a, layer_range: [0, 2]}]}, {sources: [{model: a, layer_range: [2, 3]}, {model: b, layer_range: [2, 3]}]}]", "found 2 models in a slice, expected 1 as in the first"},
	{"merge_method: linear\nslices: [{base_model: b, sources: [{model: a, layer_range: [0, 2]}]}]", `found the base "b" of a slice, expected that of all`},
	{"merge_method: slerp\nbase_model: c\nparameters: {t: 0}\nslices: [{sources: [{model: a, layer_range: [0, 2]}]}]", `found no source "c" in a slice, expected the base in each`},

	// Parameters.
	{"merge_method: linear\nmodels: [{model: a, parameters: {weigth: 1}}]", `line 2, column 34: found the parameter "weigth", which linear does not have, expected weight or normalize: did you mean weight?`},
	{"merge_method: linear\nmodels: [{model: a, parameters: {normalize: 1}}]", "found the parameter normalize with a model, expected it below parameters at the top or of a slice: all models share it"},
	{"merge_method: linear\nmodels: [{model: a, parameters: 1}]", "found the number 1, expected parameters: keys and values"},
	{"merge_method: linear\nmodels: [{model: a, parameters: {weight: much}}]", `found "much", expected a decimal or a fraction`},
	{"merge_method: linear\nmodels: [{model: a, parameters: {weight: }}]", "found nothing, expected a number"},
	{"merge_method: linear\nmodels: [{model: a, parameters: {weight: 010}}]", "found the number 010, expected it without the zero before it"},
	{"merge_method: linear\nmodels: [{model: a, parameters: {weight: 1:30}}]", `found "1:30", expected a decimal`},
	{"merge_method: linear\nmodels: [{model: a, parameters: {weight: .inf}}]", `found ".inf", expected a decimal`},
	{"merge_method: linear\nmodels: [{model: a, parameters: {weight: .nan}}]", `found ".nan", expected a decimal`},
	{"merge_method: linear\nmodels: [{model: a, parameters: {weight: 1e999}}]", `found "1e999", expected a decimal`},
	{"merge_method: linear\nmodels: [{model: a, parameters: {weight: 1/0}}]", `found "1/0", expected a decimal`},
	{"merge_method: linear\nmodels: [{model: a, parameters: {weight: []}}]", "found an empty list, expected values"},
	{"merge_method: linear\nmodels: [{model: a, parameters: {weight: [1, [2]]}}]", "found a list, expected a number"},
	{"merge_method: linear\nmodels: [{model: a, parameters: {weight: [1, {value: 2}]}}]", "found a mapping, expected a number"},
	{"merge_method: linear\nmodels: [{model: a, parameters: {weight: [{value: 2}, 1]}}]", "found the number 1, expected a rule: keys and values"},
	{"merge_method: linear\nmodels: [{model: a, parameters: {weight: [{filter: mlp}]}}]", "found a rule without a value"},
	{"merge_method: linear\nmodels: [{model: a, parameters: {weight: [{filtre: mlp, value: 1}]}}]", `found the key "filtre" in a rule, expected filter or value: did you mean filter?`},
	{"merge_method: linear\nmodels: [{model: a, parameters: {weight: !!python/object:os.system x}}]", `found the tag "!!python/object:os.system", expected a number`},
	{"merge_method: linear\nparameters: {normalize: perhaps}\n" + models, `found "perhaps", expected true or false`},
	{"merge_method: linear\nparameters: {normalize: 2}\n" + models, "found the number 2, expected true or false"},

	// YAML.
	{"merge_method: [", "line 2, column 1: found YAML that cannot be read ("},
	{"a: b\n---\nc: d\n", "found YAML that cannot be read ("},
	{"merge_method: \x00", "found YAML that cannot be read ("},
	{"merge_method: linear\nmodels: *nosuch\n", "found YAML that cannot be read ("},
	{strings.Repeat("a", maxBytes+1), "found more than 1048576 bytes"},
	{strings.Repeat("[", 1<<17), "found more than 65536 values"},
	{"merge_method: linear\nmodels: &m [*m]\n", "found"},
	{"merge_method: linear\nmodels: [{model: a, parameters: &p {<<: *p}}]\n", "found"},
	{bomb(), "those behind aliases counted each time"},
}

// bomb has a list of lists of lists behind aliases, each a hundred times.
func bomb() string {
	b := "merge_method: linear\nname: &x 1\nmodels:\n- model: m\n  parameters:\n    weight: &g [" + strings.Repeat("1, ", 1000) + "1]\n"
	for i := range 100 {
		b += fmt.Sprintf("- {model: m%d, parameters: {weight: *g}}\n", i)
	}
	return strings.Replace(b, "name: &x 1\n", "", 1)
}

func TestRefused(t *testing.T) {
	for _, c := range refused {
		_, err := Parse([]byte(c.recipe), "r.yml")
		var fe *formats.Error
		if !errors.As(err, &fe) {
			t.Errorf("%.200q: found %v, want %s", c.recipe, err, c.want)
			continue
		}
		if fe.File != "r.yml" || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%.200q: found %v\nwant %s", c.recipe, err, c.want)
		}
	}
}

// What is passed over is told.
func TestFindings(t *testing.T) {
	for _, c := range []struct{ recipe, code, where string }{
		{"merge_method: linear\nnormalize: true\n" + models, "misplaced-setting", "r.yml: line 2, column 1"},
		{"merge_method: ties\nbase_model: c\nparameters: {int8_mask: true}\n" + models, "moot-setting", "r.yml: line 3, column 14"},
		{"merge_method: linear\nslices: [{residual_weight: 1, sources: [{model: a, layer_range: [0, 2]}]}]", "moot-setting", "r.yml: line 2, column 28"},
		{"merge_method: linear\nbase_model: c\n" + models, "base-merged", "r.yml: line 3, column 9"},
		{"merge_method: ties\nbase_model: b\n" + models, "base-setting", "r.yml: line 3, column 70"},
	} {
		f, err := Parse([]byte(c.recipe), "r.yml")
		if err != nil {
			t.Errorf("%q: %v", c.recipe, err)
			continue
		}
		if len(f.Findings) != 1 || f.Findings[0].Code != c.code || f.Findings[0].Where != c.where {
			t.Errorf("%q: found %+v, want %s at %s", c.recipe, f.Findings, c.code, c.where)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, c := range refused {
		if len(c.recipe) < 1<<12 {
			f.Add([]byte(c.recipe))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := Parse(data, "r.yml")
		if err != nil {
			if !errors.As(err, new(*formats.Error)) || strings.ContainsAny(err.Error(), "\n\x1b") {
				t.Errorf("%T: %q", err, err)
			}
			return
		}
		if len(r.Models) == 0 || r.Method == nil {
			t.Fatalf("found %+v", r)
		}
		r.Roles()
		tensors := []string{"model.embed_tokens.weight", "model.layers.0.x", "model.layers.3.mlp.y", "model.layers.x", "model.layers.-1.x", "lm_head.weight"}
		x, _, err := r.Recipe(tensors)
		if err != nil {
			return
		}
		for _, tensor := range append(tensors, "model.layers.9.x") {
			for _, q := range r.Method.Params {
				for i := range r.Models {
					x.Value(q.Name, tensor, i)
				}
				x.Value(q.Name, tensor, -1)
			}
		}
	})
}
