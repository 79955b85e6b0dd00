package forward

import (
	"testing"

	"olmotool/accel"
	"olmotool/accel/cpu"
	"olmotool/formats/olmo"
)

var models = []string{"olmo1", "olmo1-tied", "olmo2-mha", "olmo2-gqa", "olmo3"}

// eachGolden runs a test for each recorded model, with its input and the rows of
// the logits that are recorded.
func eachGolden(t *testing.T, f func(t *testing.T, g golden, m *olmo.Model, b Batch, kept []int32)) {
	for _, name := range models {
		t.Run(name, func(t *testing.T) {
			g := openGolden(t, name)
			f(t, g, open(t, "models/"+name), Batch{Seqs: [][]int32{g.ints("input_ids")}}, g.ints("positions"))
		})
	}
}

// below fails unless an error is below a limit; NaN is not.
func below(t *testing.T, what string, got, limit float64) {
	t.Helper()
	t.Logf("%s: %.2g, limit %.2g", what, got, limit)
	if !(got < limit) {
		t.Errorf("%s: %g, limit %g", what, got, limit)
	}
}

// Transformers' float32 is itself 3e-7 to 6e-7 from its float64. Ours is closer.
func TestFloat32(t *testing.T) {
	eachGolden(t, func(t *testing.T, g golden, m *olmo.Model, b Batch, kept []int32) {
		f32, f64 := g.floats("logits_f32"), g.floats("logits_f64")
		got := rows(logits(t, newPass(t, m, Options[float32]{}), b, nil, nil), kept)
		below(t, "relRMS to transformers' f32", relRMS(got, f32), 1e-6)
		below(t, "relRMS to transformers' f64", relRMS(got, f64), relRMS(f32, f64))
		below(t, "relRMS to float64 throughout", relRMS(got, g.floats("logits_exact")), 1e-6)
		below(t, "max abs to transformers' f32", maxAbs(got, f32), 2e-5)
	})
}

// What transformers computes in a float64 model is rounded to float32 in norms
// and softmax; where these are widened, nothing is left of the difference. So
// the rotary tables are float32 in both, and all else is the same formula.
func TestFloat64(t *testing.T) {
	eachGolden(t, func(t *testing.T, g golden, m *olmo.Model, b Batch, kept []int32) {
		f32, f64 := g.floats("logits_f32"), g.floats("logits_f64")
		got := rows(logits(t, newPass(t, m, Options[float64]{}), b, nil, nil), kept)
		below(t, "relRMS to float64 throughout", relRMS(got, g.floats("logits_exact")), 1e-14)
		below(t, "relRMS to transformers' f64", relRMS(got, f64), relRMS(f32, f64))
	})
}

// In bfloat16 results are equal or not: a rounding in another place changes
// every fourth element, and some more with every block. What is left is chance:
// a sum in another order, one in some thousand, comes to lie on the other side
// of a rounding's edge, and all that follows from that element changes, too. So
// nearly all tokens are equal through the whole model, not all.
func TestBF16(t *testing.T) {
	tokens, same := 0, 0
	eachGolden(t, func(t *testing.T, g golden, m *olmo.Model, b Batch, kept []int32) {
		layers, hidden := int(m.Config.NumHiddenLayers), int(m.Config.HiddenSize)
		want := g.floats("blocks_bf16") // [kept, layers, hidden]
		alike := make([]bool, len(kept))
		got := rows(logits(t, newPass(t, m, Options[float32]{Rounding: cpu.BF16}), b, nil, func(l int, x accel.Matrix[float32]) {
			for i, at := range kept {
				block := want[(i*layers+l)*hidden:][:hidden]
				alike[i] = (l == 0 || alike[i]) && equal(rows(x, []int32{at}), block) >= 0.99
			}
		}), kept)
		vocab := len(got) / len(kept)
		for i, ok := range alike {
			row := func(logits []float64) []float64 { return logits[i*vocab : (i+1)*vocab] }
			e := equal(row(got), row(g.floats("logits_bf16")))
			t.Logf("position %d: blocks alike: %t, %.4f of the logits equal", kept[i], ok, e)
			tokens++
			if ok && e >= 0.95 {
				same++
			}
			// Half the precision of a bfloat16 would show the test to be empty.
			if e := equal(row(got), row(g.floats("logits_f32"))); e > 0.01 {
				t.Errorf("%.3f of the logits equal those of float32", e)
			}
		}
	})
	if same*10 < tokens*8 {
		t.Errorf("%d of %d tokens are equal", same, tokens)
	}
}

// Transformers 5.0.0 to 5.12.1 scale the rotary embeddings of all layers of an
// OLMo 3 as those of full-attention layers are; 4.57.6 and 5.13.0 on do not.
// That this is all that is wrong with them, is seen by doing the same.
func TestYaRNOnSlidingLayers(t *testing.T) {
	g, m := openGolden(t, "olmo3"), open(t, "models/olmo3")
	b, last := Batch{Seqs: [][]int32{g.ints("input_ids")}}, []int32{79}
	wrong := g.floats("logits_5_12_1")
	right := rows(logits(t, newPass(t, m, Options[float32]{}), b, nil, nil), last)
	if e := relRMS(wrong, right); e < 0.1 {
		t.Errorf("the wrong logits differ by %g from ours", e)
	}
	c := *m.Config
	c.RopeSliding = c.Rope
	same := rows(logits(t, newPass(t, &olmo.Model{Config: &c, Tensors: m.Tensors}, Options[float32]{}), b, nil, nil), last)
	below(t, "relRMS with YaRN everywhere", relRMS(same, wrong), 2e-6)
}
