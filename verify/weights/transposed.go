package weights

import (
	"context"

	"olmotool/verify/internal/view"
)

// transposed tries the transpose of a matrix, square or of the other shape.
func (x *patient) transposed(ctx context.Context) (finding, error) {
	base, ok := x.values()
	s, g := x.ref.Shape, x.got.Shape
	if !ok || x.part || len(s) != 2 || len(g) != 2 || s[0] != g[1] || s[1] != g[0] {
		return finding{}, nil
	}
	t, ok := x.typed(view.Transpose(base))
	if !ok {
		return finding{}, nil
	}
	how, err := x.nearlyIs(ctx, t, x.got, x.loose)
	if err != nil || how == "" {
		return finding{}, err
	}
	return finding{say: "transposed: " + how + " REF's transpose"}, nil
}
