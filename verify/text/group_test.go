package text

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"olmotool/accel"
	"olmotool/formats/olmo"
	"olmotool/verify/forward"
	"olmotool/verify/metrics"
)

func TestMemory(t *testing.T) {
	for _, c := range []struct {
		hidden, intermediate int64
		want                 int
	}{{2048, 8192, 2}, {5120, 27648, 1}, {1 << 40, 1 << 40, 1}, {1, 1, 8192}} {
		m := model[float32]{config: &olmo.Config{HiddenSize: c.hidden, IntermediateSize: c.intermediate}}
		if got := groupSize([]model[float32]{m, m}, 512); got != c.want {
			t.Errorf("%d hidden, %d intermediate: groups of %d pieces, want %d", c.hidden, c.intermediate, got, c.want)
		}
	}
	if got := headRows[float32](2, 100352); got != 83 {
		t.Errorf("%d rows of logits at a time, want 83", got)
	}
	if got := headRows[float64](2, 1<<40); got != 1 {
		t.Errorf("%d rows of logits at a time, want 1", got)
	}
}

func TestNonFinite(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, c := range []struct {
		ref, cand map[int]float64 // by position·vocab + token
		want      metrics.Place
		text      string
	}{
		{
			map[int]float64{5*10 + 3: nan},
			nil,
			metrics.Place{Side: "ref", Sequence: 1, Position: 5, Token: 3},
			"text: found NaN as the reference's logit of token 3 after position 5 of piece 1, expected a finite number",
		},
		{
			nil,
			map[int]float64{0: -inf, 20: nan},
			metrics.Place{Side: "cand", Sequence: 0, Position: 4, Token: 0},
			"text: found -Inf as the candidate's logit of token 0 after position 4 of piece 0, expected a finite number",
		},
		{map[int]float64{7*10 + 9: inf}, map[int]float64{7*10 + 1: nan, 8 * 10: nan}, metrics.Place{Side: "ref", Sequence: 1, Position: 7, Token: 9}, "+Inf"},
		{map[int]float64{11 * 10: 1e101}, nil, metrics.Place{Side: "ref", Sequence: 2, Position: 7, Token: 0}, "1e+101"},
	} {
		ref, cand, came := madeUp[float64](12, 10)
		for i, v := range c.ref {
			ref.Data[i] = v
		}
		for i, v := range c.cand {
			cand.Data[i] = v
		}
		text := place(9, came)
		for _, batch := range []int{1, 2, 9} {
			r, err := run(t.Context(), scripts(t, text, ref, cand), text.ids, Options{Context: 9, BatchPieces: batch})
			var bad *NonFinite
			if !errors.As(err, &bad) || bad.Place != c.want || r != nil || !strings.Contains(err.Error(), c.text) {
				t.Errorf("found %v, %v, want %+v", r, err, c.want)
			}
		}
	}
}

func TestProgress(t *testing.T) {
	ref, cand, came := madeUp[float32](12, 10)
	text := place(9, came)
	var total, done int64
	_, err := run(t.Context(), scripts(t, text, ref, cand), text.ids, Options{Context: 9, BatchPieces: 2, Progress: func(_ string, n int64) func(int64) {
		total = n
		return func(n int64) { done += n }
	}})
	if want := int64(27 * (2 + 3)); err != nil || total != want || done != want {
		t.Errorf("told of %d of %d, %v, want %d", done, total, err, want)
	}
}

// An error of a pass ends the run.
func TestFails(t *testing.T) {
	ref, cand, came := madeUp[float32](12, 10)
	text := place(9, came)
	for _, step := range []string{"embed", "block", "norm", "logits"} {
		for side := range 2 {
			models := scripts(t, text, ref, cand)
			models[side].pass = &failing{models[side].pass, step}
			if _, err := run(t.Context(), models, text.ids, Options{Context: 9}); err == nil || err.Error() != step {
				t.Errorf("found %v, want %s", err, step)
			}
		}
	}
}

type failing struct {
	pass[float32]
	step string
}

func (f *failing) fail(step string) error {
	if step == f.step {
		return errors.New(step)
	}
	return nil
}

func (f *failing) Embed(ctx context.Context, b forward.Batch) (accel.Matrix[float32], error) {
	x, err := f.pass.Embed(ctx, b)
	return x, errors.Join(f.fail("embed"), err)
}

func (f *failing) Block(ctx context.Context, l int, b forward.Batch, x accel.Matrix[float32], tap forward.Tap[float32]) error {
	return errors.Join(f.fail("block"), f.pass.Block(ctx, l, b, x, tap))
}

func (f *failing) Norm(x accel.Matrix[float32]) error {
	return errors.Join(f.fail("norm"), f.pass.Norm(x))
}

func (f *failing) Logits(ctx context.Context, x accel.Matrix[float32]) (accel.Matrix[float32], error) {
	y, err := f.pass.Logits(ctx, x)
	return y, errors.Join(f.fail("logits"), err)
}
