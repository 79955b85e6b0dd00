// Package metrics has the definitions of what is measured between two runs of a
// model, computed in float64.
//
// An [Accumulator] takes the logits of both runs a block of rows at a time and
// gives [Logits]; [Compare] does the same for activations of one layer. What is
// not a number is counted, told with its first place, and kept out of every
// average: a number that could not be computed, because nothing finite was
// left, is NaN in Go and null in JSON.
//
// Results do not depend on the number of threads: a row is summed by one
// goroutine, and rows are added in their order.
package metrics

import "olmotool/internal/jsonnum"

// Logits compares the logits of a candidate with those of a reference over all
// positions at which both are finite.
type Logits struct {
	Positions   int     `json:"positions"`
	Vocab       int     `json:"vocab"`
	MaxAbs      float64 `json:"max_abs"`
	MaxAbsAt    [3]int  `json:"max_abs_at"` // sequence, position, token id
	MeanAbs     float64 `json:"mean_abs"`
	P99Abs      float64 `json:"p99_abs"`         // at most 0.1 % too large
	RelRMS      float64 `json:"rel_rms"`         // √(Σ(a−b)²/Σb²)
	CentredRMS  float64 `json:"centred_rel_rms"` // of rows less their means: softmax does not see these
	NMSEVar     float64 `json:"nmse"`            // mean (a−b)² / var(b), as llama.cpp's check
	NMSEEnergy  float64 `json:"nmse_energy"`     // Σ(a−b)²/Σb²
	OneMinusCos float64 `json:"one_minus_cosine"`
	RefStd      float64 `json:"ref_std"` // standard deviation of the reference's logits within a row, averaged
	// MaxAbsStd is the largest ratio, over positions, of the largest error to the
	// standard deviation of the reference's row.
	MaxAbsStd float64 `json:"max_abs_over_std"`
	KLMean    float64 `json:"kl_mean"` // KL(ref‖cand) per position, nats
	KLP99     float64 `json:"kl_p99"`
	KLMax     float64 `json:"kl_max"`
	KLMaxAt   [2]int  `json:"kl_max_at"` // sequence, position
	KLReverse float64 `json:"kl_reverse_mean"`
	Top1      float64 `json:"top1_agreement"`
	Top10     float64 `json:"top10_overlap"`
	// Flips are positions whose most likely token differs; Unexcused those of
	// them where the reference's margin is more than twice the allowed error.
	Flips     int   `json:"flips"`
	Unexcused int   `json:"unexcused_flips"`
	NaN       int64 `json:"nan"`
	Inf       int64 `json:"inf"`
	// NonFinite is the number of positions left out because of a NaN or an
	// infinity on either side.
	NonFinite int `json:"non_finite_positions"`
	// NonFiniteAt is the first NaN or infinity: sequence, position, token id and
	// whose, "ref" or "cand"; nil if there is none.
	NonFiniteAt *Place `json:"non_finite_at,omitempty"`
}

// MarshalJSON writes null for what could not be computed.
func (l Logits) MarshalJSON() ([]byte, error) {
	type plain Logits
	return jsonnum.Marshal(plain(l))
}

// Place is a logit.
type Place struct {
	Side     string `json:"side"`
	Sequence int    `json:"sequence"`
	Position int    `json:"position"`
	Token    int    `json:"token"`
}
