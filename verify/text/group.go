package text

import (
	"context"
	"sync"

	"olmotool/accel"
	"olmotool/verify/forward"
	"olmotool/verify/metrics"
)

// group scores pieces that go through the layers together.
type group[T accel.Float] struct {
	models  []model[T]
	text    pieces
	threads int
	advance func(int64)
}

// score scores pieces [lo, hi) into out, which has a place for each scored
// position.
func (g *group[T]) score(ctx context.Context, lo, hi int, out []position) error {
	var b forward.Batch
	var came []int32
	for i := lo; i < hi; i++ {
		b.Seqs = append(b.Seqs, g.text.read(i))
		came = append(came, g.text.came(i)...)
	}
	inputs := make([]accel.Matrix[T], len(g.models))
	for i, m := range g.models {
		var err error
		if inputs[i], err = m.headInput(ctx, b, g.text.first(), g.text.first()+g.text.scored(), g.advance); err != nil {
			return err
		}
	}
	rows := headRows[T](len(g.models), g.models[0].config.VocabSize)
	for at := 0; at < len(out); at += rows {
		end := min(at+rows, len(out))
		logits := make([]accel.Matrix[T], len(g.models))
		for i, m := range g.models {
			var err error
			if logits[i], err = m.Logits(ctx, inputs[i].Slice(at, end)); err != nil {
				return err
			}
		}
		if err := g.rows(logits, came[at:end], out[at:end], lo*g.text.scored()+at); err != nil {
			return err
		}
	}
	return nil
}

// rows scores each row of the logits into out; number is that of the first row,
// counted over the whole text.
func (g *group[T]) rows(logits []accel.Matrix[T], came []int32, out []position, number int) error {
	errs := make([]error, len(out))
	var wg sync.WaitGroup
	for t := range g.threads {
		wg.Go(func() {
			for i := t; i < len(out); i += g.threads {
				row := make([][]T, len(logits))
				for k, m := range logits {
					row[k] = m.Row(i)
				}
				if errs[i] = g.finite(row, number+i); errs[i] == nil {
					out[i] = score(row, came[i])
				}
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// finite returns an error if a logit of a row, the reference's looked at first, is
// no number.
func (g *group[T]) finite(row [][]T, number int) error {
	for k, logits := range row {
		if i := firstBad(logits); i >= 0 {
			piece, position := number/g.text.scored(), g.text.first()+number%g.text.scored()
			return &NonFinite{metrics.Place{Side: g.models[k].side, Sequence: piece, Position: position, Token: i}, float64(logits[i])}
		}
	}
	return nil
}
