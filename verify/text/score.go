package text

import (
	"context"

	"olmotool/accel"
	"olmotool/verify/forward"
)

// Score returns the negative log likelihood, in nats, of each scored token of a
// text, in its order. Their [Mean] is what [Run] calls NLLRef; those of two models
// are compared by their [Difference]. Errors are those of Run.
//
// Memory is that of Run, with 40 bytes for each scored token.
func Score[T accel.Float](ctx context.Context, m *forward.Pass[T], ids []int32, o Options) ([]float64, error) {
	return losses(ctx, model[T]{m, "", m.Config}, ids, o)
}

// losses is Score of a model.
func losses[T accel.Float](ctx context.Context, m model[T], ids []int32, o Options) ([]float64, error) {
	all, err := scored(ctx, []model[T]{m}, ids, o)
	if err != nil {
		return nil, err
	}
	out := make([]float64, len(all))
	for i := range all {
		out[i] = all[i].nll[0]
	}
	return out, nil
}

// Mean returns the mean of one number or more, and its standard error.
func Mean(x []float64) Stat {
	return meanOf(len(x), func(i int) float64 { return x[i] })
}

// Difference returns the mean of b[i] − a[i] and its standard error, of losses of
// the same tokens. What makes a token hard is the same for both, and cancels: the
// error is much smaller than that of either mean where the models are alike.
func Difference(a, b []float64) Stat {
	return meanOf(len(a), func(i int) float64 { return b[i] - a[i] })
}
