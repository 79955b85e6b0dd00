package weights

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"olmotool/formats"
)

// fewRows explains a difference that is in some rows only: a run of them, or as
// many as can be listed.
func (x *patient) fewRows(ctx context.Context) (finding, error) {
	m := x.m
	if len(x.got.Shape) < 2 || m.rows == x.got.Shape[0] {
		return finding{}, nil
	}
	rows := x.got.Shape[0]
	switch {
	case m.hi-m.lo+1 == m.rows:
		why, err := x.ofRows(ctx, m.lo, m.hi+1)
		return finding{say: fmt.Sprintf("%s of %d changed%s: %s", span("row", m.lo, m.hi), rows, x.headsOf(m.lo, m.hi+1), why)}, err
	case m.rows <= maxListed:
		whys := make([]string, len(m.first))
		for i, r := range m.first {
			var err error
			if whys[i], err = x.ofRows(ctx, r, r+1); err != nil {
				return finding{}, err
			}
		}
		why := whys[0]
		if slices.ContainsFunc(whys, func(w string) bool { return w != why }) {
			why = strings.Join(whys, "; ")
		}
		return finding{say: fmt.Sprintf("rows %s of %d changed: %s", numbers(m.first, ", "), rows, why)}, nil
	case m.rows*nearly <= rows:
		return finding{say: fmt.Sprintf("%d of %d rows changed, the first of them %d", m.rows, rows, m.first[0])}, nil
	}
	return finding{}, nil
}

// ofRows says what became of rows [lo, hi).
func (x *patient) ofRows(ctx context.Context, lo, hi int64) (string, error) {
	ref, got, err := x.hashRows(ctx)
	if err != nil {
		return "", err
	}
	if ref != nil {
		// REF's rows from another place, one after the other.
		if at := slices.Index(ref, got[lo]); at >= 0 && int64(at)+hi-lo <= int64(len(ref)) && slices.Equal(ref[at:int64(at)+hi-lo], got[lo:hi]) {
			return "REF's " + span("row", int64(at), int64(at)+hi-lo-1), nil
		}
	}
	y := &patient{comparison: x.comparison, name: x.name, loose: x.loose, part: true}
	for _, t := range []struct{ to, of *formats.Tensor }{{&y.ref, &x.ref}, {&y.want, &x.want}, {&y.got, &x.got}} {
		if *t.to, err = formats.Rows(*t.of, lo, hi); err != nil {
			return "", err
		}
	}
	if y.m, err = x.measured(ctx, y.want, y.got, x.loose); err != nil {
		return "", err
	}
	for _, try := range []func(context.Context) (finding, error){y.constant, y.valuewise, y.scaled} {
		f, err := try(ctx)
		if err != nil || f.say != "" {
			return f.say, err
		}
	}
	if !y.m.measured {
		return "other blocks", nil
	}
	return fmt.Sprintf("%d elements, by a relative error of %.2g", y.m.changed, y.m.relRMS()), nil
}

// headsOf names rows that are whole heads.
func (x *patient) headsOf(lo, hi int64) string {
	if x.rowHeads() == 0 {
		return ""
	}
	dim := x.comparison.ref.Config.HeadDim
	if dim < 1 || lo%dim != 0 || hi%dim != 0 {
		return ""
	}
	return " (" + span("head", lo/dim, hi/dim-1) + ")"
}

// span names the first to the last of something.
func span(what string, lo, hi int64) string {
	if lo == hi {
		return fmt.Sprintf("%s %d", what, lo)
	}
	return fmt.Sprintf("%ss %d–%d", what, lo, hi)
}

// fewColumns recognises a difference that is in some columns only.
func (x *patient) fewColumns(context.Context) (finding, error) {
	n, first := x.m.changedColumns()
	if n == 0 || len(x.got.Shape) != 2 || n*nearly > x.got.Shape[1] {
		return finding{}, nil
	}
	if n == 1 {
		return finding{say: fmt.Sprintf("column %d of %d changed, in %d of %d rows", first, x.got.Shape[1], x.m.rows, x.got.Shape[0])}, nil
	}
	return finding{say: fmt.Sprintf("%d of %d columns changed, the first of them %d", n, x.got.Shape[1], first)}, nil
}
