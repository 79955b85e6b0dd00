package verify

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"olmotool/formats"
)

func rawTensor(t testing.TB, name string, d formats.DType, shape []int64, raw []byte) formats.Tensor {
	t.Helper()
	x, err := formats.NewTensor(name, d, shape, bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func intTensor(t testing.TB, name string, d formats.DType, shape []int64, values ...int64) formats.Tensor {
	t.Helper()
	var raw []byte
	for _, v := range values {
		if d == formats.I32 {
			raw = binary.LittleEndian.AppendUint32(raw, uint32(v))
		} else {
			raw = binary.LittleEndian.AppendUint64(raw, uint64(v))
		}
	}
	return rawTensor(t, name, d, shape, raw)
}

func f32Tensor(t testing.TB, name string, shape []int64, values ...float32) formats.Tensor {
	t.Helper()
	var raw []byte
	for _, v := range values {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
	}
	return rawTensor(t, name, formats.F32, shape, raw)
}

func runGolden(t testing.TB, model, path string, o Options) (*Report, error) {
	t.Helper()
	g, err := OpenGolden(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.Close() })
	return Golden(context.Background(), open(t, model), g, o)
}

// What transformers recorded, testdata/make.py.
func TestGoldenOfTransformers(t *testing.T) {
	for _, c := range []struct {
		model, golden string
		o             Options
		rule          string
		accepted      bool
		metric        string // that is beyond its limit
	}{
		{"olmo1", "olmo1", Options{}, "golden", true, ""},
		{"olmo2-gqa", "olmo2-gqa", Options{}, "golden", true, ""},
		{"olmo2-gqa", "olmo2-gqa", Options{Arithmetic: "f64"}, "golden", true, ""},
		{"olmo3", "olmo3", Options{}, "golden", true, ""},
		{"olmo2-mha", "olmo2-mha-bf16", Options{}, "bf16", true, ""},
		{"olmo2-mha", "olmo2-mha-bf16", Options{Arithmetic: "bf16"}, "bf16", true, ""},
		{"olmo2-mha", "olmo2-mha-bf16", Options{Rule: "f32"}, "f32", false, "centred_rel_rms"},
		{"olmo2-gqa", "olmo3", Options{}, "golden", false, "centred_rel_rms"},
		{"olmo1-tied", "olmo1", Options{}, "golden", false, "kl_max"},
	} {
		r, err := runGolden(t, models+c.model, "testdata/"+c.golden+".safetensors", c.o)
		if err != nil {
			t.Errorf("%s: %v", c.golden, err)
			continue
		}
		if r.Accepted != c.accepted || r.Rule != c.rule || r.Ref.Layout != "golden" || r.Cand.Layout != "hf" {
			t.Errorf("%s, %+v: found %s", c.golden, c.o, toJSON(t, r))
		}
		wantText(t, c.golden, strings.Join(r.NotChecked, "\n"), "there are only logits to compare with")
		if c.accepted {
			wantText(t, c.golden, r.Verdict, "the recorded logits: of ")
		} else {
			wantText(t, c.golden, r.Verdict, "not the recorded logits: ")
			wantText(t, c.golden, strings.Join(r.Reasons, "\n"), c.metric)
		}
		// Two implementations in float32 differ, but not by much.
		if e := r.Forward.Metrics.CentredRMS; c.accepted && c.rule == "golden" && !(e > 0 && e < 3e-6) {
			t.Errorf("%s: relative error %v", c.golden, e)
		}
	}
}

// Emulated bfloat16 is nearer to transformers' than float32 is.
func TestGoldenInBF16(t *testing.T) {
	errs := map[string]float64{}
	for _, arithmetic := range []string{"f32", "bf16"} {
		r, err := runGolden(t, models+"olmo2-mha", "testdata/olmo2-mha-bf16.safetensors", Options{Arithmetic: arithmetic})
		if err != nil {
			t.Fatal(err)
		}
		errs[arithmetic] = r.Forward.Metrics.RelRMS
	}
	if !(errs["bf16"] < errs["f32"]/5) {
		t.Errorf("relative errors: %v", errs)
	}
}

func TestGoldenOfQuantised(t *testing.T) {
	r, err := runGolden(t, layouts+"olmo2-mha-q8_0.gguf", "testdata/olmo2-mha-bf16.safetensors", Options{})
	if err != nil || !r.Accepted || r.Rule != "q8_0" {
		t.Errorf("found %s, %v", toJSON(t, r), err)
	}
}

func TestGoldenFilesThatDoNotDo(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(-1))
	ids := intTensor(t, "input_ids", formats.I64, []int64{2}, 1, 2)
	two := intTensor(t, "input_ids", formats.I64, []int64{1, 2}, 1, 2)
	for name, c := range map[string]struct {
		tensors []formats.Tensor
		want    string
	}{
		"no ids":      {[]formats.Tensor{f32Tensor(t, "logits", []int64{1, 2}, 1, 2)}, `found no tensor "input_ids"`},
		"no logits":   {[]formats.Tensor{ids}, `found no tensor "logits"`},
		"type":        {[]formats.Tensor{ids, intTensor(t, "logits", formats.I64, []int64{2, 2}, 1, 2, 3, 4)}, `tensor "logits": found I64, expected F32, F64, BF16 or F16`},
		"rank":        {[]formats.Tensor{ids, f32Tensor(t, "logits", []int64{4}, 1, 2, 3, 4)}, `tensor "logits": found shape [4], expected that of input_ids, [2], and the vocabulary`},
		"tokens":      {[]formats.Tensor{ids, f32Tensor(t, "logits", []int64{1, 4}, 1, 2, 3, 4)}, "found shape [1 4]"},
		"batch":       {[]formats.Tensor{two, f32Tensor(t, "logits", []int64{2, 2}, 1, 2, 3, 4)}, "expected that of input_ids, [1 2]"},
		"vocabulary":  {[]formats.Tensor{ids, f32Tensor(t, "logits", []int64{2, 1}, 1, 2)}, "expected a vocabulary of 2 to"},
		"nothing":     {[]formats.Tensor{ids, f32Tensor(t, "logits", []int64{2, 0})}, "expected a vocabulary of 2 to"},
		"NaN":         {[]formats.Tensor{ids, f32Tensor(t, "logits", []int64{2, 2}, 1, 2, 3, nan)}, "sequence 0, position 1, token 1: found NaN, expected a finite number"},
		"infinity":    {[]formats.Tensor{two, f32Tensor(t, "logits", []int64{1, 2, 2}, 1, inf, 3, 4)}, "sequence 0, position 0, token 1: found -Inf"},
		"negative id": {[]formats.Tensor{intTensor(t, "input_ids", formats.I64, []int64{1}, -1), f32Tensor(t, "logits", []int64{1, 2}, 1, 2)}, `tensor "input_ids": element 0: found -1`},
	} {
		path := filepath.Join(t.TempDir(), "g.safetensors")
		writeSafetensors(t, path, c.tensors, nil)
		_, err := OpenGolden(path)
		if e := new(formats.Error); !errors.As(err, &e) || e.File != path {
			t.Errorf("%s: found %v", name, err)
			continue
		}
		wantText(t, name, err.Error(), c.want)
	}

	// Files that are all right, of another model.
	path := filepath.Join(t.TempDir(), "g.safetensors")
	writeSafetensors(t, path, []formats.Tensor{ids, f32Tensor(t, "logits", []int64{2, 2}, 1, 2, 3, 4)}, nil)
	_, err := runGolden(t, models+"olmo3", path, Options{})
	if !errors.As(err, new(*formats.Error)) {
		t.Errorf("found %v", err)
	}
	wantText(t, "vocabulary", err.Error(), path, `tensor "logits": found a vocabulary of 2, expected 576 as the model has`)
	writeSafetensors(t, path, []formats.Tensor{intTensor(t, "input_ids", formats.I64, []int64{1}, 576), f32Tensor(t, "logits", []int64{1, 576}, make([]float32, 576)...)}, nil)
	_, err = runGolden(t, models+"olmo3", path, Options{})
	wantText(t, "id", err.Error(), path, `tensor "input_ids": sequence 0: position 0: found token 576, expected 0 to 575`)
	_, err = runGolden(t, models+"olmo3", "testdata/olmo3.safetensors", Options{Layers: 1})
	if !errors.As(err, new(*UsageError)) {
		t.Errorf("found %v", err)
	}
	if _, err := OpenGolden("golden_test.go"); err == nil {
		t.Error("this file was taken for a golden")
	}
}

func TestDecodeFloats(t *testing.T) {
	for _, c := range []struct {
		d   formats.DType
		raw []byte
	}{
		{formats.F64, []byte{0, 0, 0, 0, 0, 0, 0xf8, 0xbf}},
		{formats.F32, []byte{0, 0, 0xc0, 0xbf}},
		{formats.BF16, []byte{0xc0, 0xbf}},
		{formats.F16, []byte{0, 0xbe}},
	} {
		x := make([]float64, 1)
		if decodeFloats(x, c.raw, c.d); x[0] != -1.5 {
			t.Errorf("%s: found %v, want -1.5", c.d, x[0])
		}
	}
}

func FuzzOpenGolden(f *testing.F) {
	file := func(ts ...formats.Tensor) []byte {
		path := filepath.Join(f.TempDir(), "g.safetensors")
		writeSafetensors(f, path, ts, nil)
		b, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		return b
	}
	f.Add(file(intTensor(f, "input_ids", formats.I64, []int64{2}, 1, 2), f32Tensor(f, "logits", []int64{2, 2}, 1, 2, 3, 4)))
	f.Add(file(intTensor(f, "input_ids", formats.I32, []int64{1, 1}, 1), f32Tensor(f, "logits", []int64{1, 1, 3}, 1, 2, 3)))
	f.Add(file(intTensor(f, "input_ids", formats.I64, []int64{1}, -1), f32Tensor(f, "logits", []int64{1}, 1)))
	f.Add([]byte("1 2 3\n4"))
	f.Fuzz(func(t *testing.T, b []byte) {
		path := filepath.Join(t.TempDir(), "g.safetensors")
		if err := os.WriteFile(path, b, 0o666); err != nil {
			t.Fatal(err)
		}
		if g, err := OpenGolden(path); err == nil {
			defer g.Close()
			if n := g.Batch.Tokens(); int64(n)*int64(g.Vocab) != g.logits.Elements() {
				t.Errorf("%d tokens of %d logits are %v", n, g.Vocab, g.logits.Shape)
			}
		} else if !errors.As(err, new(*formats.Error)) {
			t.Errorf("found %v", err)
		}
		if _, err := OpenTokensFile(path); err != nil && !errors.As(err, new(*formats.Error)) {
			t.Errorf("found %v", err)
		}
	})
}
