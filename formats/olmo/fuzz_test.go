package olmo

import (
	"path/filepath"
	"strings"
	"testing"

	"olmotool/formats"
	"olmotool/formats/gguf"
)

func FuzzParseHFConfig(f *testing.F) {
	for _, name := range models {
		f.Add(readFile(f, testdata+"configs/"+name+"-transformers4.json"))
		f.Add(readFile(f, testdata+"configs/"+name+"-transformers5.json"))
	}
	for _, c := range malformedHF {
		f.Add([]byte(changed(f, smallHF, c.changes)))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := ParseHFConfig(text, "config.json")
		if err != nil {
			wantError(t, err, "config.json: ")
			return
		}
		checkConfig(t, c)
	})
}

// checkConfig checks what holds of every config that was accepted: it can be
// written in every layout, or is refused, and says the same when it is read
// again.
func checkConfig(t *testing.T, c *Config) {
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	if c.NumHiddenLayers > 64 {
		return // for speed
	}
	c.Tensors()
	bare := *c
	bare.HF, bare.hfText = nil, nil
	text, err := bare.EncodeHF("float32")
	if err != nil {
		t.Fatal(err)
	}
	back, err := ParseHFConfig(text, "config.json")
	if err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	if d := c.Diff(back); len(d) > 0 {
		t.Fatalf("%q in %s", d, text)
	}
	if text, err := c.encodeLegacy(); err == nil {
		back, err := parseLegacyConfig(text, "config.yaml")
		if err != nil {
			t.Fatalf("%v in %s", err, text)
		}
		if d := c.Diff(back); len(d) > 0 {
			t.Fatalf("%q in %s", d, text)
		}
	}
	if text, err := c.encodeCore(formats.F32); err == nil {
		back, err := parseCoreConfig(text, "config.json")
		if err != nil {
			t.Fatalf("%v in %s", err, text)
		}
		if d := c.Diff(back); len(d) > 0 {
			t.Fatalf("%q in %s", d, text)
		}
	}
}

func FuzzParseLegacyConfig(f *testing.F) {
	f.Add([]byte(legacyYAML(f)))
	f.Add([]byte(legacyYAML(f, olmo1Lines...)))
	for _, c := range malformedLegacy {
		f.Add([]byte(legacyYAML(f, c.lines...)))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := parseLegacyConfig(text, "config.yaml")
		if err != nil {
			wantError(t, err, "config.yaml: ")
			return
		}
		checkConfig(t, c)
	})
}

func FuzzParseCoreConfig(f *testing.F) {
	f.Add([]byte(coreJSON(f, `{}`)))
	f.Add([]byte(newCoreJSON(f, `{}`)))
	for _, c := range malformedCore {
		f.Add([]byte(coreJSON(f, c.changes)))
	}
	for _, c := range []*Config{with(windows), with(windows, func(c *Config) { c.Rope = yarnRope })} {
		text, err := c.encodeCore(formats.F32)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := parseCoreConfig(text, "config.json")
		if err != nil {
			wantError(t, err, "config.json: ")
			return
		}
		checkConfig(t, c)
	})
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
