package forward

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"olmotool/accel/cpu"
	"olmotool/formats"
	"olmotool/formats/olmo"
)

// What does not fit the config is found before the pass.
func TestNewRefuses(t *testing.T) {
	index := func(ts []formats.Tensor, name string) int {
		return slices.IndexFunc(ts, func(x formats.Tensor) bool { return x.Name == name })
	}
	for _, c := range []struct {
		name string
		edit func(ts []formats.Tensor) []formats.Tensor
		want string
	}{
		{"missing", func(ts []formats.Tensor) []formats.Tensor {
			return slices.Delete(ts, 3, 4)
		}, `tensor "model.layers.0.self_attn.v_proj.weight": found none, expected [32 64]`},
		{"misshapen", func(ts []formats.Tensor) []formats.Tensor {
			i := index(ts, "model.layers.1.mlp.down_proj.weight")
			ts[i].Shape = []int64{96, 64}
			return ts
		}, `tensor "model.layers.1.mlp.down_proj.weight": found shape [96 64], expected [64 96] by the config`},
		{"flat", func(ts []formats.Tensor) []formats.Tensor {
			ts[0].Shape = []int64{576 * 64}
			return ts
		}, `tensor "model.embed_tokens.weight": found shape [36864], expected [576 64]`},
		{"too many", func(ts []formats.Tensor) []formats.Tensor {
			return append(ts, ts[0].WithName("model.layers.7.self_attn.q_proj.weight"))
		}, `tensor "model.layers.7.self_attn.q_proj.weight": found [576 64], expected no such tensor in olmo2`},
		{"twice", func(ts []formats.Tensor) []formats.Tensor {
			return append(ts, ts[4])
		}, "found twice, expected once"},
		{"integers", func(ts []formats.Tensor) []formats.Tensor {
			ts[1].DType = formats.I16
			return ts
		}, `tensor "model.layers.0.self_attn.q_proj.weight": no conversion from I16`},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := open(t, "models/olmo2-gqa")
			m.Tensors = c.edit(slices.Clone(m.Tensors))
			_, err := New(m, Options[float32]{})
			var bad *formats.Error
			if !errors.As(err, &bad) || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "../../testdata/models/olmo2-gqa: ") {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
	if _, err := New(open(t, "models/olmo2-gqa"), Options[float32]{Budget: 100}); err == nil || !strings.Contains(err.Error(), "found rows of 128 bytes, expected at most 50") {
		t.Errorf("error of a budget of 100 bytes: %v", err)
	}
}

// cast returns a model with its weights in another type; norms stay what they
// are where that is a small one, as in a GGUF.
func cast(t *testing.T, m *olmo.Model, to formats.DType) *olmo.Model {
	t.Helper()
	c := *m
	c.Tensors = slices.Clone(m.Tensors)
	for i, x := range c.Tensors {
		if len(x.Shape) == 1 && (to.IsBlock() || to == formats.BF16) {
			continue
		}
		var err error
		if c.Tensors[i], err = formats.Cast(x, to, nil); err != nil {
			t.Fatal(err)
		}
	}
	return &c
}

// The type in which a value is stored does not matter, whatever way it takes
// into memory.
func TestWeightTypes(t *testing.T) {
	b := Batch{Seqs: [][]int32{{5, 3, 500, 3, 8}}}
	bf16 := open(t, "models/olmo3")
	q8 := cast(t, open(t, "random:tiny"), formats.Q8_0)
	for _, c := range []struct {
		name   string
		m      *olmo.Model
		o      Options[float32]
		as, is *olmo.Model
	}{
		{name: "f32", m: bf16, as: cast(t, bf16, formats.F32)},
		{name: "f64", m: bf16, as: cast(t, bf16, formats.F64)},
		{name: "f32 to bf16", m: bf16, as: cast(t, bf16, formats.F32), o: Options[float32]{Rounding: cpu.BF16}},
		{name: "q8_0", m: q8, as: cast(t, q8, formats.F32)},
		{name: "q8_0 to bf16", m: q8, as: cast(t, cast(t, q8, formats.BF16), formats.F64), o: Options[float32]{Rounding: cpu.BF16}},
	} {
		t.Run(c.name, func(t *testing.T) {
			want := logits(t, newPass(t, c.m, c.o), b, nil, nil)
			got := logits(t, newPass(t, c.as, c.o), b, nil, nil)
			if !slices.Equal(got.Data, want.Data) {
				t.Error("other logits")
			}
		})
	}
	// f16 keeps more bits than bfloat16 has, of numbers of this size.
	f16 := logits(t, newPass(t, cast(t, bf16, formats.F16), Options[float64]{}), b, nil, nil)
	f64 := logits(t, newPass(t, cast(t, bf16, formats.F64), Options[float64]{}), b, nil, nil)
	below(t, "relRMS of f16", relRMS(f16.Data, f64.Data), 1e-4)
}

// A float64 pass reads float64 weights as they are.
func TestVectorF64(t *testing.T) {
	x, err := formats.NewTensor("x", formats.F64, []int64{1}, bytes.NewReader([]byte{1, 0, 0, 0, 0, 0, 0xf0, 0x3f}))
	if err != nil {
		t.Fatal(err)
	}
	if v, err := vector[float64](x); err != nil || v[0] != 1+0x1p-52 {
		t.Errorf("%v %v", v, err)
	}
	x.Origin.File, x.Data = "a.bin", short{bytes.NewReader(make([]byte, 8))}
	if _, err := vector[float64](x); err == nil || !strings.HasPrefix(err.Error(), `a.bin: tensor "x": read 7 of 8 bytes`) {
		t.Errorf("error %v", err)
	}
}
