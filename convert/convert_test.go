package convert

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"olmotool/formats"
	"olmotool/formats/digest"
	"olmotool/formats/olmo"
)

const (
	models  = "../testdata/models"
	layouts = "../testdata/layouts/olmo2-mha"
)

// converted converts to a name in a fresh directory.
func converted(t *testing.T, src, dst string, o Options) *Result {
	t.Helper()
	o.Src, o.Dst = src, filepath.Join(t.TempDir(), dst)
	r, err := Run(t.Context(), o)
	if err != nil {
		t.Fatalf("%s to %s: %v", src, dst, err)
	}
	return r
}

// digestOf computes the digest of what lies at path.
func digestOf(t *testing.T, path string) string {
	t.Helper()
	src, err := olmo.Open(path, "")
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	m, err := src.Model()
	if err != nil {
		t.Fatal(err)
	}
	r, err := digest.Of(t.Context(), m.Tensors, digest.Options{Threads: 2, Tied: olmo.Tied()})
	if err != nil {
		t.Fatal(err)
	}
	return r.Model
}

// empty fails the test unless the directory has nothing but these names.
func empty(t *testing.T, dir string, names ...string) {
	t.Helper()
	es, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, e := range es {
		found = append(found, e.Name())
	}
	if strings.Join(found, " ") != strings.Join(names, " ") {
		t.Errorf("%s: found %q, want %q", dir, found, names)
	}
}

// The digest that a conversion prints, made while writing, is the one of what
// was written; and if no type changes, that of the source.
func TestDigest(t *testing.T) {
	for _, model := range []string{"olmo2-mha", "olmo2-gqa", "olmo3", "olmo1", "olmo1-tied"} {
		src := filepath.Join(models, model)
		want := digestOf(t, src)
		for _, c := range []struct {
			dst string
			o   Options
		}{
			{"hf", Options{MaxShard: 50_000}},
			{"bin", Options{To: "hf-bin"}},
			{"legacy", Options{To: "olmo"}},
			{"core", Options{To: "olmo-core-unsharded", Container: "safetensors"}},
			{"core-pt", Options{To: "olmo-core-unsharded"}},
			{"x.safetensors", Options{}},
			{"x.pt", Options{}},
			{"x.gguf", Options{PreTokenizer: "dbrx"}},
			{"split.gguf", Options{PreTokenizer: "dbrx", SplitMaxTensors: 6}},
			{"q8_0.gguf", Options{PreTokenizer: "dbrx", DType: "q8_0"}},
		} {
			if model != "olmo2-mha" && model != "olmo1" && c.dst != "hf" && c.dst != "x.gguf" {
				continue // two models show all layouts
			}
			dtypes := []string{"keep"}
			if c.o.DType != "" {
				dtypes[0] = c.o.DType
			} else if model == "olmo2-mha" && !strings.Contains(c.dst, "core") || model == "olmo1" && c.o.SplitMaxTensors > 0 {
				dtypes = append(dtypes, "f32", "f16", "bf16")
			}
			for _, dtype := range dtypes {
				o := c.o
				o.DType, o.Verify, o.Threads = dtype, true, 2
				r := converted(t, src, c.dst, o)
				if got := digestOf(t, r.Output[0].Path); r.Digest != got {
					t.Errorf("%s to %s as %s: printed %s, written %s", model, c.dst, o.DType, r.Digest, got)
				}
				if o.DType == "keep" && r.Digest != want {
					t.Errorf("%s to %s: digest %s, of the source %s", model, c.dst, r.Digest, want)
				}
				if !r.Verified {
					t.Errorf("%s to %s: not verified", model, c.dst)
				}
			}
		}
	}
}

// Neither the number of threads nor hashing changes a byte.
func TestThreads(t *testing.T) {
	for _, o := range []Options{
		{DType: "q8_0", To: "gguf", PreTokenizer: "dbrx"}, {DType: "f16", To: "olmo"}, {To: "hf", MaxShard: 60_000}, {To: "torch"},
	} {
		var first []byte
		for _, threads := range []int{1, 2, 3, 8} {
			o.Threads, o.NoHash = threads, threads == 3
			r := converted(t, filepath.Join(models, "olmo2-gqa"), "x", o)
			var all []byte
			for _, f := range r.Output {
				b, err := os.ReadFile(f.Path)
				if err != nil {
					t.Fatal(err)
				}
				all = append(all, b...)
			}
			if first == nil {
				first = all
			}
			if string(all) != string(first) {
				t.Errorf("%s: %d threads give other bytes", o.To, threads)
			}
		}
	}
}

// safetensor writes a file of one F32 tensor.
func safetensor(t *testing.T, values ...uint32) string {
	t.Helper()
	header := fmt.Sprintf(`{"w":{"dtype":"F32","shape":[%d],"data_offsets":[0,%d]}}`, len(values), 4*len(values))
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	b = append(b, header...)
	for _, v := range values {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	path := filepath.Join(t.TempDir(), "w.safetensors")
	if err := os.WriteFile(path, b, 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// What does not survive a cast is counted, once.
func TestCasts(t *testing.T) {
	bits := math.Float32bits
	src := safetensor(t,
		bits(1), bits(0), 0x80000000, bits(float32(math.Inf(1))), bits(float32(math.Inf(-1))), // all survive
		0x7fc00000, 0x7f800001, 0xffc12345, // NaN, one of them signalling
		bits(70000), bits(-1e30), bits(65520), // too large for f16
		bits(math.MaxFloat32), bits(-math.MaxFloat32), // and for bf16
		bits(1e-9), bits(-1e-30), // too small for f16
		1, 0x80000001, // and for bf16
	)
	for _, c := range []struct {
		dtype string
		want  Casts
	}{
		{"keep", Casts{}},
		{"f32", Casts{}},
		{"f16", Casts{Overflow: 5, Underflow: 4, NaN: 3}},
		{"bf16", Casts{Overflow: 2, Underflow: 2, NaN: 3}},
	} {
		for _, noHash := range []bool{false, true} {
			r := converted(t, src, "x.safetensors", Options{DType: c.dtype, Verify: true, NoHash: noHash})
			if r.Casts != c.want {
				t.Errorf("%s: found %+v, want %+v", c.dtype, r.Casts, c.want)
			}
		}
	}
	// Without a cast every bit survives.
	kept := converted(t, src, "w.safetensors", Options{})
	a, err := os.ReadFile(src)
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(kept.Output[0].Path)
	if err != nil {
		t.Fatal(err)
	}
	if n := 4 * 17; string(a[len(a)-n:]) != string(b[len(b)-n:]) {
		t.Error("bytes changed")
	}
}

func TestCancelled(t *testing.T) {
	for _, stage := range []string{"", "writing", "verifying"} {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		if stage == "" {
			cancel()
		}
		dir := t.TempDir()
		_, err := Run(ctx, Options{
			Src: "random:tiny", Dst: filepath.Join(dir, "x"), Verify: true,
			Progress: func(s string, _ int64) func(int64) {
				return func(int64) {
					if s == stage {
						cancel()
					}
				}
			},
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled while %q: found %v", stage, err)
		}
		empty(t, dir)
	}
}

// Progress is told of as many bytes as it was promised.
func TestProgress(t *testing.T) {
	promised, done := map[string]int64{}, map[string]int64{}
	converted(t, "random:tiny", "x", Options{
		Verify: true, Threads: 1,
		Progress: func(s string, total int64) func(int64) {
			promised[s] = total
			return func(n int64) { done[s] += n }
		},
	})
	for _, s := range []string{"writing", "verifying"} {
		if promised[s] == 0 || promised[s] != done[s] {
			t.Errorf("%s: %d of %d bytes", s, done[s], promised[s])
		}
	}
}

// A source that is cut short while it is read is an error of the source.
func TestShrinks(t *testing.T) {
	const size = 64 << 20
	header := fmt.Sprintf(`{"w":{"dtype":"U8","shape":[%d],"data_offsets":[0,%d]}}`, size, size)
	src := filepath.Join(t.TempDir(), "w.safetensors")
	b := append(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), header...)
	if err := os.WriteFile(src, b, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(src, int64(len(b)+size)); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	_, err := Run(t.Context(), Options{
		Src: src, Dst: filepath.Join(dir, "x.pt"), Threads: 1,
		Progress: func(string, int64) func(int64) {
			return func(int64) {
				if err := os.Truncate(src, 1<<20); err != nil {
					t.Error(err)
				}
			}
		},
	})
	var fe *formats.Error
	if !errors.As(err, &fe) || fe.File != src || !strings.Contains(fe.Place, `"w"`) {
		t.Errorf("found %v", err)
	}
	empty(t, dir)
}

// The type of an error says whose fault it is.
func TestErrors(t *testing.T) {
	for _, c := range []struct {
		o    Options
		as   any
		want string
	}{
		{Options{Src: "random:tiny", Dst: ""}, new(*UsageError), "empty name"},
		{Options{Src: "random:tiny", Dst: "x", To: "nope"}, new(*UsageError), `--to: found "nope"`},
		{Options{Src: "random:tiny", Dst: "x", From: "nope"}, new(*UsageError), `--from: found "nope"`},
		{Options{Src: "random:tiny", Dst: "none/x"}, new(*UsageError), "none: the directory to write in"},
		{Options{Src: "random:tiny", Dst: "x.gguf"}, new(*formats.Error), "random:tiny: found no tokenizer.json beside the weights"},
		{Options{Src: layouts + "/olmo2-mha-q8_0.gguf", Dst: "x", To: "hf"}, new(*formats.Error), "Q8_0"},
		{Options{Src: layouts + "/olmo2-mha-bf16.gguf", Dst: "x.gguf", DType: "f16"}, new(*formats.Error), "--dtype keep"},
	} {
		_, err := Run(t.Context(), c.o)
		if err == nil || !errors.As(err, c.as) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: found %v, want %T with %s", c.o, err, c.as, c.want)
		}
	}
}
