package olmo

import (
	"path/filepath"
	"strings"
	"testing"

	"olmotool/formats"
	"olmotool/formats/gguf"
)

// TestShapes: the released sizes, by their numbers of parameters.
func TestShapes(t *testing.T) {
	for name, want := range map[string]int64{
		"1b": 1_484_916_736, "7b": 7_298_617_344, "13b": 13_716_198_400, "32b": 32_234_279_936, "tiny": 135_680,
	} {
		m := open(t, "random:"+name, "")
		var n int64
		for _, x := range m.Tensors {
			n += x.Elements()
		}
		if n != want || m.Source.Layout != "hf" || m.Config.ModelType != OLMo2 {
			t.Errorf("%s: got %d parameters, want %d", name, n, want)
		}
		if err := m.Config.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRandom(t *testing.T) {
	dir := layOut(t, map[string]string{"config.json": "@" + testdata + "models/olmo3/config.json", "tokenizer.json": "{}"})
	config := "random:" + filepath.Join(dir, "config.json")
	seen := map[string]string{}
	for _, spec := range []string{"random:tiny", "random:tiny,seed=1", "random:tiny,seed=18446744073709551615", "random:tiny,dtype=f16", "random:tiny,seed=1,dtype=f32", config} {
		a, b := open(t, spec, ""), open(t, spec, "")
		d := digestOf(t, a.Tensors, false)
		if other, ok := seen[d]; ok {
			t.Errorf("%s is %s", spec, other)
		}
		seen[d] = spec
		if digestOf(t, b.Tensors, false) != d {
			t.Errorf("%s: another digest the second time", spec)
		}
	}
	// The order of options does not matter, and the tokenizer goes along.
	if a, b := open(t, "random:tiny,dtype=f32,seed=1", ""), open(t, "random:tiny,seed=1,dtype=F32", ""); digestOf(t, a.Tensors, false) != digestOf(t, b.Tensors, false) {
		t.Error("the order of options matters")
	}
	m := open(t, config+",dtype=bf16", "")
	if m.Config.ModelType != OLMo3 || !m.Source.Beside.Has("tokenizer.json") || m.Tensors[0].DType != formats.BF16 {
		t.Errorf("got %s, %v, %s", m.Config.ModelType, m.Source.Beside, m.Tensors[0].DType)
	}
	back := open(t, write(t, plan(t, m, "hf", PlanOptions{MaxShard: 50_000})), "")
	equalTensors(t, back.Tensors, m.Tensors)
}

// malformedRandom are specs and what is said of them.
var malformedRandom = map[string]string{
	"":                               `random:: found shape "", expected tiny, 1b, 7b, 13b, 32b or the path of a config.json`,
	"2b":                             `random:2b: found shape "2b", expected tiny`,
	"none/config.json\x1b":           `found shape "none/config.json\x1b", expected`,
	"tiny,":                          `random:tiny,: found "", expected seed=N and dtype=D, each at most once`,
	"tiny,seed":                      `random:tiny,seed: `,
	"tiny,seed=-1":                   `random:tiny,seed=-1: `,
	"tiny,seed=1e3":                  `invalid syntax`,
	"tiny,seed=99999999999999999999": `value out of range`,
	"tiny,seed=1,seed=2":             `found "seed=1", expected seed=N and dtype=D, each at most once`,
	"tiny,dtype=q8_0":                `found "q8_0", expected f32, f16, bf16 or f64`,
	"tiny,dtype=x\n":                 `unknown dtype "x\n"`,
	"tiny,size=7":                    `found "size=7", expected seed=N and dtype=D`,
	",":                              `found "", expected seed=N`,
	testdata + "README.md":           `README.md: byte 0: found`,
	testdata + "models":              `models: found a directory, expected a regular file`,
}

func TestRandomRefuses(t *testing.T) {
	for spec, want := range malformedRandom {
		_, err := Open("random:"+spec, "")
		if strings.ContainsAny(spec, "\x1b\n") {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want %s", err, want)
			}
			continue
		}
		wantError(t, err, want)
	}
}

func FuzzRandomSpec(f *testing.F) {
	for spec := range malformedRandom {
		f.Add(spec)
	}
	f.Add("tiny,seed=7,dtype=bf16")
	f.Fuzz(func(t *testing.T, spec string) {
		if strings.ContainsAny(spec, "/.") {
			return // no file of this machine
		}
		s, err := Open("random:"+spec, "")
		if err != nil {
			return
		}
		if _, err := s.Model(); err != nil {
			t.Fatal(err)
		}
	})
}

// FuzzSniff opens a file of any content, by itself and in the place of each
// model's file.
func FuzzSniff(f *testing.F) {
	for _, text := range []string{
		"", pointer, "<html>", `{"error":1}`, "\x1f\x8b", "PK\x03\x04", "GGUF\x03\x00\x00\x00", "\x80\x02}.", "\x02\x00\x00\x00\x00\x00\x00\x00{}", strings.Repeat("\x00", 600),
	} {
		f.Add([]byte(text))
	}
	for _, path := range []string{tinyHF + "model.safetensors", mha + "hf-bin/pytorch_model.bin", mha + "olmo2-mha-q8_0.gguf"} {
		f.Add(readFile(f, path)[:600])
	}
	config, yaml := readFile(f, tinyHF+"config.json"), readFile(f, mha+"olmo/config.yaml")
	f.Fuzz(func(t *testing.T, text []byte) {
		dir := t.TempDir()
		put(t, dir, "config.json", string(config))
		for _, name := range []string{"x", "model.safetensors", "pytorch_model.bin", "model.safetensors.index.json"} {
			put(t, dir, "a/"+name, string(text))
			if name != "x" {
				put(t, dir, "a/config.json", string(config))
			}
			s, err := Open(filepath.Join(dir, "a", name), "")
			if err != nil {
				wantError(t, err, dir)
				continue
			}
			_, _ = s.Model()
			s.Close()
		}
		put(t, dir, "b/config.yaml", string(yaml))
		put(t, dir, "b/model.pt", string(text))
		if s, err := Open(filepath.Join(dir, "b"), ""); err == nil {
			_, _ = s.Model()
			s.Close()
		} else {
			wantError(t, err, dir)
		}
	})
}

// FuzzParseGGUFConfig reads a GGUF of any content.
func FuzzParseGGUFConfig(f *testing.F) {
	for _, name := range models {
		kvs, _, err := open(f, testdata+"models/"+name, "").Config.ggufKVs(formats.BF16)
		if err != nil {
			f.Fatal(err)
		}
		arch, _, _ := strings.Cut(kvs[0].Key, ".")
		kvs = append([]gguf.KV{{Key: "general.architecture", Value: arch}}, kvs...)
		p, err := gguf.Plan("x.gguf", kvs, []formats.Tensor{tensor(ggufEmbed, formats.F16, 2, 2)}, gguf.Options{})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(readFile(f, write(f, &Plan{Files: []*formats.FilePlan{p}})))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		path := filepath.Join(t.TempDir(), "x.gguf")
		put(t, filepath.Dir(path), "x.gguf", string(text))
		s, err := Open(path, "gguf")
		if err != nil {
			wantError(t, err, path)
			return
		}
		defer s.Close()
		checkConfig(t, s.Config)
		_, _ = s.Model()
	})
}
