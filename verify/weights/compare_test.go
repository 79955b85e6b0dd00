package weights

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
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

// TestCasts: every pair of types that one of them can be cast into.
func TestCasts(t *testing.T) {
	base := noise(t, 3, formats.F64, 8, 64)
	types := []formats.DType{formats.F64, formats.F32, formats.F16, formats.BF16, formats.Q8_0}
	for _, from := range types {
		ref, err := formats.Cast(base, from, nil)
		if err != nil {
			t.Fatal(err)
		}
		ref = stored(t, ref)
		for _, to := range types {
			cand, err := formats.Cast(ref, to, nil)
			if err != nil {
				t.Fatal(err)
			}
			cand = stored(t, cand)
			r := one(t, nil, ref, cand, "x")
			ok := r.Identical == 1
			switch {
			case from == to:
			case to == formats.Q8_0:
				ok = r.Quantised == 1
			default:
				ok = r.Cast == 1
			}
			if !r.Equal || !ok {
				t.Errorf("%s as %s: %+v", from, to, r)
			}
			// One bit in the middle.
			bad := cand
			at := int(cand.Bytes()/2) + 1
			b := []byte{0}
			if err := formats.ReadFull(cand.Data, b, int64(at)); err != nil {
				t.Fatal(err)
			}
			bad.Data = patched(t, cand, at, []byte{b[0] ^ 1})
			r = one(t, nil, ref, bad, "x")
			if r.Equal || len(r.Failures) != 1 {
				t.Errorf("%s as %s with one bit flipped passes", from, to)
			}
		}
	}
}

// TestNaNInCasts: in a cast the bits of a NaN are free, in a copy they are not.
func TestNaNInCasts(t *testing.T) {
	wide := tensor(t, formats.F32, []int64{4}, []float64{1, math.NaN(), 3, math.Inf(1)})
	half := tensor(t, formats.BF16, []int64{4}, []float64{1, math.NaN(), 3, math.Inf(1)})
	other := half
	other.Data = patched(t, half, 2, []byte{0xff, 0xff})
	r := one(t, nil, wide, other, "x")
	if !r.Equal || len(r.NonFinite) != 1 {
		t.Fatalf("cast: %+v", r)
	}
	want := NonFinite{Side: "both", Name: "x", NaN: 1, Inf: 1, First: []int64{1}, Value: "NaN"}
	if !reflect.DeepEqual(r.NonFinite[0], want) {
		t.Errorf("%+v, want %+v", r.NonFinite[0], want)
	}
	r = one(t, nil, half, other, "x")
	if r.Equal || len(r.NonFinite) != 2 || r.Failures[0].CandNaN != 1 || r.Failures[0].RefInf != 1 {
		t.Errorf("copy: %+v", r)
	}
	// A number that is none any more.
	number := tensor(t, formats.BF16, []int64{4}, []float64{1, 2, 3, math.Inf(1)})
	r = one(t, nil, number, half, "x")
	if r.Equal || !strings.Contains(r.Failures[0].Diagnosis, "1 element changed: [1] is NaN (0x7fc0), expected 2 (0x4000)") || r.NonFinite[1].Side != "cand" || r.NonFinite[1].NaN != 1 {
		t.Errorf("became NaN: %+v", r)
	}
	if f := r.Failures[0]; f.MaxAbs != 0 || f.ULP[5] != 1 || f.RelRMS != 0 {
		t.Errorf("a NaN is averaged away: %+v", f)
	}
}

// TestOverflow: a value that a type cannot hold is infinite in CAND, rightly
// rounded, and yet another function.
func TestOverflow(t *testing.T) {
	v := append([]float64{1e9, -1e9, 2, 3}, make([]float64, 28)...)
	wide := tensor(t, formats.F32, []int64{32}, v)
	for _, d := range []formats.DType{formats.F16, formats.Q8_0} {
		cand, err := formats.Cast(wide, d, nil)
		if err != nil {
			t.Fatal(err)
		}
		r := one(t, nil, wide, stored(t, cand), "x")
		if r.Equal || r.Failures[0].Rule != "W6" || !strings.HasSuffix(r.Failures[0].Diagnosis, "too large for "+d.String()) || r.Failures[0].CandInf == 0 {
			t.Errorf("%s: %+v", d, r.Failures)
		}
	}
}

// TestTied: a head that is a copy of the embedding is the function of a tied one.
func TestTied(t *testing.T) {
	tied := open(t, testdata+"models/olmo1-tied")
	names := olmo.Tied()
	embed := tied.Tensors[0].WithName(names[0])
	untie := func(head formats.Tensor) *olmo.Model {
		c := *tied.Config
		c.TieWordEmbeddings = false
		return &olmo.Model{Config: &c, Tensors: append(slices.Clone(tied.Tensors), head)}
	}
	copied := untie(embed)
	bare := &olmo.Model{Tensors: tied.Tensors}
	other := embed
	other.Data = patched(t, embed, 10, []byte{1, 2})
	wrong := untie(other)
	wide, err := formats.Cast(embed, formats.F32, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name           string
		ref, cand      *olmo.Model
		equal          bool
		tensors        int
		missing, extra string
		failed         string
	}{
		{"both tied", tied, tied, true, 15, "", "", ""},
		{"a copy", tied, copied, true, 16, "", "", ""},
		{"of a copy", copied, tied, true, 16, "", "", ""},
		{"both copies", copied, copied, true, 16, "", "", ""},
		{"a wide copy", tied, untie(wide), true, 16, "", "", ""},
		{"another head", tied, wrong, false, 16, "", "", names[0]},
		{"a head lost", wrong, tied, false, 16, "", "", names[0]},
		{"a copy, bare", copied, bare, true, 16, "", "", ""},
		{"bare, a copy", bare, copied, true, 16, "", "", ""},
		{"a head, bare", wrong, bare, false, 16, names[0], "", ""},
		{"bare, a head", bare, wrong, false, 16, "", names[0], ""},
		{"missing", copied, without(untie(embed), names[0]), false, 15, names[0], "", ""},
	} {
		r := compare(t, c.ref, c.cand)
		var failed []string
		for _, f := range r.Failures {
			failed = append(failed, f.Name)
		}
		if r.Equal != c.equal || r.Tensors != c.tensors || strings.Join(r.Missing, " ") != c.missing || strings.Join(r.Extra, " ") != c.extra || strings.Join(failed, " ") != c.failed {
			t.Errorf("%s: equal %v, %d tensors, missing %v, extra %v, failed %v", c.name, r.Equal, r.Tensors, r.Missing, r.Extra, failed)
		}
	}
}

// TestStoredHead: a head beside a config that ties it is what transformers 5
// takes, and is compared.
func TestStoredHead(t *testing.T) {
	m := open(t, testdata+"models/olmo1-tied")
	dir := t.TempDir()
	names := olmo.Tied()
	store := func(head formats.Tensor) *olmo.Model {
		c := *m.Config
		c.TieWordEmbeddings = false
		p, err := (&olmo.Model{Config: &c, Tensors: append(slices.Clone(m.Tensors), head.WithName(names[0])), Source: m.Source}).Plan("hf", olmo.PlanOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range p.Files {
			var b bytes.Buffer
			if _, err := f.WriteTo(&b); err != nil {
				t.Fatal(err)
			}
			text := bytes.Replace(b.Bytes(), []byte(`"tie_word_embeddings": false`), []byte(`"tie_word_embeddings": true`), 1)
			if err := os.WriteFile(filepath.Join(dir, f.Name), text, 0o666); err != nil {
				t.Fatal(err)
			}
		}
		return open(t, dir)
	}
	head := m.Tensors[0]
	if r := compare(t, m, store(head)); !r.Equal || r.Tensors != 16 || len(r.Notes) != 1 || !strings.HasPrefix(r.Notes[0], "CAND stores a head although") {
		t.Errorf("a copy: %+v", r)
	}
	head.Data = patched(t, head, 0, []byte{7, 7})
	if r := compare(t, m, store(head)); r.Equal || len(r.Failures) != 1 || r.Failures[0].Name != names[0] || r.Failures[0].Layer != -1 {
		t.Errorf("another: %+v", r)
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

// TestNotCompared: a type that cannot be decoded never passes.
func TestNotCompared(t *testing.T) {
	x := noise(t, 1, formats.F32, 2, 256)
	q := formats.Tensor{DType: formats.Q4_K, Shape: []int64{2, 256}, Data: reader(make([]byte, 288))}
	i := formats.Tensor{DType: formats.I32, Shape: []int64{2, 256}, Data: x.Data}
	for _, c := range []struct {
		ref, cand formats.Tensor
		want      string
	}{
		{x, q, "not compared: blocks of Q4_K cannot be decoded"},
		{q, x, "not compared: blocks of Q4_K cannot be decoded"},
		{x, i, "not compared: I32 is no type of weights"},
	} {
		r := one(t, nil, c.ref, c.cand, "x")
		if r.Equal || len(r.Failures) != 1 || r.Failures[0].Diagnosis != c.want || r.Failures[0].Measured {
			t.Errorf("%s and %s: %+v", c.ref.DType, c.cand.DType, r.Failures)
		}
	}
	// The same bytes are the same.
	if r := one(t, nil, q, q, "x"); !r.Equal || r.Identical != 1 {
		t.Errorf("Q4_K and itself: %+v", r)
	}
	// Of blocks that cannot be decoded it is still known where they differ.
	other := q
	other.Data = patched(t, q, 144, []byte{1})
	r := one(t, nil, q, other, "x")
	if r.Equal || r.Failures[0].Diagnosis != "row 1 of 2 changed: other blocks" || r.Failures[0].Changed != 256 || !slices.Equal(r.Failures[0].First, []int64{1, 0}) {
		t.Errorf("%+v", r.Failures)
	}
}

// TestBounded: a type without a quantiser passes by its error.
func TestBounded(t *testing.T) {
	x := noise(t, 1, formats.F32, 2, 256)
	near, err := formats.Cast(x, formats.Q8_0, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		cand  formats.Tensor
		bound float64
		ok    bool
	}{{near, 0.0075, true}, {near, 0.0025, false}, {noise(t, 2, formats.F32, 2, 256), 0.36, false}} {
		p := &pair{ref: x, cand: c.cand, rule: "W5", bound: c.bound, refBad: new(tally), candBad: new(tally)}
		cmp := &comparison{Options: Options{Threads: 1}, report: newReport(), ref: &olmo.Model{}}
		ok, err := cmp.passes(context.Background(), p)
		if err != nil || ok != c.ok || cmp.report.Bounded != map[bool]int{true: 1}[ok] {
			t.Errorf("bound %v: %v, %v", c.bound, ok, err)
		}
		if f, err := cmp.diagnose(context.Background(), p); !ok && (err != nil || !strings.Contains(f.say, fmt.Sprintf("beyond the %.2g", c.bound))) {
			t.Errorf("bound %v: %q, %v", c.bound, f.say, err)
		}
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
