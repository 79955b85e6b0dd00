package weights

import (
	"context"
	"fmt"

	"olmotool/formats"
)

// patient is a tensor, or some rows of one, that is not what it should be.
type patient struct {
	*comparison
	name             string
	ref, want, got   formats.Tensor // want is ref in the type of got
	loose            bool
	m                *measure
	part             bool     // some rows of a tensor
	refRows, gotRows []uint64 // hashes, once they are needed
}

// diagnose tries one mistake after the other: first those that explain every
// value, then those that explain what differs.
func (x *patient) diagnose(ctx context.Context) (finding, error) {
	if x.m.changed == 0 {
		return finding{say: "other bytes for the same values: not the blocks that our quantiser makes"}, nil
	}
	for _, try := range []func(context.Context) (finding, error){
		x.constant, x.valuewise, x.fewElements, x.reversed, x.otherTensor, x.transposed,
		x.rowOrder, x.columnOrder, x.scaled, x.fewRows, x.fewColumns, x.shifted,
	} {
		f, err := try(ctx)
		if err != nil || f.say != "" {
			return f, err
		}
	}
	return x.unexplained(), nil
}

// constant recognises weights that were never set.
func (x *patient) constant(context.Context) (finding, error) {
	if m := x.m; m.measured && m.gg == 0 && m.nan[1]+m.inf[1] == 0 {
		return finding{say: "all zeros"}, nil
	}
	return finding{}, nil
}

// Stories without an end.
const (
	unrelated  = "other values, unrelated to REF's"
	unknown    = "no known mistake explains it"
	otherRound = "never more than one unit in the last place away: rounded another way"
)

// unexplained describes a difference that is none of the known mistakes.
func (x *patient) unexplained() finding {
	m := x.m
	n := fmt.Sprintf("%d of %d elements differ", m.changed, x.want.Elements())
	if !m.measured {
		return finding{say: unknown + ": " + n, story: unknown, vague: true}
	}
	rel, cos := m.relRMS(), m.cosine()
	switch {
	case m.ulp[0]+m.ulp[1] == x.want.Elements():
		return finding{say: otherRound + ": " + n, story: otherRound, vague: true}
	case rel > 0.5 && cos < 0.2 && cos > -0.2:
		return finding{say: fmt.Sprintf("%s: cosine %.2g", unrelated, cos), story: unrelated, vague: true}
	}
	f := finding{say: fmt.Sprintf("%s: %s, by a relative error of %.2g, cosine %.6g", unknown, n, rel, cos), story: unknown, vague: true}
	for _, d := range []struct {
		rel  float64
		name string
	}{{1.54e-3, "BF16"}, {1.9e-4, "F16"}, {5.3e-3, "Q8_0"}} {
		if rel > d.rel*0.7 && rel < d.rel*1.4 {
			f.story = fmt.Sprintf("%s; the error is about that of %s", unknown, d.name)
			f.say += ", about that of " + d.name
		}
	}
	return f
}
