package verify

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"olmotool/formats"
	"olmotool/internal/atomicfile"
)

func record(t *testing.T, model, path string, force bool, o Options) error {
	t.Helper()
	_, err := Logits(context.Background(), open(t, model), path, force, o)
	return err
}

// What is recorded is what is computed, in any number of threads.
func TestRecordAndVerify(t *testing.T) {
	for _, c := range []struct {
		model string
		o     Options
		seqs  [][]int32
		dtype formats.DType
	}{
		{"olmo2-gqa", Options{}, nil, formats.F32},
		{"olmo3", Options{Arithmetic: "f64"}, [][]int32{{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}}, formats.F64},
		{"olmo1-tied", Options{Arithmetic: "bf16"}, [][]int32{{5, 6, 7}, {8, 9, 10}}, formats.F32},
	} {
		var first []byte
		path := filepath.Join(t.TempDir(), "g.safetensors")
		for _, threads := range []int{1, 2, 3} {
			o := c.o
			o.Threads, o.Tokens.Seqs = threads, c.seqs
			if err := record(t, models+c.model, path, threads > 1, o); err != nil {
				t.Fatal(err)
			}
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if first == nil {
				first = b
			}
			if !bytes.Equal(first, b) {
				t.Errorf("%s: other bytes with %d threads", c.model, threads)
			}
		}
		g, err := OpenGolden(path)
		if err != nil {
			t.Fatal(err)
		}
		defer g.Close()
		if g.DType != c.dtype || g.Vocab != 576 || c.seqs != nil && !reflect.DeepEqual(g.Batch.Seqs, c.seqs) || g.Metadata["arithmetic"] == "" {
			t.Errorf("%s: found %+v", c.model, g)
		}
		o := c.o
		r, err := Golden(context.Background(), open(t, models+c.model), g, o)
		if err != nil || !r.Accepted || r.Forward.Metrics.MaxAbs != 0 {
			t.Errorf("%s: found %s, %v", c.model, toJSON(t, r), err)
		}
	}
}

func TestRecordRefused(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "g.safetensors")
	if err := os.WriteFile(path, []byte("old"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := record(t, models+"olmo3", path, false, Options{}); !errors.Is(err, atomicfile.ErrExists) || !errors.As(err, new(*OutputError)) {
		t.Errorf("found %v", err)
	}
	copied := save(t, modelAt(t, models+"olmo3"), planOptions)
	if err := record(t, copied, copied+"/model.safetensors", true, Options{}); err == nil {
		t.Error("the model was replaced by its logits")
	}
	uneven := Options{}
	uneven.Tokens.Seqs, uneven.Tokens.From = [][]int32{{1, 2}, {3}}, "a.txt"
	err := record(t, models+"olmo3", path, true, uneven)
	if err == nil || !strings.Contains(err.Error(), "a.txt: sequence 1: found 1 tokens, expected 2 as in the first") {
		t.Errorf("found %v", err)
	}
	bad := Options{}
	bad.Tokens.Seqs = [][]int32{{600}}
	if err := record(t, models+"olmo3", path, true, bad); !errors.As(err, new(*formats.Error)) {
		t.Errorf("found %v", err)
	}
	if err := record(t, copied+"/model.safetensors", path, true, Options{}); err != nil {
		t.Errorf("a file of a model: %v", err)
	}
	bare := filepath.Join(dir, "bare.safetensors")
	writeSafetensors(t, bare, []formats.Tensor{f32Tensor(t, "x", []int64{1}, 1)}, nil)
	if err := record(t, bare, path, true, Options{}); err == nil || !strings.Contains(err.Error(), "found no config") {
		t.Errorf("found %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	before, _ := os.ReadFile(path)
	if _, err := Logits(ctx, open(t, models+"olmo3"), path, true, Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("found %v", err)
	}
	if after, _ := os.ReadFile(path); !bytes.Equal(before, after) {
		t.Error("a stopped run changed the file")
	}
	if left, err := filepath.Glob(dir + "/.*"); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestBlocks(t *testing.T) {
	for _, c := range []struct {
		n         int
		row, most int64
		want      int
	}{
		{512, 401408, 256 << 20, 512}, {700, 401408, 256 << 20, 350}, {5, 100, 10, 1}, {7, 10, 35, 3},
	} {
		if got := blocks(c.n, c.row, c.most); got != c.want {
			t.Errorf("blocks(%d, %d, %d) = %d, want %d", c.n, c.row, c.most, got, c.want)
		}
	}
}

// The tokens of a seed, and so the bytes of what is recorded, are those of the
// model, whatever its layout.
func TestRecordLayouts(t *testing.T) {
	dir := t.TempDir()
	of := func(model string) []byte {
		path := filepath.Join(dir, "g.safetensors")
		m := open(t, model)
		var o Options
		var err error
		if o.Tokens, err = RandomTokens(m.Config.VocabSize, 5, 1, 16); err != nil {
			t.Fatal(err)
		}
		if err := record(t, model, path, true, o); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	want := of(models + "olmo2-mha")
	for _, layout := range []string{"hf-bin", "olmo", "olmo-core-unsharded", "olmo-core-unsharded-safetensors"} {
		if !bytes.Equal(of(layouts+layout), want) {
			t.Errorf("%s: other bytes", layout)
		}
	}
	gguf := layouts + "olmo2-mha-bf16.gguf" // of other weights, and so beside its own in another layout
	if hf := save(t, modelAt(t, gguf), planOptions); !bytes.Equal(of(hf), of(gguf)) {
		t.Error("gguf: other bytes")
	}
}
