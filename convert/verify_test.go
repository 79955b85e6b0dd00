package convert

import (
	"errors"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"olmotool/formats"
)

// planned returns a conversion that is ready to be written.
func planned(t *testing.T, src string, o Options) *conversion {
	t.Helper()
	o.Src, o.Dst, o.Verify, o.Threads = src, filepath.Join(t.TempDir(), "x"), true, 2
	dtype, err := o.settle()
	if err != nil {
		t.Fatal(err)
	}
	in, err := Open(t.Context(), src, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close() })
	c := &conversion{Options: o, model: in.Model, inputs: []*Input{in}}
	if err := c.prepare(dtype); err != nil {
		t.Fatal(err)
	}
	return c
}

// flipped is data with the last bit changed.
type flipped struct{ formats.Data }

func (f flipped) ReadAt(p []byte, off int64) (int, error) {
	n, err := f.Data.ReadAt(p, off)
	if off+int64(n) == f.Size() {
		p[n-1] ^= 1
	}
	return n, err
}

// fickle is data that is not the same the second time.
type fickle struct {
	formats.Data
	reads atomic.Int64
}

func (f *fickle) ReadAt(p []byte, off int64) (int, error) {
	n, err := f.Data.ReadAt(p, off)
	if f.reads.Add(1) > 1 {
		p[0] ^= 1
	}
	return n, err
}

// segment returns the first segment that holds a matrix.
func (c *conversion) segment(t *testing.T) *formats.Segment {
	t.Helper()
	for _, f := range c.plan.Files {
		for i := range f.Segments {
			if s := &f.Segments[i]; s.Tensor != nil && len(s.Tensor.Shape) == 2 {
				return s
			}
		}
	}
	t.Fatal("no segment with a tensor")
	return nil
}

// A wrong byte in the output, whatever it came from, is found before the output
// is put in place.
func TestVerify(t *testing.T) {
	for _, o := range []Options{
		{To: "hf"},
		{To: "hf", NoHash: true},
		{To: "olmo", DType: "bf16"},
		{To: "gguf", DType: "q8_0", PreTokenizer: "dbrx"},
		{To: "torch", Provenance: true},
		{To: "gguf", PreTokenizer: "dbrx", SplitMaxTensors: 4},
	} {
		for _, fault := range []struct {
			name string
			make func(s *formats.Segment)
			want string
		}{
			{"a bit of what is written", func(s *formats.Segment) { s.Data = flipped{s.Data.(formats.Data)} }, "expected 0x"},
			{"a source that changes", func(s *formats.Segment) {
				f := &fickle{Data: s.Data.(formats.Data)}
				f.reads.Store(1)
				s.Data = f
			}, "byte 0: found 0x"},
			{"another tensor's bytes", func(s *formats.Segment) { s.Data = zeros{s.Data.(formats.Data)} }, "found 0x00"},
		} {
			c := planned(t, filepath.Join(models, "olmo2-mha"), o)
			s := c.segment(t)
			fault.make(s)
			err := c.write(t.Context())
			var ve *VerifyError
			if !errors.As(err, &ve) || !strings.Contains(err.Error(), fault.want) || !strings.Contains(err.Error(), s.Tensor.Name) || !strings.HasPrefix(err.Error(), c.Dst+": read back: ") {
				t.Errorf("%s to %s: found %v, want a VerifyError with %q", fault.name, o.To, err, fault.want)
			}
			empty(t, filepath.Dir(c.Dst))
		}
	}
}

// zeros is data that is nothing.
type zeros struct{ formats.Data }

func (z zeros) ReadAt(p []byte, off int64) (int, error) {
	n, err := z.Data.ReadAt(p, off)
	clear(p[:n])
	return n, err
}

// A source whose second reading differs from the first is found, too.
func TestVerifySource(t *testing.T) {
	c := planned(t, filepath.Join(models, "olmo2-mha"), Options{To: "hf", NoHash: true})
	s := c.segment(t)
	for i := range c.plan.Tensors {
		if x := &c.plan.Tensors[i]; x.Name == s.Tensor.Name {
			f := &fickle{Data: x.Data}
			x.Data, s.Data = f, f
		}
	}
	var ve *VerifyError
	if err := c.write(t.Context()); !errors.As(err, &ve) {
		t.Errorf("found %v, want a VerifyError", err)
	}
	empty(t, filepath.Dir(c.Dst))
}

// What verify compares beside bytes.
func TestVerifyShape(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(c *conversion)
		want   string
	}{
		{"tensors", func(c *conversion) { c.plan.Tensors = c.plan.Tensors[1:] }, "found 25 tensors, expected 24"},
		{"name", func(c *conversion) { c.plan.Tensors[3].Name = "other" }, `tensor "other": found none, expected one`},
		{"type", func(c *conversion) { c.plan.Tensors[0].DType = formats.F16 }, "found F32 [576 32], expected F16 [576 32]"},
		{"shape", func(c *conversion) { c.plan.Tensors[0].Shape = []int64{32, 576} }, "found F32 [576 32], expected F32 [32 576]"},
		{"config", func(c *conversion) { c.model.Config.RMSNormEps = 1 }, "config: rms_norm_eps: "},
	} {
		x := planned(t, filepath.Join(models, "olmo2-mha"), Options{To: "hf", NoHash: true})
		c.change(x)
		err := x.write(t.Context())
		var ve *VerifyError
		if !errors.As(err, &ve) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: found %v, want %q", c.name, err, c.want)
		}
	}
}
