package weights

import (
	"bytes"
	"context"
	"fmt"

	"olmotool/formats"
	"olmotool/internal/element"
	"olmotool/internal/sweep"
)

// scan is the one pass over both models: it finds which pairs differ, and where
// there are values that are no numbers. For models that are equal it is all.
func (c *comparison) scan(ctx context.Context) error {
	type job struct {
		*pair
		want, got formats.Tensor
		tally     *tally // if there is no pair, or nothing to compare
	}
	var jobs []job
	alone := func(t formats.Tensor, to *tally) {
		if t.DType.IsFloat() || len(scales[t.DType]) > 0 {
			jobs = append(jobs, job{got: t, tally: to})
		}
	}
	for _, p := range c.pairs {
		if p.want.Data == nil {
			alone(p.ref, p.refBad)
			alone(p.cand, p.candBad)
			continue
		}
		want := p.want
		if p.ref.DType != p.cand.DType {
			// What a cast makes of REF is compared; what REF holds is tallied.
			seen := p.ref
			seen.Data = watched{p.ref.Data, p.ref.DType, p.refBad}
			var err error
			if want, err = formats.Cast(seen, p.cand.DType, nil); err != nil {
				return err
			}
		}
		jobs = append(jobs, job{pair: p, want: want, got: p.cand})
	}
	for i, ts := range [][]formats.Tensor{c.missing, c.extra} {
		for _, t := range ts {
			n := new(tally)
			alone(t, n)
			c.lone = append(c.lone, lone{t, [...]string{"ref", "cand"}[i], n})
		}
	}
	elems := make([]int64, len(jobs))
	var total int64
	for i, j := range jobs {
		elems[i] = j.got.Elements()
		total += j.got.Bytes()
	}
	advance := c.stage("comparing weights", total)
	return sweep.Each(ctx, c.Threads, elems, pieces, func(w *worker, i int, lo, n int64) error {
		j := jobs[i]
		d := j.got.DType
		if j.tally != nil {
			b, off := w.at(0, d, lo, n)
			if err := formats.ReadFull(j.got.Data, b, off); err != nil {
				return fmt.Errorf("tensor %q: %w", j.got.Name, err)
			}
			j.tally.scan(d, b, lo)
			advance(int64(len(b)))
			return nil
		}
		a, b, off, err := w.read(j.want, j.got, lo, n, refCand)
		if err != nil {
			return err
		}
		equal := bytes.Equal(a, b)
		j.candBad.scan(d, b, lo)
		switch {
		case j.ref.DType != d: // watched
		case equal:
			j.refBad.scan(d, b, lo)
		default:
			j.refBad.scan(d, a, lo)
		}
		if !equal {
			if k := differing(d, a, b, j.loose); k >= 0 {
				lower(&j.diff, off+k+1)
			}
		}
		advance(int64(len(b)))
		return nil
	})
}

// lone is a tensor that has no partner.
type lone struct {
	formats.Tensor
	side string
	bad  *tally
}

// differing returns the first byte in which a and b differ; with loose, a NaN
// does not differ from another.
func differing(d formats.DType, a, b []byte, loose bool) int64 {
	k := firstDiff(a, b)
	if !loose || k < 0 {
		return k
	}
	w := d.BlockBytes()
	for i := k / w * w; i < int64(len(a)); i += w {
		x, y := element.Bits(a[i:i+w]), element.Bits(b[i:i+w])
		if x != y && !(isNaN(d, x) && isNaN(d, y)) {
			return max(i, k)
		}
	}
	return -1
}

// stage tells Progress that a stage begins.
func (c *comparison) stage(name string, total int64) func(int64) {
	if c.Progress != nil {
		if advance := c.Progress(name, total); advance != nil {
			return advance
		}
	}
	return func(int64) {}
}

func (c *comparison) note(format string, args ...any) {
	c.report.Notes = append(c.report.Notes, fmt.Sprintf(format, args...))
}
