package soup

import (
	"encoding/json"
	"math"
	"slices"

	"olmotool/internal/jsonnum"
)

// Matrix has a row and a column for each model. What is not known is NaN, in JSON
// null.
type Matrix [][]float64

// MarshalJSON writes NaN and infinities as null.
func (m Matrix) MarshalJSON() ([]byte, error) {
	out := make([][]*float64, len(m))
	for i, row := range m {
		out[i] = make([]*float64, len(row))
		for j := range row {
			if v := row[j]; v-v == 0 {
				out[i][j] = &row[j]
			}
		}
	}
	return json.Marshal(out)
}

// Figures are those of a tensor, or of several as one vector. Lengths are
// Euclidean. A figure that is a quotient by zero is NaN or infinite, in JSON null.
type Figures struct {
	Elements int64 `json:"elements"`
	// Norms are the lengths of the models, MeanNorm that of their plain mean.
	Norms    []float64 `json:"norms"`
	MeanNorm float64   `json:"mean_norm"`
	// Shrinkage is MeanNorm over the mean of Norms: 1 for models that are the same,
	// 1/√n for n that have nothing in common.
	Shrinkage float64 `json:"shrinkage"`
	// Spread is the root mean square of the models' distances from their mean, and
	// Dispersion that over MeanNorm.
	Spread     float64 `json:"spread"`
	Dispersion float64 `json:"dispersion"`
	// FromOthers are the distances of each model from the mean of the others.
	FromOthers []float64 `json:"from_others"`
	// Cosines and Distances are those between the weights of each two models.
	Cosines   Matrix `json:"cosines"`
	Distances Matrix `json:"distances"`
	// BaseCosines are those between the weights of each model and the base; nil where
	// there is none.
	BaseCosines []float64 `json:"base_cosines,omitempty"`
	// DeltaNorms and DeltaCosines are of the differences of the models from the
	// base, or from the mean where there is no base.
	DeltaNorms   []float64 `json:"delta_norms"`
	DeltaCosines Matrix    `json:"delta_cosines"`
	// Rounding is what becomes of the result; nil if only the models were looked at.
	Rounding *Rounding `json:"rounding,omitempty"`
}

// MarshalJSON writes NaN and infinities as null.
func (f Figures) MarshalJSON() ([]byte, error) { return jsonnum.Marshal(f) }

// Rounding is what the element type of the result does to it.
type Rounding struct {
	DTypes []string `json:"dtypes"` // of the result
	// ResultNorm is the length of the result.
	ResultNorm float64 `json:"result_norm"`
	// Changed is the share of the elements that are not numbers of the type before
	// they are rounded, as far as float64 can tell: not if they are near to one by
	// 2^-50 of the sum of the sizes of their terms.
	Changed float64 `json:"changed"`
	// Error is the length of what rounding adds, OfSpread that over the Spread of the
	// models, and OfResult over ResultNorm.
	Error    float64 `json:"error"`
	OfSpread float64 `json:"of_spread"`
	OfResult float64 `json:"of_result"`
	// Equal are the shares of the elements of the result that are those of each
	// model.
	Equal []float64 `json:"equal"`
}

// MarshalJSON writes NaN and infinities as null.
func (r Rounding) MarshalJSON() ([]byte, error) { return jsonnum.Marshal(r) }

// measured are the sums that figures are made of.
type measured struct {
	elements int64
	gram     gram
	rounded  bool // there is a result
	dtypes   []string
	changed  int64
	err2     float64 // Σ (result − what it was rounded from)²
	result2  float64 // Σ result²
	equal    []int64
}

func newMeasured(models int) *measured {
	return &measured{gram: square(models + 1), equal: make([]int64, models)}
}

// add adds the sums of a block or a tensor.
func (s *measured) add(o *measured) {
	s.elements += o.elements
	s.gram.add(o.gram)
	s.rounded = s.rounded || o.rounded
	for _, d := range o.dtypes {
		if !slices.Contains(s.dtypes, d) {
			s.dtypes = append(s.dtypes, d)
		}
	}
	s.changed += o.changed
	s.err2 += o.err2
	s.result2 += o.result2
	for i, n := range o.equal {
		s.equal[i] += n
	}
}

// figures computes the figures of the sums.
func (s *measured) figures(hasBase bool) Figures {
	g := s.gram
	n := g.models()
	f := Figures{Elements: s.elements, MeanNorm: math.Sqrt(g.mean())}
	weights, length := g.weights(), 0.0
	for i := range n {
		f.Norms = append(f.Norms, math.Sqrt(weights[i][i]))
		length += f.Norms[i] / float64(n)
	}
	f.Shrinkage = f.MeanNorm / length
	cosines := angles(weights, noise*largest(weights))
	for i := range n {
		f.Cosines = append(f.Cosines, cosines[i][:n])
	}
	f.Distances = square(n)
	for i := range n {
		for j := range i {
			f.Distances[i][j] = g.distance(i, j)
			f.Distances[j][i] = f.Distances[i][j]
		}
	}
	centred := g.fromMean()
	least, spread2 := noise*largest(g.fromReference()), 0.0
	for i := range centred {
		v := centred[i][i]
		if v <= least {
			v = 0
		}
		spread2 += v / float64(n)
		f.FromOthers = append(f.FromOthers, float64(n)/float64(n-1)*math.Sqrt(v))
	}
	f.Spread = math.Sqrt(spread2)
	f.Dispersion = f.Spread / f.MeanNorm
	deltas := centred
	if hasBase {
		f.BaseCosines = cosines[n][:n]
		deltas, least = g.fromReference(), 0
	}
	for i := range deltas {
		f.DeltaNorms = append(f.DeltaNorms, math.Sqrt(deltas[i][i]))
	}
	f.DeltaCosines = angles(deltas, least)
	if s.rounded {
		f.Rounding = s.rounding(f.Spread)
	}
	return f
}

func (s *measured) rounding(spread float64) *Rounding {
	n := float64(s.elements)
	r := &Rounding{DTypes: s.dtypes, ResultNorm: math.Sqrt(s.result2), Changed: float64(s.changed) / n, Error: math.Sqrt(s.err2)}
	r.OfSpread, r.OfResult = r.Error/spread, r.Error/r.ResultNorm
	for _, k := range s.equal {
		r.Equal = append(r.Equal, float64(k)/n)
	}
	return r
}
