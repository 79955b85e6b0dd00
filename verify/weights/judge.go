package weights

import (
	"context"
	"fmt"
	"strings"

	"olmotool/formats"
	"olmotool/internal/element"
)

// judge counts what passes, and lists what does not.
func (c *comparison) judge(ctx context.Context) error {
	r := c.report
	var failed []*pair
	for _, p := range c.pairs {
		ok, err := c.passes(ctx, p)
		switch {
		case err != nil:
			return err
		case ok:
		case p.candStandsIn:
			r.Missing = append(r.Missing, p.ref.Name)
			continue
		case p.refStandsIn:
			r.Extra = append(r.Extra, p.cand.Name)
			continue
		default:
			failed = append(failed, p)
		}
		if err := c.report.nonFinite(p, ok); err != nil {
			return err
		}
	}
	for _, l := range c.lone {
		if err := r.place(l.side, l.Tensor, l.bad); err != nil {
			return err
		}
	}
	c.failed = failed[:min(len(failed), MaxFailures)]
	r.MoreFailures = len(failed) - len(c.failed)
	return nil
}

// passes applies the rule of a pair.
func (c *comparison) passes(ctx context.Context, p *pair) (bool, error) {
	r := c.report
	if p.want.Data != nil && p.diff.Load() == 0 {
		switch p.rule {
		case "W2":
			r.Identical++
			return true, nil
		case "W3":
			// REF may be finite and CAND, rightly rounded, not.
			if p.refBad.nan.Load() != p.candBad.nan.Load() || p.refBad.inf.Load() != p.candBad.inf.Load() {
				p.rule = "W6"
				return false, nil
			}
			r.Cast++
			return true, nil
		}
		if p.candBad.any() && !p.refBad.any() {
			p.rule = "W6"
			return false, nil
		}
		r.Quantised++
		return true, nil
	}
	if p.bound == 0 || p.why != "" {
		return false, nil
	}
	want, err := formats.Cast(p.ref, formats.F32, nil)
	if err != nil {
		return false, err
	}
	got, err := formats.Cast(p.cand, formats.F32, nil)
	if err != nil {
		return false, err
	}
	if p.measure, err = c.measured(ctx, want, got, true); err != nil {
		return false, err
	}
	if m := p.measure; m.relRMS() > p.bound || m.nan[0] != m.nan[1] || m.inf[0] != m.inf[1] {
		return false, nil
	}
	r.Bounded++
	return true, nil
}

// nonFinite reports what is no number in a pair.
func (r *Report) nonFinite(p *pair, equal bool) error {
	if equal && p.refBad.any() && p.candBad.any() {
		return r.place("both", p.cand, p.candBad)
	}
	if err := r.place("ref", p.ref, p.refBad); err != nil {
		return err
	}
	return r.place("cand", p.cand, p.candBad)
}

func (r *Report) place(side string, t formats.Tensor, bad *tally) error {
	if !bad.any() || len(r.NonFinite) == MaxFailures {
		return nil
	}
	i := bad.first.Load() - 1
	value, err := element.Print(t, i)
	if err != nil {
		return fmt.Errorf("tensor %q: %w", t.Name, err)
	}
	if value == "" {
		value = "a scale that is no number"
	}
	value, _, _ = strings.Cut(value, " (")
	r.NonFinite = append(r.NonFinite, NonFinite{
		Side: side, Name: t.Name, NaN: bad.nan.Load(), Inf: bad.inf.Load(), First: element.Index(t.Shape, i), Value: value,
	})
	return nil
}
