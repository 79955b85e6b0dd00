package text

import (
	"errors"
	"math"
	"strings"
	"testing"

	"olmotool/accel"
)

// Losses have the mean and the difference that a comparison of both models finds,
// to the last bit.
func TestLosses(t *testing.T) {
	ref, cand, came := madeUp[float32](40, 12)
	text, o := place(9, came), Options{Context: 9}
	r, err := run(t.Context(), scripts(t, text, ref, cand), text.ids, o)
	if err != nil {
		t.Fatal(err)
	}
	score := func(x accel.Matrix[float32]) []float64 {
		l, err := losses(t.Context(), scripts(t, text, x)[0], text.ids, o)
		if err != nil {
			t.Fatal(err)
		}
		if len(l) != 40 {
			t.Fatalf("found %d losses, want one for each scored token", len(l))
		}
		return l
	}
	a, b := score(ref), score(cand)
	if Mean(a) != r.NLLRef || Mean(b) != r.NLLCand || Difference(a, b) != r.LnRatio {
		t.Errorf("found %v, %v, %v, want %v, %v, %v", Mean(a), Mean(b), Difference(a, b), r.NLLRef, r.NLLCand, r.LnRatio)
	}
	if d, m := Difference(a, b).Error, Mean(a).Error; d > m/2 || d == 0 {
		t.Errorf("the error of the difference is %v, want much less than %v", d, m)
	}
	if d := Difference(a, a); d != (Stat{}) {
		t.Errorf("a model differs from itself by %v", d)
	}
	if m := Mean([]float64{3}); m != (Stat{Value: 3}) {
		t.Errorf("the mean of 3 is %v", m)
	}
}

func TestLossesRefused(t *testing.T) {
	ref, _, came := madeUp[float32](40, 12)
	text := place(9, came)
	if _, err := losses(t.Context(), scripts(t, text, ref)[0], text.ids[:12], Options{Context: 9}); err == nil {
		t.Error("a text of one piece was scored")
	}
	ref.Row(7)[3] = float32(math.NaN())
	m := scripts(t, text, ref)[0]
	m.side = ""
	_, err := losses(t.Context(), m, text.ids, Options{Context: 9})
	if nan := new(NonFinite); !errors.As(err, &nan) || !strings.Contains(err.Error(), "found NaN as the model's logit of token 3") {
		t.Errorf("found %v", err)
	}
}
