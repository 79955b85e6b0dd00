package search_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"olmotool/convert"
	"olmotool/formats"
	"olmotool/formats/olmo"
	"olmotool/soup"
	"olmotool/soup/search"
	"olmotool/verify/text"
)

func open(t *testing.T, path string) *olmo.Model {
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

// noisy is a model in F32 whose weights have so much noise on them.
func noisy(t *testing.T, m *olmo.Model, name string, seed uint64, std float64) *olmo.Model {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 0))
	var ts []formats.Tensor
	for _, x := range m.Tensors {
		x, err := formats.Cast(x, formats.F32, nil)
		if err != nil {
			t.Fatal(err)
		}
		b := make([]byte, x.Bytes())
		if err := formats.ReadFull(x.Data, b, 0); err != nil {
			t.Fatal(err)
		}
		for v := range slices.Chunk(b, 4) {
			f := math.Float32frombits(binary.LittleEndian.Uint32(v))
			binary.LittleEndian.PutUint32(v, math.Float32bits(f+float32(std*r.NormFloat64())))
		}
		y, err := formats.NewTensor(x.Name, formats.F32, x.Shape, strings.NewReader(string(b)))
		if err != nil {
			t.Fatal(err)
		}
		ts = append(ts, y)
	}
	made, err := m.Made(name, ts)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// kitchen makes soups of models for an output.
type kitchen struct {
	models []*olmo.Model
	convert.Options
}

func (k kitchen) merged(ctx context.Context, c []*big.Rat) (*olmo.Model, error) {
	r := soup.Weighted(c, true)
	if d, err := formats.ParseDType(k.DType); err == nil && !d.IsBlock() {
		r.DType = d
	} else if err == nil {
		r.DType = formats.F32
	}
	s, err := soup.Merge(ctx, k.models, nil, r, soup.Options{})
	if err != nil {
		return nil, err
	}
	return s.Model, nil
}

func (k kitchen) loss(ids []int32, arithmetic string) *search.Loss {
	return &search.Loss{
		Soup: func(ctx context.Context, c []*big.Rat) (*olmo.Model, error) {
			m, err := k.merged(ctx, c)
			if err != nil {
				return nil, err
			}
			return convert.Stored(m, k.Options)
		},
		Tokens: ids, Text: text.Options{Context: 16}, Arithmetic: arithmetic,
	}
}

// tokens are ids of a text that has no meaning.
func tokens(c *olmo.Config, n int) []int32 {
	r := rand.New(rand.NewPCG(7, 7))
	ids := make([]int32, n)
	for i := range ids {
		ids[i] = int32(r.Int64N(c.VocabSize))
	}
	return ids
}

// The loss of a soup that was never written is that of the written one, to the
// last bit of every token, in every layout and element type.
func TestVirtual(t *testing.T) {
	for _, name := range []string{"olmo1", "olmo1-tied", "olmo2-mha", "olmo2-gqa", "olmo3"} {
		m := open(t, "../../testdata/models/"+name)
		var models []*olmo.Model
		for i := range 3 {
			models = append(models, noisy(t, m, fmt.Sprint(i), uint64(i), 0.01))
		}
		ids := tokens(m.Config, 64)
		for _, c := range []struct{ dst, to, dtype, arithmetic string }{
			{"a", "", "keep", "f32"},
			{"b", "", "bf16", "f64"},
			{"c", "", "f16", "bf16"},
			{"d", "olmo", "bf16", "f32"},
			{"d", "olmo-core-unsharded", "f32", "f32"},
			{"e.gguf", "", "q8_0", "f32"},
			{"f.gguf", "", "bf16", "f32"},
			{"g.gguf", "", "f16", "f64"},
		} {
			if name == "olmo3" && c.to == "olmo" || strings.HasPrefix(name, "olmo1") && c.to == "olmo-core-unsharded" {
				continue // there is no such thing
			}
			k := kitchen{models, convert.Options{
				Dst: filepath.Join(t.TempDir(), c.dst), To: c.to, DType: c.dtype, TokenizerDir: "../../testdata/models/" + name, NoHash: true,
			}}
			coefficients := []*big.Rat{big.NewRat(1, 3), big.NewRat(3, 7), big.NewRat(5, 21)}
			virtual, err := k.loss(ids, c.arithmetic).Score(t.Context(), coefficients)
			if err != nil {
				t.Fatal(name, c, err)
			}
			merged, err := k.merged(t.Context(), coefficients)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := convert.Write(t.Context(), merged, nil, k.Options); err != nil {
				t.Fatal(name, c, err)
			}
			written := search.Loss{
				Soup:   func(context.Context, []*big.Rat) (*olmo.Model, error) { return open(t, k.Dst), nil },
				Tokens: ids, Text: text.Options{Context: 16}, Arithmetic: c.arithmetic,
			}
			real, err := written.Score(t.Context(), nil)
			if err != nil {
				t.Fatal(name, c, err)
			}
			if !slices.Equal(virtual.Parts, real.Parts) {
				t.Errorf("%s %v: the virtual loss is %v ± %v, that of what is written %v ± %v", name, c, virtual.Value, virtual.Error, real.Value, real.Error)
			}
			if virtual.Error <= 0 || virtual.Value < 1 || len(virtual.Parts) != 4*7 {
				t.Errorf("%s: found a loss of %v ± %v", name, virtual.Value, virtual.Error)
			}
		}
	}
}

// A model that is ruined does not come into a soup, or next to not, whatever the
// strategy.
func TestRuinedModel(t *testing.T) {
	m := open(t, "../../testdata/models/olmo2-mha")
	models := []*olmo.Model{noisy(t, m, "a", 1, 0.001), noisy(t, m, "ruined", 2, 0.5), noisy(t, m, "b", 3, 0.001)}
	k := kitchen{models, convert.Options{Dst: "soup"}}
	for _, s := range []search.Strategy{search.Greedy, search.LeaveOneOut, search.Simplex} {
		r, err := s.Run(t.Context(), 3, k.loss(tokens(m.Config, 512), "f32"), search.Options{MaxEvals: 40})
		if err != nil {
			t.Fatal(err)
		}
		// A little noise may well help: the text has no meaning.
		most := big.NewRat(0, 1)
		if s.Name == "simplex" {
			most.SetFrac64(1, 10)
		}
		if c := r.Trials[r.Chosen].Coefficients; c[1].Cmp(most) > 0 {
			t.Errorf("%s: chose %s", s.Name, search.Text(c))
		}
	}
}

// What is no number is no score.
func TestNoLoss(t *testing.T) {
	m := open(t, "../../testdata/models/olmo2-mha")
	k := kitchen{[]*olmo.Model{noisy(t, m, "a", 1, 1e30), m}, convert.Options{Dst: "soup"}}
	ids := tokens(m.Config, 64)
	_, err := search.Greedy.Run(t.Context(), 2, k.loss(ids, "f32"), search.Options{})
	if err == nil || !strings.HasPrefix(err.Error(), "soup of 1 0: text: found NaN as the model's logit of token ") {
		t.Errorf("found %v", err)
	}
	if _, err := k.loss(ids, "f8").Score(t.Context(), []*big.Rat{new(big.Rat), big.NewRat(1, 1)}); err == nil {
		t.Error("f8 is no arithmetic")
	}
	if _, err := k.loss(ids[:20], "f32").Score(t.Context(), []*big.Rat{new(big.Rat), big.NewRat(1, 1)}); err == nil {
		t.Error("a text too short has a loss")
	}
	if a, b := k.loss(ids, "f32"), k.loss(ids[1:], "f32"); a.Identity() == b.Identity() || a.Identity() == k.loss(ids, "f64").Identity() {
		t.Error("other texts or arithmetics have the same identity")
	}
}
