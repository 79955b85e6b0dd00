package weights

import (
	"context"
	"fmt"
	"slices"

	"olmotool/formats"
	"olmotool/verify/internal/view"
)

// misshapen diagnoses a tensor of another shape than REF's.
func (c *comparison) misshapen(ctx context.Context, p *pair) (finding, error) {
	x := &patient{comparison: c, name: p.ref.Name, ref: p.ref, got: p.cand, loose: p.ref.DType != p.cand.DType}
	shapes := fmt.Sprintf("shape %v, expected %v", p.cand.Shape, p.ref.Shape)
	want, err := formats.Cast(p.ref, p.cand.DType, nil)
	if err != nil {
		return finding{say: shapes}, nil
	}
	x.want = want
	for _, try := range []func(context.Context) (finding, error){x.transposed, x.reshaped, x.otherTensor, x.otherRows} {
		f, err := try(ctx)
		if err != nil {
			return f, err
		}
		if f.say != "" {
			f.say = shapes + ": " + f.say
			return f, nil
		}
	}
	if s, g := p.ref.Shape, p.cand.Shape; len(s) == 2 && len(g) == 2 && s[0] == g[1] && s[1] == g[0] {
		shapes += ": that of the transpose, whose values it has not"
	}
	return finding{say: shapes}, nil
}

// reshaped recognises the same values in another shape.
func (x *patient) reshaped(ctx context.Context) (finding, error) {
	if x.want.Bytes() != x.got.Bytes() {
		return finding{}, nil
	}
	same, err := x.equal(ctx, x.want, x.got, x.loose)
	if err != nil || !same {
		return finding{}, err
	}
	return finding{say: "the same values in the same order"}, nil
}

// otherRows compares tensors that differ in the number of rows: a vocabulary
// that was padded, heads that were repeated.
func (x *patient) otherRows(ctx context.Context) (finding, error) {
	s, g := x.want.Shape, x.got.Shape
	if len(s) == 0 || len(s) != len(g) || !slices.Equal(s[1:], g[1:]) {
		return finding{}, nil
	}
	ref, got, err := x.hashRows(ctx)
	if err != nil || len(ref) == 0 || len(got) == 0 {
		return finding{}, err
	}
	n := int64(min(len(ref), len(got)))
	common := int64(0)
	for common < n && ref[common] == got[common] {
		common++
	}
	if common < n {
		a := axis{what: "row", ref: ref, got: got, heads: x.rowHeads()}
		a.view = func(source func(int64) int64) (formats.Tensor, error) {
			return view.Gather(x.want, int64(len(got)), source)
		}
		if f, err := x.headOrder(ctx, a); err != nil || f.say != "" {
			return f, err
		}
		same := 0
		for i := range n {
			if ref[i] == got[i] {
				same++
			}
		}
		if same == 0 {
			return finding{}, nil
		}
		return finding{say: fmt.Sprintf("%d of the %d rows that both have are equal, row %d is not", same, n, common)}, nil
	}
	if ok, err := x.sameRows(ctx, n); err != nil || !ok {
		return finding{}, err
	}
	if len(got) < len(ref) {
		return finding{say: fmt.Sprintf("the last %d rows are missing, the others are equal", len(ref)-len(got))}, nil
	}
	what, err := x.padding(ctx, n)
	return finding{say: fmt.Sprintf("%d rows more than REF, %s; those that REF has are equal", len(got)-len(ref), what)}, err
}

// sameRows makes sure, in bytes, that the first n rows of both are equal.
func (x *patient) sameRows(ctx context.Context, n int64) (bool, error) {
	a, err := formats.Rows(x.want, 0, n)
	if err != nil {
		return false, err
	}
	b, err := formats.Rows(x.got, 0, n)
	if err != nil {
		return false, err
	}
	return x.equal(ctx, a, b, x.loose)
}

// padding says what the rows from n on hold.
func (x *patient) padding(ctx context.Context, n int64) (string, error) {
	rest, err := formats.Rows(x.got, n, x.got.Shape[0])
	if err != nil {
		return "", err
	}
	m, err := x.measured(ctx, rest, rest, false)
	switch {
	case err != nil:
		return "", err
	case m.measured && m.gg == 0 && m.nan[1]+m.inf[1] == 0:
		return "all zeros", nil
	}
	got := x.gotRows[n:]
	for _, h := range got {
		if h != got[0] {
			return "with values of their own", nil
		}
	}
	return "all the same", nil
}
