package stats

import (
	"context"

	"olmotool/formats"
)

// Options say how tensors are read.
type Options struct {
	Threads int // 0 or 1: one
	// Exact asks for exact quantiles and histograms of types wider than 16 bits
	// too, for which large tensors are read a second time.
	Exact bool
	// Progress, if set, is told of bytes as they are read, from several
	// goroutines. Those of a second pass do not count.
	Progress func(n int64)
}

// Stats is what is known of the values of one tensor.
//
// Elements that are NaN are counted and otherwise left out, as by numpy's
// nanmin, nanmean and so on. Infinities are values: with one, Mean is infinite,
// and Std is NaN. Where there is nothing to take a number of, it is NaN. Floats
// of JSON are null where they are not finite.
type Stats struct {
	Elements int64 `json:"elements"`

	// Min and Max are the elements themselves; of I64 and U64, beyond 2^53,
	// rounded to float64. Zero has no sign.
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
	Mean   float64 `json:"mean"`
	Std    float64 `json:"std"` // of the population: divided by the count (numpy's ddof=0)
	RMS    float64 `json:"rms"` // root of the mean of squares
	AbsMax float64 `json:"absmax"`

	Zeros         int64 `json:"zeros"` // of both signs
	NegativeZeros int64 `json:"negative_zeros"`
	Denormals     int64 `json:"denormals"` // of the tensor's own type; of quantised ones, of float32
	NaN           int64 `json:"nan"`
	Inf           int64 `json:"inf"` // of both signs
	// FirstNonFinite is the index of the first element that is NaN or infinite.
	FirstNonFinite []int64 `json:"first_non_finite,omitempty"`

	// Quantiles are those of [Levels], interpolated between neighbours as numpy
	// does by default ("linear"). Each neighbour is off by at most the part
	// QuantileError of itself, a denormal by less than the smallest normal value.
	Quantiles     []float64 `json:"quantiles"`
	QuantileError float64   `json:"quantile_error"`

	// Dead counts rows and columns that are all zero. Nil for less than two
	// dimensions, for types without a zero, and for more rows or columns than
	// are kept track of (4 Mi).
	Dead *Dead `json:"dead,omitempty"`

	Exponents Exponents `json:"exponents"`
	Histogram Histogram `json:"histogram"`

	// Elements that would not be the same in a narrower type, rounded to nearest:
	// none of F32 is lossy in BF16 where a bfloat16 model was stored in float32.
	// A NaN stays one in any type. Overflow counts finite values that would
	// become infinite; they are among the lossy.
	LossyF32    int64 `json:"lossy_f32"`
	LossyBF16   int64 `json:"lossy_bf16"`
	LossyF16    int64 `json:"lossy_f16"`
	OverflowF16 int64 `json:"overflow_f16"`
}

// Levels are the parts of the elements that lie below each of [Stats.Quantiles].
var Levels = [...]float64{0.001, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 0.999}

// Dead counts rows and columns that are all zero. A row is a step along the last
// dimension: the rows of a stack of matrices are those of all of them.
type Dead struct {
	Rows        int64 `json:"rows"`
	Columns     int64 `json:"columns"`
	FirstRow    int64 `json:"first_row"`    // -1 if there is none
	FirstColumn int64 `json:"first_column"` // -1 if there is none
}

// Exponents counts elements by power of two: Counts[i] have 2^e ≤ |x| < 2^(e+1)
// with e = First+i. Neither end of Counts is zero. Zeros, denormals and what is
// not finite are left out.
type Exponents struct {
	First  int     `json:"first"`
	Counts []int64 `json:"counts"`
}

// Bins is the number of bins of a [Histogram].
const Bins = 64

// Histogram counts finite elements in [Bins] bins of one width over [Low, High],
// the quantiles 0.001 and 0.999 of the finite elements; the last bin has its
// upper end too. If Low = High all lie in the middle bin. Of a type wider than
// 16 bits, elements are taken to be spread evenly where quantiles are not exact.
type Histogram struct {
	Low    float64 `json:"low"`
	High   float64 `json:"high"`
	Counts []int64 `json:"counts"` // none if no element is finite
	Below  int64   `json:"below"`
	Above  int64   `json:"above"`
}

// Supported reports whether tensors of that type can be looked at: all plain
// types of whole bytes but the complex ones, and the quantised types that can be
// decoded.
func Supported(d formats.DType) bool {
	_, ok := kindOf(d)
	return ok
}

// Of returns the statistics of t. Its error is a *formats.Error that names the
// tensor, or that of ctx.
func Of(ctx context.Context, t formats.Tensor, o Options) (*Stats, error) {
	var out *Stats
	err := All(ctx, []formats.Tensor{t}, o, func(_ int, s *Stats) error {
		out = s
		return nil
	})
	if err == nil && out == nil {
		err = formats.Errorf(t.Origin.File, place(t), "found %s, expected a type whose values can be read", t.DType)
	}
	return out, err
}
