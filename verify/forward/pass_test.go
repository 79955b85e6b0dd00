package forward

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"olmotool/accel"
	"olmotool/accel/cpu"
	"olmotool/formats"
	"olmotool/formats/olmo"
)

var background = context.Background()

// input is three sequences, one longer than the window of olmo3.
func input() Batch {
	b := Batch{Seqs: make([][]int32, 3)}
	for i, n := range []int{5, 70, 1} {
		for j := range n {
			b.Seqs[i] = append(b.Seqs[i], int32((j*j*31+7*i+j)%576))
		}
	}
	return b
}

// The logits are the same bits for any number of threads, and for any pieces
// in which weights come.
func TestSameBits(t *testing.T) {
	for _, name := range models {
		t.Run(name, func(t *testing.T) {
			m := open(t, "models/"+name)
			for _, r := range []cpu.Rounding{cpu.Exact, cpu.BF16} {
				want := logits(t, newPass(t, m, Options[float32]{Rounding: r}), input(), nil, nil)
				for _, o := range []Options[float32]{{Threads: 1}, {Threads: 2, Budget: 1 << 10}, {Threads: 3, Budget: 5000}} {
					o.Rounding = r
					got := logits(t, newPass(t, m, o), input(), nil, nil)
					if !slices.Equal(got.Data, want.Data) {
						t.Errorf("%d threads, %d bytes of weights: other logits", o.Threads, o.Budget)
					}
				}
			}
		})
	}
}

// Sequences of a batch do not see each other, and heads may be computed for few
// rows at a time.
func TestBatchIsEachAlone(t *testing.T) {
	for _, name := range models {
		t.Run(name, func(t *testing.T) {
			p := newPass(t, open(t, "models/"+name), Options[float32]{})
			var alone []float32
			for _, s := range input().Seqs {
				alone = append(alone, logits(t, p, Batch{Seqs: [][]int32{s}}, nil, nil).Data...)
			}
			if together := logits(t, p, input(), nil, nil); !slices.Equal(together.Data, alone) {
				t.Error("other logits in a batch")
			}
			joined := logits(t, p, input().Join(input()), nil, nil)
			if !slices.Equal(joined.Data, append(alone, alone...)) {
				t.Error("other logits in two batches joined")
			}
		})
	}
	p := newPass(t, open(t, "models/olmo2-gqa"), Options[float32]{})
	x, err := p.Embed(background, input())
	if err != nil {
		t.Fatal(err)
	}
	whole, err := p.Logits(background, x)
	if err != nil {
		t.Fatal(err)
	}
	for i := range x.Rows {
		y, err := p.Logits(background, x.Slice(i, i+1))
		if err != nil || !slices.Equal(y.Data, whole.Row(i)) {
			t.Errorf("row %d alone: %v, or other logits", i, err)
		}
	}
}

// A token changes what comes after it, and nothing before.
func TestCausal(t *testing.T) {
	for _, name := range models {
		p := newPass(t, open(t, "models/"+name), Options[float32]{})
		s := input().Seqs[1]
		x := logits(t, p, Batch{Seqs: [][]int32{s}}, nil, nil)
		s[30]++
		y := logits(t, p, Batch{Seqs: [][]int32{s}}, nil, nil)
		for i := range x.Rows {
			if same := slices.Equal(x.Row(i), y.Row(i)); same != (i < 30) {
				t.Errorf("%s: token 30 changed, position %d did: %v", name, i, !same)
			}
		}
	}
}

// With windows of 8 in each of 4 layers, a token is felt 28 positions on.
func TestWindow(t *testing.T) {
	m := open(t, "models/olmo3")
	c := *m.Config
	c.LayerTypes = slices.Repeat([]string{olmo.SlidingAttention}, 4)
	p := newPass(t, &olmo.Model{Config: &c, Tensors: m.Tensors}, Options[float32]{})
	s := input().Seqs[1]
	x := logits(t, p, Batch{Seqs: [][]int32{s}}, nil, nil)
	s[10]++
	y := logits(t, p, Batch{Seqs: [][]int32{s}}, nil, nil)
	for i := range x.Rows {
		if same := slices.Equal(x.Row(i), y.Row(i)); same != (i < 10 || i > 10+4*7) {
			t.Errorf("token 10 changed, position %d did: %v", i, !same)
		}
	}
}

// Attention knows differences of positions only, so a batch that begins
// elsewhere has the same logits, but for what float32 does to far angles; a
// sequence is not taken for the end of a longer one.
func TestFirst(t *testing.T) {
	p := newPass(t, open(t, "models/olmo2-gqa"), Options[float64]{})
	b := input()
	near := logits(t, p, b, nil, nil)
	b.First = 3000
	far := logits(t, p, b, nil, nil)
	e := relRMS(far.Data, near.Data)
	below(t, "relRMS at position 3000", e, 1e-3)
	if e == 0 {
		t.Error("the position is not used")
	}
	b.First = 0
	if again := logits(t, p, b, nil, nil); !slices.Equal(again.Data, near.Data) {
		t.Error("tables of other positions were used")
	}
}

// Every layout of a model is the same model.
func TestLayouts(t *testing.T) {
	want := logits(t, newPass(t, open(t, "models/olmo2-mha"), Options[float32]{}), input(), nil, nil)
	run := func(path string) []float32 {
		return logits(t, newPass(t, open(t, "layouts/olmo2-mha/"+path), Options[float32]{}), input(), nil, nil).Data
	}
	for _, path := range []string{"hf-bin", "olmo", "olmo-core-unsharded", "olmo-core-unsharded-safetensors"} {
		if !slices.Equal(run(path), want.Data) {
			t.Errorf("%s: other logits", path)
		}
	}
	// These have other values, and the rows of q and k in another order.
	for path, limit := range map[string]float64{"olmo2-mha-bf16.gguf": 0.01, "olmo2-mha-q8_0.gguf": 0.05} {
		got, exact := widen(run(path)), widen(want.Data)
		below(t, path, relRMS(got, exact), limit)
	}
	bf16 := cast(t, open(t, "models/olmo2-mha"), formats.BF16)
	if !slices.Equal(run("olmo2-mha-bf16.gguf"), logits(t, newPass(t, bf16, Options[float32]{}), input(), nil, nil).Data) {
		t.Error("GGUF in bf16: other logits than those of the weights rounded to it")
	}
}

func widen(x []float32) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = float64(v)
	}
	return y
}

// A NaN is seen in all that depends on it, and nowhere else.
func TestNaN(t *testing.T) {
	p := newPass(t, open(t, "models/olmo2-gqa"), Options[float32]{})
	b := input()
	x, err := p.Embed(background, b)
	if err != nil {
		t.Fatal(err)
	}
	x.Row(20)[3] = float32(math.NaN()) // position 15 of the second sequence
	for l := range int(p.Config.NumHiddenLayers) {
		if err := p.Block(background, l, b, x, nil); err != nil {
			t.Fatal(err)
		}
	}
	for i := range x.Rows {
		if isNaN := slices.ContainsFunc(x.Row(i), func(v float32) bool { return v != v }); isNaN != (i >= 20 && i < 75) {
			t.Errorf("row %d: NaN %v", i, isNaN)
		}
	}
}

func TestPassErrors(t *testing.T) {
	p := newPass(t, open(t, "models/olmo2-gqa"), Options[float32]{})
	b := input()
	x, err := p.Embed(background, b)
	if err != nil {
		t.Fatal(err)
	}
	canceled, cancel := context.WithCancel(background)
	cancel()
	matrix := accel.NewMatrix[float32]
	_, embedID := p.Embed(background, Batch{Seqs: [][]int32{{1, 576}}})
	_, embedCanceled := p.Embed(canceled, b)
	_, logitsShape := p.Logits(background, matrix(2, 63))
	_, logitsCanceled := p.Logits(canceled, x)
	many := *p.Config
	many.VocabSize = 1 << 26
	_, logitsRows := (&Pass[float32]{Config: &many}).Logits(background, x)
	_, scores := (&block[float32]{}).show(accel.Matrix[float32]{Rows: 1 << 15}, x, x, cpu.AttentionOptions[float32]{Heads: 4})
	_, bare := New(&olmo.Model{}, Options[float32]{})
	many.NumKeyValueHeads = 3
	_, config := New(&olmo.Model{Config: &many}, Options[float32]{})
	no := errors.New("no")
	for _, c := range []struct {
		name string
		err  error
		want string
	}{
		{"id", embedID, "sequence 0: position 1: found token 576, expected 0 to 575"},
		{"embed canceled", embedCanceled, "context canceled"},
		{"layer", p.Block(background, 2, b, x, nil), "found layer 2, expected 0 to 1"},
		{"negative layer", p.Block(background, -1, b, x, nil), "found layer -1"},
		{"rows", p.Block(background, 0, b, matrix(75, 64), nil), "found activations [75 64], expected [76 64]"},
		{"columns", p.Block(background, 0, b, matrix(76, 32), nil), "found activations [76 32], expected [76 64]"},
		{"batch", p.Block(background, 0, Batch{}, matrix(0, 64), nil), "found no tokens"},
		{"block canceled", p.Block(canceled, 0, b, x, nil), "context canceled"},
		{"norm", p.Norm(matrix(2, 63)), "found activations [2 63], expected [2 64]"},
		{"logits", logitsShape, "found activations [2 63], expected [2 64]"},
		{"logits canceled", logitsCanceled, "context canceled"},
		{"logits rows", logitsRows, "found 76 rows, expected at most 32 at a time"},
		{"scores", scores, "found a sequence of 32768 tokens"},
		{"no model", bare, "expected a model"},
		{"config", config, "num_key_value_heads: found 3"},
		{"tap", p.Block(background, 0, b, x, func(Site, accel.Matrix[float32]) error { return no }), "no"},
		{"multiplier", newPass(t, open(t, "models/olmo2-gqa"), Options[float32]{Mul: broken{}}).Block(background, 0, b, x, nil), "broken"},
	} {
		if c.err == nil || !strings.Contains(c.err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", c.name, c.err, c.want)
		}
	}
}

type broken struct{}

func (broken) MatMul(accel.Matrix[float32], int, accel.Matrix[float32], accel.Weight) error {
	return errors.New("broken")
}
