package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// fixture reads a file of the repository's testdata.
func fixture(t *testing.T, path ...string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(append([]string{"../../testdata"}, path...)...))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// directoryCases are directories that are no checkpoint, or an incomplete one.
func directoryCases(t *testing.T) []malformed {
	config, weights := fixture(t, "models", "olmo2-mha", "config.json"), fixture(t, "models", "olmo2-mha", "model.safetensors")
	yaml, core := fixture(t, "layouts", "olmo2-mha", "olmo", "config.yaml"), fixture(t, "layouts", "olmo2-mha", "olmo-core-unsharded", "config.json")
	gguf := fixture(t, "layouts", "olmo2-mha", "olmo2-mha-q8_0.gguf")
	of := func(name, want string, fs files) malformed {
		in := files{}
		for path, content := range fs {
			in["m/"+path] = content
		}
		return malformed{name: name, path: "m", want: want, files: in}
	}
	pointer := "version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 9\n"
	return []malformed{
		of("config and nothing else", `found config.json but no weights`, files{"config.json": config}),
		of("weights and no config", `found weights but no config`, files{"model.safetensors": weights}),
		of("shards without an index", `found shards but no`, files{"model-00001-of-00002.safetensors": weights}),
		of("nothing of use", `found no weights among 1 files`, files{"README.md": "# model"}),
		of("only directories", `found only directories \("step1000", "step2000"\)`, files{"step1000/a": "", "step2000/a": ""}),
		of("several GGUF", `found 2 GGUF files`, files{"a.gguf": gguf, "b.gguf": gguf}),
		of("unfinished download", `unfinished`, files{"model.safetensors.incomplete": "x", "a.tmp": ""}),
		of("config.yaml and no model.pt", `config.yaml but no`, files{"config.yaml": yaml}),
		of("two layouts", `found what could be .* or .*, expected one.*--from`, files{"config.yaml": yaml, "model.pt": "", "model_and_optim/a": ""}),
		of("model of somebody else", `"llama"`, files{"config.json": `{"model_type":"llama"}`, "model.safetensors": weights}),
		of("Git LFS pointer as weights", `model.safetensors: found a Git LFS pointer`, files{"config.json": config, "model.safetensors": pointer}),
		of("Git LFS pointer as model.pt", `model.pt: found a Git LFS pointer`, files{"config.yaml": yaml, "model.pt": pointer}),
		of("Git LFS pointer as config.json", `config.json`, files{"config.json": pointer, "model.safetensors": weights}),
		plain(of("distributed checkpoint", `byte 0: found the end of the pickle, expected more of it`, files{"config.json": core, "model_and_optim/.metadata": ""})),
		plain(of("sharded checkpoint", `found an empty file, expected a zip archive or a pickle`, files{"config.yaml": yaml, "rank0.pt": ""})),
		described(of("two names of one tensor", `found both "lm_head.norm.weight" and "norm.weight" for "model.norm.weight", expected one`, files{"config.json": core, "model.safetensors": twice(t)})),
		of("config.yaml of 65 MiB", `config.yaml: found 68157440 bytes, expected at most`, files{"config.yaml": strings.Repeat("#", 65<<20), "model.pt": "x"}),
		of("config.yaml that expands", `config.yaml`, files{"config.yaml": yamlBomb, "model.pt": "x"}),
		of("config.yaml that is no YAML", `config.yaml`, files{"config.yaml": "a: [1\nb: }", "model.pt": "x"}),
	}
}

// twice is a file of OLMo-core that has its last norm under both the names that
// it has had.
func twice(t *testing.T) string {
	file := fixture(t, "layouts", "olmo2-mha", "olmo-core-unsharded-safetensors", "model.safetensors")
	end := 8 + binary.LittleEndian.Uint64([]byte(file))
	header, data := strings.TrimRight(file[8:end], " "), file[end:]
	n := len(data)
	return safetensor(header[:len(header)-1]+fmt.Sprintf(`,"norm.weight":{"dtype":"F32","shape":[32],"data_offsets":[%d,%d]}}`, n, n+128), data+data[:128])
}

// yamlBomb has ten names for each of ten names of …
var yamlBomb = func() string {
	s := "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
	for _, n := range []string{"1", "2", "3", "4", "5", "6", "7", "8", "9"} {
		before := string(n[0] - 1)
		s += "a" + n + ": &a" + n + " [" + strings.Repeat("*a"+before+", ", 9) + "*a" + before + "]\n"
	}
	return s
}()

// configCases are config.json files that lie about the model beside them, or
// are none.
func configCases(t *testing.T) []malformed {
	config, weights := fixture(t, "models", "olmo2-mha", "config.json"), fixture(t, "models", "olmo2-mha", "model.safetensors")
	of := func(name, config, want string) malformed {
		return malformed{name: name, path: "m", want: want, files: files{"m/config.json": config, "m/model.safetensors": weights}}
	}
	// set gives a field another value.
	set := func(field, value string) string {
		i := strings.Index(config, `"`+field+`": `)
		if i < 0 {
			t.Fatalf("no field %s", field)
		}
		i += len(field) + 4
		return config[:i] + value + config[i+strings.IndexAny(config[i:], ",\n"):]
	}
	lie := func(name, field, value, want string) malformed {
		c := of(name, set(field, value), want)
		c.converting = true
		return c
	}
	wrong := func(name, field, value string) malformed {
		return of(name, set(field, value), `config.json: `+field+`: found .*, expected`)
	}
	return []malformed{
		of("not JSON", "{", ``),
		of("no object", "[]", ``),
		of("nested too deeply", strings.Repeat(`{"a":`, 200)+"1"+strings.Repeat("}", 200), ``),
		of("model_type twice", `{"model_type":"olmo2","model_type":"olmo2"}`, ``),
		wrong("no heads", "num_attention_heads", "0"),
		wrong("negative layers", "num_hidden_layers", "-1"),
		wrong("10^12 layers", "num_hidden_layers", "1000000000000"),
		wrong("number too large", "hidden_size", "1e309"),
		wrong("number in quotes", "hidden_size", `"32"`),
		wrong("number with a fraction", "hidden_size", "32.5"),
		wrong("null where a number must be", "hidden_size", "null"),
		wrong("infinite epsilon", "rms_norm_eps", "1e999"),
		wrong("text for a truth value", "tie_word_embeddings", `"no"`),
		wrong("unknown activation", "hidden_act", `"\u001b[31mred"`),
		of("heads that do not divide the width", set("num_attention_heads", "5"), `config.json: num_key_value_heads: found 4, expected`),
		lie("layer too many", "num_hidden_layers", "3", `tensors: found no "model.layers.2`),
		lie("layer too few", "num_hidden_layers", "1", `tensors: found "model.layers.1`),
		lie("vocabulary too large", "vocab_size", "577", `tensor "model.embed_tokens.weight": found shape \[576 32\], expected \[577 32\]`),
		lie("width that is another", "hidden_size", "64", `found shape .*, expected .*64`),
		lie("tied and yet untied", "model_type", `"olmo"`, `tensors: found "`),
	}
}
