package faults

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"olmotool/formats"
	"olmotool/formats/olmo"
	"olmotool/verify/forward"
	"olmotool/verify/weights"
)

const testdata = "../../testdata/"

func open(t testing.TB, path string) *olmo.Model {
	t.Helper()
	s, err := olmo.Open(path, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	m, err := s.Model()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// models are a model of each kind, and one of each type of GGUF.
var models = []string{
	testdata + "models/olmo1", testdata + "models/olmo1-tied", testdata + "models/olmo2-gqa", testdata + "models/olmo2-mha",
	testdata + "models/olmo3", testdata + "layouts/olmo2-mha/olmo2-mha-bf16.gguf", testdata + "layouts/olmo2-mha/olmo2-mha-q8_0.gguf",
	"random:tiny,dtype=f16",
}

// TestFound: a comparison of weights finds every fault, in the tensors that it is
// in and nowhere else, and calls it by its name.
func TestFound(t *testing.T) {
	for _, path := range models {
		m := open(t, path)
		for _, f := range List(m.Config) {
			bad, err := f.Apply(m)
			if err != nil {
				t.Errorf("%s: %v", path, err)
				continue
			}
			r, err := weights.Compare(context.Background(), m, bad, weights.Options{Threads: 2})
			if err != nil {
				t.Errorf("%s: %s: %v", path, f.Name, err)
				continue
			}
			var names []string
			for _, x := range r.Failures {
				names = append(names, x.Name)
				if !strings.Contains(x.Diagnosis, f.Diagnosis) {
					t.Errorf("%s: %s: %s: %q, want %q in it", path, f.Name, x.Name, x.Diagnosis, f.Diagnosis)
				}
			}
			want := slices.Sorted(slices.Values(f.Tensors))
			if slices.Sort(names); !slices.Equal(names, want) || r.Equal {
				t.Errorf("%s: %s: found in %v, want %v", path, f.Name, names, want)
			}
			if !f.Weights && !strings.Contains(strings.Join(r.Config, "\n"), f.Diagnosis) {
				t.Errorf("%s: %s: %q, want %q", path, f.Name, r.Config, f.Diagnosis)
			}
		}
	}
}

// TestList: what applies to which model.
func TestList(t *testing.T) {
	const every = "transposed-q_proj swapped-gate-up"
	for _, c := range []struct{ model, want string }{
		{"olmo1", every + " swapped-q-k duplicated-layer interleaved-qk gguf-permutation reversed-kv-heads duplicated-row scaled-row flipped-bit rope-theta"},
		{"olmo2-gqa", every + " swapped-norms duplicated-layer interleaved-qk gguf-permutation reversed-kv-heads duplicated-row rolled-norm scaled-row flipped-bit rope-theta norm-eps"},
		{"olmo3", every + " swapped-q-k swapped-norms duplicated-layer interleaved-qk gguf-permutation reversed-kv-heads duplicated-row rolled-norm scaled-row flipped-bit rope-theta norm-eps sliding-window scaled-sliding-rope"},
	} {
		m := open(t, testdata+"models/"+c.model)
		sites := map[string]bool{}
		for _, s := range []forward.Site{forward.QProj, forward.KProj, forward.VProj, forward.QNorm, forward.QRope, forward.Attn, forward.AttnNorm, forward.GateProj, forward.UpProj, forward.DownProj, forward.FFNorm} {
			sites[string(s)] = true
		}
		var names []string
		for _, f := range List(m.Config) {
			names = append(names, f.Name)
			if !sites[f.Site] || f.Layer < 0 || f.Layer >= int(m.Config.NumHiddenLayers) || f.Doc == "" || f.Weights != (len(f.Tensors) > 0) {
				t.Errorf("%s: %+v", c.model, f)
			}
			for _, name := range f.Tensors {
				if !slices.ContainsFunc(m.Tensors, func(x formats.Tensor) bool { return x.Name == name }) {
					t.Errorf("%s: %s: no tensor %s", c.model, f.Name, name)
				}
			}
		}
		if got := strings.Join(names, " "); got != c.want {
			t.Errorf("%s: %s, want %s", c.model, got, c.want)
		}
	}
	// Where layers differ, the layer is one that the fault is in.
	layers := map[string]int{"rope-theta": 3, "sliding-window": 0, "scaled-sliding-rope": 0, "norm-eps": 0, "gguf-permutation": 0, "flipped-bit": 2}
	for _, f := range List(open(t, testdata+"models/olmo3").Config) {
		if want, ok := layers[f.Name]; ok && f.Layer != want {
			t.Errorf("%s is in layer %d, want %d", f.Name, f.Layer, want)
		}
	}
	// A model of one layer has no layer before it, and heads of two values one
	// order.
	one := *open(t, testdata+"models/olmo2-gqa").Config
	one.NumHiddenLayers, one.HeadDim, one.NumKeyValueHeads = 1, 2, 1
	for _, f := range List(&one) {
		if slices.Contains([]string{"duplicated-layer", "interleaved-qk", "gguf-permutation", "reversed-kv-heads", "transposed-q_proj"}, f.Name) {
			t.Errorf("%s applies", f.Name)
		}
	}
}

// counted is data that counts what is read.
type counted struct {
	formats.Data
	n *atomic.Int64
}

func (c counted) ReadAt(p []byte, off int64) (int, error) {
	c.n.Add(int64(len(p)))
	return c.Data.ReadAt(p, off)
}

// TestViews: a fault reads next to nothing when it is made, and leaves the model
// as it was.
func TestViews(t *testing.T) {
	m := open(t, testdata+"models/olmo3")
	var n atomic.Int64
	c := *m
	c.Tensors = slices.Clone(m.Tensors)
	for i := range c.Tensors {
		c.Tensors[i].Data = counted{c.Tensors[i].Data, &n}
	}
	before, config := slices.Clone(c.Tensors), *c.Config
	for _, f := range List(m.Config) {
		n.Store(0)
		bad, err := f.Apply(&c)
		if err != nil {
			t.Fatal(err)
		}
		if n.Load() > 512 {
			t.Errorf("%s: %d bytes were read", f.Name, n.Load())
		}
		if !slices.EqualFunc(before, c.Tensors, func(a, b formats.Tensor) bool { return a.Data == b.Data && a.Name == b.Name }) {
			t.Errorf("%s changed the model", f.Name)
		}
		if d := config.Diff(c.Config); len(d) > 0 || bad.Config == c.Config {
			t.Errorf("%s changed the config: %q", f.Name, d)
		}
		for i, x := range bad.Tensors {
			if x.Name != c.Tensors[i].Name {
				t.Errorf("%s: tensor %d is %s, want %s", f.Name, i, x.Name, c.Tensors[i].Name)
			}
		}
	}
}

// TestApplyErrors: what a fault cannot be made in.
func TestApplyErrors(t *testing.T) {
	m := open(t, testdata+"models/olmo2-gqa")
	for _, f := range List(m.Config) {
		if _, err := f.Apply(&olmo.Model{Tensors: m.Tensors}); err == nil || !strings.Contains(err.Error(), "expected a model") {
			t.Errorf("%s: %v", f.Name, err)
		}
		_, err := f.Apply(&olmo.Model{Config: m.Config})
		if f.Weights && (err == nil || !strings.HasPrefix(err.Error(), "fault "+f.Name+": found no tensor ")) {
			t.Errorf("%s: %v", f.Name, err)
		}
		c := *m
		c.Tensors = slices.Clone(m.Tensors)
		for i := range c.Tensors {
			c.Tensors[i].DType = formats.Q4_K
		}
		_, err = f.Apply(&c)
		if values := slices.Contains([]string{"transposed-q_proj", "scaled-row", "flipped-bit"}, f.Name); values && err == nil {
			t.Errorf("%s: applied to blocks that cannot be decoded", f.Name)
		}
	}
}

// TestFlip: the bit that is flipped multiplies by a power of two, and makes no
// infinity.
func TestFlip(t *testing.T) {
	for _, c := range []struct {
		d    formats.DType
		bits []byte
		want []byte
	}{
		{formats.BF16, []byte{0x80, 0x3f}, []byte{0x00, 0x3f}}, // 1 → 0.5: the one bit that is not set would make an infinity
		{formats.BF16, []byte{0x00, 0x3f}, []byte{0x80, 0x3f}}, // 0.5 → 1
		{formats.BF16, []byte{0x00, 0xbe}, []byte{0x80, 0xbe}}, // -0.125 → -0.25
		{formats.F16, []byte{0x01, 0x7b}, []byte{0x01, 0x73}},  // the largest exponent: that one, too
		{formats.BF16, []byte{0x81, 0x7f}, []byte{0x01, 0x7f}}, // a NaN
		{formats.F32, []byte{1, 2, 0x03, 0x40}, []byte{1, 2, 0x83, 0x40}},
	} {
		w := int(c.d.BlockBytes())
		zeros := make([]byte, 3*w) // are passed over
		x, err := formats.NewTensor("x", c.d, []int64{5}, bytes.NewReader(slices.Concat(zeros, c.bits, zeros[:w])))
		if err != nil {
			t.Fatal(err)
		}
		y, err := flip(x, 1)
		if err != nil {
			t.Fatal(err)
		}
		got := make([]byte, 5*w)
		if err := formats.ReadFull(y.Data, got, 0); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, slices.Concat(zeros, c.want, zeros[:w])) {
			t.Errorf("%s %x: %x, want %x", c.d, c.bits, got, c.want)
		}
	}
}
