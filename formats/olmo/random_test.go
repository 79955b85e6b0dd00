package olmo

import (
	"path/filepath"
	"strings"
	"testing"

	"olmotool/formats"
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
