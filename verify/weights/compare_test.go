package weights

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"olmotool/formats"
	"olmotool/formats/olmo"
)

const testdata = "../../testdata/"

const mha = testdata + "models/olmo2-mha"

// open opens a model; it is closed with the test.
func open(t testing.TB, path string) *olmo.Model {
	t.Helper()
	s, err := olmo.Open(path, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	m, _, err := s.Loose()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func compare(t testing.TB, ref, cand *olmo.Model) *Report {
	t.Helper()
	r, err := Compare(context.Background(), ref, cand, Options{Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := json.Marshal(r); err != nil {
		t.Fatal(err)
	}
	return r
}

// with returns a model with some tensors changed.
func with(t testing.TB, m *olmo.Model, f func(x formats.Tensor) formats.Tensor, names ...string) *olmo.Model {
	t.Helper()
	c := *m
	c.Tensors = slices.Clone(m.Tensors)
	for _, n := range names {
		i := slices.IndexFunc(c.Tensors, func(x formats.Tensor) bool { return x.Name == n })
		if i < 0 {
			t.Fatalf("no tensor %s", n)
		}
		c.Tensors[i] = f(c.Tensors[i])
	}
	return &c
}

// without returns a model that lacks a tensor.
func without(m *olmo.Model, name string) *olmo.Model {
	c := *m
	c.Tensors = slices.DeleteFunc(slices.Clone(m.Tensors), func(x formats.Tensor) bool { return x.Name == name })
	return &c
}

// TestLayouts: one model in the layouts that the trainers, transformers and
// llama.cpp wrote is one model.
func TestLayouts(t *testing.T) {
	const layouts = testdata + "layouts/olmo2-mha/"
	for _, c := range []struct {
		path                       string
		identical, cast, quantised int
		notes                      string
	}{
		{mha, 25, 0, 0, ""},
		{mha + "/model.safetensors", 25, 0, 0, ""},
		{layouts + "hf-bin", 25, 0, 0, ""},
		{layouts + "olmo", 25, 0, 0, "tokenizers are not compared: CAND has none"},
		{layouts + "olmo-core-unsharded", 25, 0, 0, "tokenizers are not compared: CAND has none"},
		{layouts + "olmo-core-unsharded-safetensors", 25, 0, 0, "tokenizers are not compared: CAND has none"},
		{layouts + "olmo2-mha-bf16.gguf", 9, 16, 0, ""},
		{layouts + "olmo2-mha-q8_0.gguf", 9, 0, 16, ""},
	} {
		r := compare(t, open(t, mha), open(t, c.path))
		if !r.Equal || r.Tensors != 25 || r.Identical != c.identical || r.Cast != c.cast || r.Quantised != c.quantised {
			t.Errorf("%s: %+v", c.path, r)
		}
		if got := strings.Join(r.Notes, "; "); got != c.notes {
			t.Errorf("%s: notes %q, want %q", c.path, got, c.notes)
		}
	}
}

// TestReshuffled: in how many files a model is, and in what order, is nothing to
// it.
func TestReshuffled(t *testing.T) {
	m := open(t, testdata+"models/olmo2-gqa")
	for _, shard := range []int64{0, 20_000, 1} {
		p, err := m.Plan("hf", olmo.PlanOptions{MaxShard: shard})
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		for _, f := range p.Files {
			var b bytes.Buffer
			if _, err := f.WriteTo(&b); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, f.Name), b.Bytes(), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		if r := compare(t, m, open(t, dir)); !r.Equal || r.Identical != 25 {
			t.Errorf("shards of %d: %+v", shard, r)
		}
	}
	c := *m
	c.Tensors = slices.Clone(m.Tensors)
	slices.Reverse(c.Tensors)
	if r := compare(t, m, &c); !r.Equal || r.Identical != 25 {
		t.Errorf("reversed: %+v", r)
	}
}

// TestSets: tensors that are missing, in excess, renamed.
func TestSets(t *testing.T) {
	m := open(t, mha)
	const norm = "model.norm.weight"
	r := compare(t, m, without(m, norm))
	if r.Equal || !slices.Equal(r.Missing, []string{norm}) || r.Summary[0] != `CAND lacks 1 tensor: "model.norm.weight"` {
		t.Errorf("missing: %+v", r)
	}
	r = compare(t, without(m, norm), m)
	if r.Equal || !slices.Equal(r.Extra, []string{norm}) || r.Summary[0] != `CAND has 1 tensor too many: "model.norm.weight"` {
		t.Errorf("extra: %+v", r)
	}
	r = compare(t, m, with(t, m, func(x formats.Tensor) formats.Tensor { return x.WithName("final\n") }, norm))
	if r.Equal || len(r.Summary) != 3 || r.Summary[2] != `CAND has REF's "model.norm.weight" under the name "final\n"` {
		t.Errorf("renamed: %q", r.Summary)
	}
	if r = compare(t, m, &olmo.Model{Config: m.Config, Source: m.Source}); r.Equal || len(r.Missing) != 25 || !strings.HasSuffix(r.Summary[0], "… (25 in all)") {
		t.Errorf("nothing there: %+v", r)
	}
}

// TestConfig: what changes the function is a difference; a side without a config
// is none.
func TestConfig(t *testing.T) {
	m := open(t, mha)
	c := *m.Config
	c.Rope.Theta = 10000
	c.EOSTokenID, c.PadTokenID = []int64{7}, nil
	r := compare(t, m, &olmo.Model{Config: &c, Tensors: m.Tensors, Source: m.Source})
	if r.Equal || !slices.Equal(r.Config, []string{"rope: theta: 500000 and 10000"}) || !slices.Equal(r.Tokenizer, []string{"eos_token_id: 513 and 7"}) || !slices.Equal(r.Notes, []string{"pad_token_id: 533 and none"}) {
		t.Errorf("%q, %q, %q", r.Config, r.Tokenizer, r.Notes)
	}
	bare := &olmo.Model{Tensors: m.Tensors}
	if r := compare(t, m, bare); !r.Equal || !slices.Equal(r.Notes, []string{"configs are not compared: CAND is a bare list of tensors"}) {
		t.Errorf("bare: %+v", r)
	}
	if r := compare(t, bare, m); !r.Equal || !slices.Equal(r.Notes, []string{"configs are not compared: REF is a bare list of tensors"}) {
		t.Errorf("bare: %+v", r)
	}
}

// TestThreads: the report is the same for any number of threads.
func TestThreads(t *testing.T) {
	x, y := noise(t, 1, formats.BF16, 600, 1024), noise(t, 2, formats.BF16, 600, 1024)
	var want []byte
	for _, threads := range []int{1, 2, 7} {
		r, err := Compare(context.Background(), &olmo.Model{Tensors: []formats.Tensor{x}}, &olmo.Model{Tensors: []formats.Tensor{y}}, Options{Threads: threads})
		if err != nil {
			t.Fatal(err)
		}
		got, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		if want == nil {
			want = got
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%d threads: %s, want %s", threads, got, want)
		}
	}
}

// TestErrors: what cannot be read is an error that says whose.
func TestErrors(t *testing.T) {
	x := noise(t, 1, formats.F32, 40)
	cut := x
	cut.Data = shortData{reader(make([]byte, 100)), 160}
	for _, c := range []struct {
		ref, cand formats.Tensor
		want      string
	}{{x, cut, `tensor "x" of CAND: read 100 of 160`}, {cut, x, `tensor "x" of REF: read 100 of 160`}} {
		_, err := Compare(context.Background(), &olmo.Model{Tensors: []formats.Tensor{c.ref}}, &olmo.Model{Tensors: []formats.Tensor{c.cand}}, Options{})
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("found %v, want %s", err, c.want)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	m := &olmo.Model{Tensors: []formats.Tensor{x}}
	if _, err := Compare(ctx, m, m, Options{}); err == nil {
		t.Error("a comparison that was cancelled has a result")
	}
}

// shortData is data that is not all there.
type shortData struct {
	formats.Data
	size int64
}

func (s shortData) Size() int64 { return s.size }
