package soup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/big"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"olmotool/formats"
	"olmotool/formats/olmo"
	"olmotool/formats/random"
)

const testdata = "../testdata/"

// open opens a model; it is closed with the test.
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

// changed returns a model with some of its parts changed.
func changed(m *olmo.Model, path string, change func(c *olmo.Config, s *olmo.Source, ts []formats.Tensor) []formats.Tensor) *olmo.Model {
	c, s := *m.Config, *m.Source
	ck := *m.Source.Checkpoint
	ck.Path = path
	s.Checkpoint, s.Config = &ck, &c
	ts := slices.Clone(m.Tensors)
	if change != nil {
		ts = change(&c, &s, ts)
	}
	return &olmo.Model{Config: &c, Tensors: ts, Source: &s}
}

// The layouts of one model make a soup that is that model.
func TestLayouts(t *testing.T) {
	hf := open(t, testdata+"models/olmo2-mha")
	layouts := []*olmo.Model{hf, open(t, testdata+"layouts/olmo2-mha/olmo"), open(t, testdata+"layouts/olmo2-mha/olmo-core-unsharded"), open(t, testdata+"layouts/olmo2-mha/hf-bin")}
	res, err := Merge(context.Background(), layouts, nil, Uniform(4), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(all(t, res.Model), all(t, hf)) || len(res.Findings) != 0 {
		t.Errorf("another model; %v", res.Findings)
	}
	if c := res.Coefficients; len(c) != 4 || c[2].Cmp(big.NewRat(1, 4)) != 0 {
		t.Errorf("coefficients %v", c)
	}
	if m := res.Model; m.Source.Path != "soup" || m.Source.Layout != "hf" || !m.Source.Beside.Has("tokenizer.json") || len(m.Config.Diff(hf.Config)) != 0 {
		t.Errorf("the model is %+v", m.Source)
	}
	// One that has its tokenizer in key-values, and halves.
	mixed := []*olmo.Model{open(t, testdata+"layouts/olmo2-mha/olmo2-mha-bf16.gguf"), hf}
	for range 2 {
		res, err = Merge(context.Background(), mixed, nil, Uniform(2), Options{Name: "mixed"})
		if err != nil {
			t.Fatal(err)
		}
		if f := res.Findings; len(f) != 1 || f[0].Code != "mixed-dtypes" || res.Model.Tensors[1].DType != formats.F32 || res.Model.Source.Path != "mixed" || !res.Model.Source.Beside.Has("tokenizer.json") {
			t.Errorf("%+v, %s", f, res.Model.Tensors[1].DType)
		}
		slices.Reverse(mixed)
	}
	_, err = Merge(context.Background(), []*olmo.Model{hf, open(t, testdata+"layouts/olmo2-mha/olmo2-mha-q8_0.gguf")}, nil, Uniform(2), Options{})
	if err == nil || !strings.Contains(err.Error(), "found Q8_0, in which values have been rounded in blocks") {
		t.Error(err)
	}
	res, err = Merge(context.Background(), []*olmo.Model{hf, open(t, testdata+"layouts/olmo2-mha/olmo2-mha-q8_0.gguf")}, nil, Uniform(2), Options{Allow: Allow{Quantized: true}})
	if err != nil {
		t.Fatal(err)
	}
	all(t, res.Model)
}

// Models that are not the same but for their weights are refused, and each
// difference is let through by its own option, if by any.
func TestModelsRefused(t *testing.T) {
	m := open(t, testdata+"models/olmo2-mha")
	at := func(ts []formats.Tensor, name string) int {
		return slices.IndexFunc(ts, func(t formats.Tensor) bool { return t.Name == name })
	}
	for _, c := range []struct {
		name   string
		change func(c *olmo.Config, s *olmo.Source, ts []formats.Tensor) []formats.Tensor
		want   string
		allow  *Allow
		code   string
	}{
		{
			"missing", func(_ *olmo.Config, _ *olmo.Source, ts []formats.Tensor) []formats.Tensor {
				return slices.Delete(ts, 5, 6)
			},
			`other: tensors: found no "model.layers.0.self_attn.q_norm.weight", expected the same tensors as in ` + m.Source.Path, nil, "",
		},
		{"extra", func(_ *olmo.Config, _ *olmo.Source, ts []formats.Tensor) []formats.Tensor {
			return append(ts, ts[0].WithName("extra"))
		}, m.Source.Path + `: tensors: found no "extra", expected the same tensors as in other`, nil, ""},
		{"misshapen", func(_ *olmo.Config, _ *olmo.Source, ts []formats.Tensor) []formats.Tensor {
			ts[1].Shape = []int64{16, 64}
			return ts
		}, `tensor "model.layers.0.self_attn.q_proj.weight": found shape [16 64], expected [32 32] as in`, nil, ""},
		{"integers", func(_ *olmo.Config, _ *olmo.Source, ts []formats.Tensor) []formats.Tensor {
			ts[1].DType = formats.I32
			return ts
		}, `found I32, expected F64, F32, F16 or BF16`, nil, ""},
		{"twice", func(_ *olmo.Config, _ *olmo.Source, ts []formats.Tensor) []formats.Tensor {
			return append(ts, ts[3])
		}, `found the name twice, expected each name once`, nil, ""},
		{"config", func(c *olmo.Config, _ *olmo.Source, ts []formats.Tensor) []formats.Tensor {
			c.RMSNormEps, c.Rope.Theta = 1e-5, 7
			return ts
		}, "other: config: found another model than in " + m.Source.Path + ", expected the same: rms_norm_eps: 1e-05 and 1e-06; rope: ", &Allow{Config: true}, "config"},
		{"tied", func(c *olmo.Config, _ *olmo.Source, ts []formats.Tensor) []formats.Tensor {
			c.TieWordEmbeddings = true
			return ts[:at(ts, "lm_head.weight")]
		}, "other: config: found that the head is the embedding, expected a tensor of its own as in", &Allow{Tied: true}, "tied"},
		{"ids", func(c *olmo.Config, _ *olmo.Source, ts []formats.Tensor) []formats.Tensor {
			c.EOSTokenID = []int64{3}
			return ts
		}, "other: tokenizer: found another than in " + m.Source.Path + ", expected the same: eos_token_id: 513 and 3", &Allow{Tokenizer: true}, "tokenizer"},
		{"tokenizer", func(_ *olmo.Config, s *olmo.Source, ts []formats.Tensor) []formats.Tensor {
			s.Beside.Dir = testdata + "models/olmo1"
			return ts
		}, "other: tokenizer: found another than in", &Allow{Tokenizer: true}, "tokenizer"},
		{"bare", nil, "", nil, ""},
		{"damaged", func(_ *olmo.Config, s *olmo.Source, ts []formats.Tensor) []formats.Tensor {
			s.Findings = []formats.Finding{{Severity: formats.Serious, Code: "x", Where: "there", Message: "found damage"}}
			return ts
		}, "other: there: found damage", nil, ""},
	} {
		other := changed(m, "other", c.change)
		if c.name == "bare" {
			other.Config = nil
			c.want = "other: found tensors with no model known, expected a model as in"
		}
		try := func(a Allow) (*Result, error) {
			return Merge(context.Background(), []*olmo.Model{m, other}, nil, Uniform(2), Options{Allow: a})
		}
		_, err := try(Allow{})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
		var fe *formats.Error
		if !errors.As(err, &fe) {
			t.Errorf("%s: no *formats.Error: %v", c.name, err)
		}
		every := Allow{true, true, true, true, true, true}
		if c.allow == nil {
			if _, err := try(every); err == nil {
				t.Errorf("%s is let through", c.name)
			}
			continue
		}
		res, err := try(*c.allow)
		if err != nil || len(res.Findings) != 1 || res.Findings[0].Code != c.code || res.Findings[0].Where != "other" {
			t.Errorf("%s: %v, %+v", c.name, err, res)
			continue
		}
		// Its own option, and no other.
		switch {
		case c.allow.Config:
			every.Config = false
		case c.allow.Tied:
			every.Tied = false
		case c.allow.Tokenizer:
			every.Tokenizer = false
		}
		if _, err := try(every); err == nil {
			t.Errorf("%s is let through by another option", c.name)
		}
		all(t, res.Model)
	}
}

// With a tied model first, the result has a head: half of it is the embedding.
func TestTied(t *testing.T) {
	m := open(t, testdata+"models/olmo2-mha")
	tied := changed(m, "tied", func(c *olmo.Config, _ *olmo.Source, ts []formats.Tensor) []formats.Tensor {
		c.TieWordEmbeddings = true
		return ts[:len(ts)-1]
	})
	res, err := Merge(context.Background(), []*olmo.Model{tied, m}, nil, Uniform(2), Options{Allow: Allow{Tied: true}})
	if err != nil {
		t.Fatal(err)
	}
	last := len(m.Tensors) - 1
	if res.Model.Config.TieWordEmbeddings || len(res.Model.Tensors) != last+1 {
		t.Fatalf("%v, %d tensors", res.Model.Config.TieWordEmbeddings, len(res.Model.Tensors))
	}
	one := func(x formats.Tensor) []byte { return all(t, &olmo.Model{Tensors: []formats.Tensor{x}}) }
	want := merge(t, Uniform(2), Options{}, nil, bare("a", m.Tensors[0].WithName("x")), bare("b", m.Tensors[last].WithName("x")))
	if got := res.Model.Tensors[last]; got.Name != "lm_head.weight" || !bytes.Equal(one(got), want) {
		t.Errorf("%s is another head", got.Name)
	}
}

// What is asked for wrongly is an error of usage, whatever the models are.
func TestUsage(t *testing.T) {
	x := [][]float64{{1}, {2}}
	ms := many(t, formats.F32, x)
	noWeight := Recipe{Method: &linear}
	bad := Recipe{Method: &linear, Value: func(param, _ string, _ int) *big.Rat { return big.NewRat(2, 1) }}
	for _, c := range []struct {
		r    Recipe
		base *olmo.Model
		o    Options
		want string
	}{
		{Uniform(3), nil, Options{}, "found weights for 3 models, expected as many as there are models: 2"},
		{Weighted(rats(t, "1", "-1"), true), nil, Options{}, `tensor "x": found weights whose sum is zero, expected another sum: they are divided by it`},
		{Weighted(rats(t, "0", "0"), true), nil, Options{}, "sum is zero"},
		{Recipe{Method: &passthrough}, nil, Options{}, "method passthrough: found 2 models, expected 1"},
		{Uniform(2), ms[0], Options{}, "method linear: found a base, expected none: it has no use for one"},
		{noWeight, nil, Options{}, `method linear: found no weight of model 1 for tensor "x", expected a number`},
		{bad, nil, Options{}, "method linear: found normalize 2, expected true or false"},
		{Recipe{Method: &linear, Value: func(string, string, int) *big.Rat { return new(big.Rat).SetInt(new(big.Int).Lsh(big.NewInt(1), 2000)) }}, nil, Options{}, "expected a smaller number"},
		{Uniform(2), nil, Options{Donor: 2}, "found model 2 as donor, expected 0 to 1"},
	} {
		_, err := Merge(context.Background(), ms, c.base, c.r, c.o)
		var usage *UsageError
		if !errors.As(err, &usage) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
	if _, err := Find("liner"); err == nil || !strings.Contains(err.Error(), `found "liner", expected one of linear, `) {
		t.Error(err)
	}
	if m, err := Find("linear"); err != nil || m != &linear {
		t.Error(m, err)
	}
	if _, err := linear.Param("wait"); err == nil || !strings.Contains(err.Error(), `found the parameter "wait", expected one of weight, normalize`) {
		t.Error(err)
	}
}

// Bare files may lack tensors if that is allowed: weights are those of the models
// that have one.
func TestMissing(t *testing.T) {
	a := bare("a", tensorOf(t, "x", formats.F32, []int64{1}, []float64{1}))
	b := bare("b", tensorOf(t, "y", formats.F32, []int64{1}, []float64{5}), tensorOf(t, "x", formats.F32, []int64{1}, []float64{3}))
	r := Weighted(rats(t, "1", "3"), true)
	if _, err := Merge(context.Background(), []*olmo.Model{a, b}, nil, r, Options{}); err == nil || err.Error() != `a: tensors: found no "y", expected the same tensors as in b` {
		t.Error(err)
	}
	res, err := Merge(context.Background(), []*olmo.Model{a, b}, nil, r, Options{Allow: Allow{Missing: true}})
	if err != nil {
		t.Fatal(err)
	}
	got := make([]float64, 2)
	widen(got, formats.F32, all(t, res.Model), make([]float32, 2))
	if got[0] != 2.5 || got[1] != 5 || res.Coefficients != nil || len(res.Findings) != 1 {
		t.Errorf("%v, %v, %v", got, res.Coefficients, res.Findings)
	}
}

func TestPromote(t *testing.T) {
	bf, f16, f32, f64, q := formats.BF16, formats.F16, formats.F32, formats.F64, formats.Q8_0
	for _, c := range [][3]formats.DType{
		{bf, bf, bf}, {f16, f16, f16}, {bf, f16, f32}, {bf, f32, f32}, {f16, f32, f32}, {f32, f64, f64}, {bf, f64, f64}, {q, bf, f32}, {q, q, f32}, {q, f64, f64}, {f64, f64, f64},
	} {
		if x, y := promote(c[0], c[1]), promote(c[1], c[0]); x != c[2] || y != c[2] {
			t.Errorf("%s and %s: %s, %s, want %s", c[0], c[1], x, y, c[2])
		}
	}
}

// A number that is none is found where it is, whatever is read; nothing is made
// of it unless that is allowed.
func TestNotFinite(t *testing.T) {
	for _, d := range []formats.DType{formats.BF16, formats.F32, formats.F64} {
		for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
			x := [][]float64{make([]float64, 6000), make([]float64, 6000)}
			for i := 4096; i < 6000; i++ { // where a block begins
				x[0][i], x[1][i] = held(d, 1e37*float64(1+i%7)/3), held(d, 1e37*float64(1+i%5)/7)
			}
			x[0][5017], x[1][5017] = 0, v
			ms := models(t, d, []int64{60, 100}, x)
			for _, r := range []Recipe{Uniform(2), Weighted(rats(t, "0.123456789123", "1"), true), firstOf()} {
				res, err := Merge(context.Background(), ms, nil, r, Options{})
				if err != nil {
					t.Fatal(err)
				}
				data := res.Model.Tensors[0].Data
				err = formats.ReadFull(data, make([]byte, data.Size()), 0)
				if want := fmt.Sprintf(`of-x: tensor "x": found %v at [50, 17], expected a finite number`, v); err == nil || err.Error() != want {
					t.Errorf("%s: %v, want %s", d, err, want)
				}
				if err := formats.ReadFull(data, make([]byte, 400), 0); err != nil {
					t.Errorf("%s: elsewhere: %v", d, err)
				}
				res, err = Merge(context.Background(), ms, nil, r, Options{Allow: Allow{NonFinite: true}})
				if err != nil {
					t.Fatal(err)
				}
				y := make([]float64, 6000)
				widen(y, d, all(t, res.Model), make([]float32, 6000))
				for i, g := range y {
					if want := map[bool]float64{true: v}[i == 5017]; (i < 4096 || i == 5017) && g != want && !(g != g && want != want) || i > 5017 && g-g != 0 {
						t.Errorf("%s, %v: element %d is %v", d, v, i, g)
						break
					}
				}
			}
		}
	}
}

// firstOf is a method that is no linear combination: the larger in magnitude.
func firstOf() Recipe {
	return Recipe{Method: &Method{Name: "largest", Min: 1, Prepare: func(context.Context, *Tensor) (Range, error) {
		return func(dst []float64, x [][]float64, _ []float64, _ int64) {
			for i := range dst {
				dst[i] = x[0][i]
				for _, x := range x[1:] {
					if !(math.Abs(x[i]) <= math.Abs(dst[i])) {
						dst[i] = x[i]
					}
				}
			}
		}, nil
	}}}
}

// byRow is a method of whole rows: each element becomes the sum of its row.
func byRow(t *testing.T, row int) Recipe {
	return Recipe{Method: &Method{Name: "rows", Min: 1, ByRow: func(*Tensor) bool { return true }, Prepare: func(context.Context, *Tensor) (Range, error) {
		return func(dst []float64, x [][]float64, _ []float64, at int64) {
			if at%int64(row) != 0 || len(dst)%row != 0 {
				t.Errorf("asked for %d elements at %d", len(dst), at)
			}
			for lo := 0; lo < len(dst); lo += row {
				sum := 0.0
				for _, v := range x[0][lo : lo+row] {
					sum += v
				}
				for i := lo; i < lo+row; i++ {
					dst[i] = sum
				}
			}
		}, nil
	}}}
}

// Bytes do not depend on the ranges that are read, nor on who reads at the same
// time; a range past the end is cut off.
func TestAnyRange(t *testing.T) {
	const rows, row = 230, 301
	for _, in := range []formats.DType{formats.BF16, formats.F32, formats.F64} {
		_, x := some(t, in, rows*row, 3)
		for _, v := range x {
			for i, y := range v {
				if math.Abs(y) > maxElement {
					v[i] = math.Copysign(maxElement, y)
				}
			}
		}
		ms := models(t, in, []int64{rows, row}, x)
		for name, r := range map[string]Recipe{
			"mean": Uniform(3), "weights": Weighted(rats(t, "0.1234567890123", "0.3", "1/3"), true), "largest": firstOf(), "rows": byRow(t, row),
		} {
			for _, out := range []formats.DType{formats.BF16, formats.F32, formats.F64} {
				r.DType = out
				res, err := Merge(context.Background(), ms, nil, r, Options{})
				if err != nil {
					t.Fatal(err)
				}
				data := res.Model.Tensors[0].Data
				want := all(t, res.Model)
				got := make([]byte, len(want))
				var wg sync.WaitGroup
				rnd := newRand(3)
				for lo := 0; lo < len(got); {
					hi := min(lo+1+rnd.IntN([]int{3, 700, 300_000}[rnd.IntN(3)]), len(got))
					p, off := got[lo:hi], int64(lo)
					wg.Go(func() {
						if err := formats.ReadFull(data, p, off); err != nil {
							t.Error(err)
						}
					})
					lo = hi
				}
				wg.Wait()
				if !bytes.Equal(got, want) {
					t.Errorf("%s of %s to %s: other bytes in other ranges", name, in, out)
				}
				p := make([]byte, 10)
				if n, err := data.ReadAt(p, data.Size()-4); n != 4 || err != io.EOF || !bytes.Equal(p[:4], want[len(want)-4:]) {
					t.Errorf("%s: at the end: %d, %v", name, n, err)
				}
				if n, err := data.ReadAt(p, data.Size()+4); n != 0 || err != io.EOF {
					t.Errorf("%s: past the end: %d, %v", name, n, err)
				}
				if _, err := data.ReadAt(p, -1); err == nil {
					t.Errorf("%s: before the beginning", name)
				}
			}
		}
	}
}

// What facts cannot be made of is not computed with either, whether a method has
// facts or not; linear merges know no such limit.
func TestMaxElement(t *testing.T) {
	for _, x := range []float64{maxElement, -maxElement, 2 * maxElement, -math.MaxFloat64} {
		ms := models(t, formats.F64, []int64{2}, [][]float64{{1, 2}, {3, x}})
		for _, name := range []string{"linear", "multislerp", "task_arithmetic", "karcher"} {
			m, err := Find(name)
			if err != nil {
				t.Fatal(err)
			}
			r, base := Uniform(2), (*olmo.Model)(nil)
			if r.Method = m; m.Base == NeedsBase {
				base = ms[0]
			}
			res, err := Merge(context.Background(), ms, base, r, Options{})
			if err != nil {
				t.Fatal(err)
			}
			_, err = res.Model.Tensors[0].Data.ReadAt(make([]byte, 16), 0)
			want := ""
			if name != "linear" && math.Abs(x) > maxElement {
				want = fmt.Sprintf(`of-x: tensor "x": found %g at [1], expected a number of at most %g`, x, maxElement)
			}
			if got := fmt.Sprint(err); want == "" && err != nil || want != "" && got != want {
				t.Errorf("%s of %g: %v, want %s", name, x, err, want)
			}
		}
	}
}

// A view of a merge that was called off computes nothing more, and what stopped
// the finding of facts stops all.
func TestCancelAndFail(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	ms, _ := some(t, formats.F32, 10, 2)
	res, err := Merge(ctx, ms, nil, Uniform(2), Options{})
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	p := make([]byte, 40)
	if _, err := res.Model.Tensors[0].Data.ReadAt(p, 0); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	calls := 0
	r := Recipe{Method: &Method{Name: "fails", Min: 1, Prepare: func(_ context.Context, t *Tensor) (Range, error) {
		calls++
		return nil, t.errorf("no facts")
	}}}
	if res, err = Merge(context.Background(), ms, nil, r, Options{}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := res.Model.Tensors[0].Data.ReadAt(p, 0); err == nil || err.Error() != `tensor "x": no facts` {
			t.Error(err)
		}
	}
	if calls != 1 {
		t.Errorf("prepared %d times", calls)
	}
	// An input that cannot be read is named.
	broken := ms[1].Tensors[0]
	broken.Data = io.NewSectionReader(failing{}, 0, broken.Bytes())
	if res, err = Merge(context.Background(), []*olmo.Model{ms[0], bare("b", broken)}, nil, Uniform(2), Options{}); err != nil {
		t.Fatal(err)
	}
	if _, err := res.Model.Tensors[0].Data.ReadAt(p, 0); err == nil || err.Error() != `of-x: tensor "x": read 0 of 40 bytes at 0: no such disk` {
		t.Error(err)
	}
}

type failing struct{}

func (failing) ReadAt([]byte, int64) (int, error) { return 0, errors.New("no such disk") }

// Parameters may depend on the tensor, the seed does.
func TestParams(t *testing.T) {
	var seen []*Tensor
	m := &Method{Name: "m", Base: OptionalBase, Min: 2, Params: []Param{
		{Name: "weight", PerModel: true, Default: 7}, {Name: "on", Bool: true, Default: 1}, {Name: "t", Required: true},
	}, Prepare: func(_ context.Context, t *Tensor) (Range, error) {
		seen = append(seen, t)
		return func(dst []float64, _ [][]float64, _ []float64, _ int64) { clear(dst) }, nil
	}}
	value := func(param, tensor string, model int) *big.Rat {
		switch {
		case param == "t" && model == -1:
			return big.NewRat(int64(len(tensor)), 1)
		case param == "weight" && model == 1:
			return big.NewRat(1, 4)
		}
		return nil
	}
	two := func(path string) *olmo.Model {
		return bare(path, tensorOf(t, "x", formats.F32, nil, []float64{1}), tensorOf(t, "yyy", formats.F32, []int64{1}, []float64{2}))
	}
	for _, seed := range []uint64{1, 2} {
		all(t, mustMerge(t, []*olmo.Model{two("a"), two("b")}, two("c"), Recipe{Method: m, Value: value, Seed: seed}).Model)
	}
	for i, want := range []float64{1, 3, 1, 3} {
		x := seen[i]
		if x.Param("t") != want || x.Param("on") != 1 || x.ModelParam(0, "weight") != 7 || x.ModelParam(1, "weight") != .25 || len(x.in) != 2 || x.base == nil || x.in[0].Len() != 1 {
			t.Errorf("%+v", x)
		}
		for _, y := range seen[:i] {
			if x.Seed == y.Seed {
				t.Errorf("%s and %s share a seed", x.Name, y.Name)
			}
		}
	}
}

func mustMerge(t testing.TB, ms []*olmo.Model, base *olmo.Model, r Recipe) *Result {
	t.Helper()
	res, err := Merge(context.Background(), ms, base, r, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// Twenty models of any size take a few MiB for every reader, that are used again.
func TestMemory(t *testing.T) {
	const models, n = 20, 1 << 20
	var ms []*olmo.Model
	for i := range models {
		d, err := random.Data(uint64(i), "x", formats.BF16, n, random.Options{Std: 0.02})
		if err != nil {
			t.Fatal(err)
		}
		x, err := formats.NewTensor("x", formats.BF16, []int64{n}, d)
		if err != nil {
			t.Fatal(err)
		}
		ms = append(ms, bare(fmt.Sprint(i), x))
	}
	for name, c := range map[string]struct {
		r     Recipe
		limit uint64
	}{"mean": {Uniform(models), 8 << 20}, "largest": {firstOf(), 16 << 20}} {
		data := mustMerge(t, ms, nil, c.r).Model.Tensors[0].Data
		p := make([][]byte, 2)
		for i := range p {
			p[i] = make([]byte, 1<<20)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		var wg sync.WaitGroup
		for i := range p {
			wg.Go(func() {
				for off := int64(i) << 20; off < data.Size(); off += 2 << 20 {
					if err := formats.ReadFull(data, p[i], off); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		runtime.ReadMemStats(&after)
		if got := after.TotalAlloc - before.TotalAlloc; got > c.limit {
			t.Errorf("%s: %d bytes allocated for two readers", name, got)
		} else {
			t.Logf("%s: %d KiB", name, got>>10)
		}
	}
}
