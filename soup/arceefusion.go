package soup

import (
	"context"
	"math"
)

// arceeFusionMethod takes one pass for the rows and those of [cuts] that find keys.
var arceeFusionMethod = Method{
	Name: "arcee_fusion",
	Doc: "x where it matters, else the base: where |x-base|·KL is at least the median + 1.5·(third - first quartile) of all such " +
		"products, with KL the divergence of the row's softmax in the model from that in the base.",
	Base: NeedsBase, Min: 1, Max: 1,
	Prepare: prepareArceeFusion,
}

// fusionShift is added to probabilities before they are compared.
const fusionShift = 1e-8

// prepareArceeFusion finds the divergence of each row and then the quartiles, of
// n values in order those at floor(q·(n-1)), of all elements. mergekit takes
// those of a sample of 10⁶, of larger tensors, and its result differs from run to
// run.
func prepareArceeFusion(ctx context.Context, t *Tensor) (Range, error) {
	row, err := t.row()
	if err != nil {
		return nil, err
	}
	n := t.elements()
	if n == 0 {
		return copyFirst, nil
	}
	if n/row > maxRows {
		return nil, t.errorf("found %d rows, expected at most %d", n/row, maxRows)
	}
	f := fusion{row: row}
	if err := f.divergences(ctx, t); err != nil {
		return nil, err
	}
	var counts []int64
	for q := range int64(3) {
		// floor((q+1)·(n-1)/4), without overflow, from the other end
		counts = append(counts, n-((n-1)/4*(q+1)+(n-1)%4*(q+1)/4))
	}
	quartiles, err := t.series(ctx, t.scan, func(x [][]float64, base []float64, at int64, see see) {
		for j := range base {
			base[j] = f.importance(x[0][j], base[j], at+int64(j))
		}
		see(0, base, at)
	}).searchKeys([][]int64{counts})
	if err != nil {
		return nil, err
	}
	q := func(i int) float64 { return math.Float64frombits(quartiles[i].low) }
	f.threshold = q(1) + float64(1.5*(q(2)-q(0)))
	return f.compute, nil
}

// fusion is what a range is computed with.
type fusion struct {
	row       int64
	kl        []float64 // of each row
	threshold float64
}

func (f *fusion) compute(dst []float64, x [][]float64, base []float64, at int64) {
	for j, b := range base[:len(dst)] {
		dst[j] = b
		if v := x[0][j]; f.importance(v, b, at+int64(j)) >= f.threshold {
			dst[j] = v
		}
	}
}

func (f *fusion) importance(x, base float64, i int64) float64 {
	return float64(math.Abs(x-base) * f.kl[i/f.row])
}

// divergences fills kl.
func (f *fusion) divergences(ctx context.Context, t *Tensor) error {
	return t.scan(ctx, f.row, blocks(t.elements(), f.row), func(int64) (look, func() error) {
		var kl []float64
		return func(x [][]float64, base []float64, _ int64) {
				eachRow(int(f.row), nil, x, base, func(_ []float64, x [][]float64, base []float64) {
					kl = append(kl, divergence(x[0], base))
				})
			}, func() error {
				f.kl = append(f.kl, kl...)
				return nil
			}
	})
}

// divergence is Σ p·log(p/q), with p and q the softmax of x and y, and
// fusionShift added to both. p - q, which adds up to nothing, is taken from each
// term: none is then below zero, and the small terms of rows that differ little
// do not drown in larger ones of both signs.
func divergence(x, y []float64) float64 {
	lx, ly := logSumExp(x), logSumExp(y)
	var sum float64
	for i, v := range y {
		q := math.Exp(v - ly)
		shifted := q + fusionShift
		d := (x[i] - v) - (lx - ly) // log p/q, before the shift
		var r float64               // (p - q)/q
		if math.Abs(d) < 1 {
			r = q * math.Expm1(d) / shifted
		} else {
			r = (math.Exp(x[i]-lx) - q) / shifted
		}
		sum += float64(shifted * excess(r))
	}
	return sum
}

// excess is (1+r)·log(1+r) - r, which is never below zero.
func excess(r float64) float64 {
	if math.Abs(r) < 1e-4 {
		return float64(r * r * (0.5 - r/6 + float64(r*r)/12))
	}
	return max(0, float64((1+r)*math.Log1p(r))-r)
}

// logSumExp is log Σ exp x.
func logSumExp(x []float64) float64 {
	largest := math.Inf(-1)
	for _, v := range x {
		largest = max(largest, v)
	}
	var sum float64
	for _, v := range x {
		sum += math.Exp(v - largest)
	}
	return largest + math.Log(sum)
}
