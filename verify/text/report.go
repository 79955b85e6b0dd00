package text

import (
	"fmt"

	"olmotool/accel"
	"olmotool/internal/jsonnum"
	"olmotool/verify/metrics"
)

// Stat is a value and its standard error. Where it is beyond float64, as the
// perplexity of a model that is all wrong, JSON has null.
type Stat struct {
	Value float64 `json:"value"`
	Error float64 `json:"error"`
}

// MarshalJSON writes null for what is not finite.
func (s Stat) MarshalJSON() ([]byte, error) {
	type plain Stat
	return jsonnum.Marshal(plain(s))
}

// Report is what was found over all scored tokens.
type Report struct {
	Tokens  int `json:"tokens"`  // of the text
	Context int `json:"context"` // tokens of a piece
	Pieces  int `json:"pieces"`
	Scored  int `json:"scored"` // tokens predicted, over all pieces

	NLLRef        Stat `json:"nll_ref"` // mean negative log likelihood of a token, nats
	PerplexityRef Stat `json:"perplexity_ref"`

	*Comparison // nil if there was no candidate
}

// Comparison is what two models have. Differences are candidate minus reference;
// KL is KL(ref‖cand) in nats.
type Comparison struct {
	NLLCand        Stat    `json:"nll_cand"`
	PerplexityCand Stat    `json:"perplexity_cand"`
	Correlation    float64 `json:"ln_perplexity_correlation,omitempty"` // absent where one of both does not vary
	LnRatio        Stat    `json:"ln_perplexity_ratio"`
	Ratio          Stat    `json:"perplexity_ratio"`
	Difference     Stat    `json:"perplexity_difference"`

	KL          Stat      `json:"kl_mean"`
	KLMax       float64   `json:"kl_max"`
	KLQuantiles Quantiles `json:"kl_quantiles"`

	// DeltaP is the change of the probability of the token that came, in percent.
	DeltaP          Stat      `json:"delta_p"`
	DeltaPRMS       Stat      `json:"delta_p_rms"`
	DeltaPQuantiles Quantiles `json:"delta_p_quantiles"`
	SameTop         Stat      `json:"same_top_p"` // percent
}

// Quantiles are values by the percentage of positions that have no larger one,
// for each of [Percents].
type Quantiles map[string]float64

// Percents are the keys of [Quantiles], the largest first.
var Percents = [...]string{"100", "99.9", "99", "95", "90", "75", "50", "25", "10", "5", "1", "0.1", "0"}

// NonFinite is the error of a model that computed a logit that is no number: its
// perplexity has no meaning. It is an answer about the model, not bad input.
type NonFinite struct {
	metrics.Place // the piece is the sequence
	Value         float64
}

func (e *NonFinite) Error() string {
	side := map[string]string{"ref": "reference", "cand": "candidate", "": "model"}[e.Side]
	return fmt.Sprintf("text: found %v as the %s's logit of token %d after position %d of piece %d, expected a finite number",
		e.Value, side, e.Token, e.Position, e.Sequence)
}

// limit is the largest logit that is taken for a number: what float32 can hold is
// below, and sums of squares of what is below are finite.
const limit = 1e100

// firstBad returns the index of the first number that is not within the limit, or
// −1.
func firstBad[T accel.Float](row []T) int {
	for i, v := range row {
		if x := float64(v); !(-limit <= x && x <= limit) {
			return i
		}
	}
	return -1
}
