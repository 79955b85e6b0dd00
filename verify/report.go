package verify

import (
	"olmotool/formats"
	"olmotool/internal/jsonnum"
	"olmotool/verify/metrics"
	"olmotool/verify/text"
	"olmotool/verify/weights"
)

// Report is the answer. Its JSON is a contract with pipelines: fields may be
// added, and are never renamed. Numbers that could not be computed, because of
// a NaN, and those without bound, are null in JSON; in Go they are what they are.
type Report struct {
	Accepted bool   `json:"accepted"`
	Rule     string `json:"rule"`    // name of the rule of the forward pass, or "weights" if only these were compared
	Verdict  string `json:"verdict"` // one line for a person
	// Reasons are why it was not accepted, the most telling first, a line each.
	Reasons []string `json:"reasons,omitempty"`
	Ref     Side     `json:"ref"`
	Cand    Side     `json:"cand"`

	Weights *weights.Report `json:"weights,omitempty"`
	Forward *Forward        `json:"forward,omitempty"`
	// NotRun says why there is no forward pass although it was asked for.
	NotRun   string          `json:"forward_not_run,omitempty"`
	Text     *text.Report    `json:"text,omitempty"`
	SelfTest *SelfTestReport `json:"self_test,omitempty"`

	// NotChecked is what this run could not have seen.
	NotChecked []string          `json:"not_checked"`
	Findings   []formats.Finding `json:"findings"`

	textNaN string // whose logits of the text are no numbers, "ref" or "cand"
}

// Side is one of the two models, or a golden file.
type Side struct {
	Path       string                  `json:"path"`
	Layout     string                  `json:"layout"` // of inspect, or "golden"
	Model      string                  `json:"architecture,omitempty"`
	Parameters int64                   `json:"parameters,omitempty"`
	DTypes     map[formats.DType]int64 `json:"-"` // bytes of each
}

// Forward is what the forward passes showed.
type Forward struct {
	Arithmetic string `json:"arithmetic"` // f32, f64 or bf16
	Sequences  int    `json:"sequences"`
	Tokens     int    `json:"tokens"` // of all sequences
	Input      string `json:"input"`  // where the tokens came from: "seed 0", "a.txt", …
	LayersRun  int    `json:"layers_run"`

	// Metrics compare the logits end to end: of the candidate with those of the
	// reference.
	Metrics *metrics.Logits `json:"metrics,omitempty"`
	// Expected compares the candidate with the reference in the candidate's types,
	// and Cost that with the reference: what the types cost. Both are nil if the
	// candidate's types hold the reference's values, or cannot be made.
	Expected *metrics.Logits `json:"metrics_expected,omitempty"`
	Cost     *metrics.Logits `json:"metrics_cost,omitempty"`
	// Layers compare the output of each layer; see [Layer].
	Layers []Layer `json:"layers,omitempty"`
	// FirstDivergence is nil if no limit was exceeded.
	FirstDivergence *Divergence `json:"first_divergence,omitempty"`
	// Sites are the operations of the first layer beyond its limit, in order,
	// each fed the reference's inputs.
	Sites []SiteError `json:"sites,omitempty"`
	// Positions and Heads are the relative error of the divergence's site by
	// token position and, where it has heads, by head.
	Positions []float64 `json:"positions,omitempty"`
	Heads     []float64 `json:"heads,omitempty"`

	Checks []Check `json:"checks"` // each limit of the rule, and what was found
}

// Layer compares the outputs of a layer: relRMS, √(Σ(a−b)²/Σb²). The reference
// is the one in the candidate's types, where that can be made and is what the
// candidate has to equal.
type Layer struct {
	Layer int `json:"layer"`
	// Local is the error when the candidate's layer is fed the reference's input.
	// It, Limit and WorstToken are NaN if only end to end was compared.
	Local float64 `json:"local"`
	Limit float64 `json:"limit"`
	// Floor is the reference's own error in this arithmetic against float64, if
	// it was measured.
	Floor *float64 `json:"floor,omitempty"`
	// WorstToken is the largest error of one position, and which it is.
	WorstToken    float64 `json:"worst_token"`
	WorstSequence int     `json:"worst_sequence"`
	WorstPosition int     `json:"worst_position"`
	// EndToEnd is the error of the residual stream when the candidate runs alone.
	EndToEnd float64 `json:"end_to_end"`
	// NonFinite is the number of positions left out because of a NaN or an
	// infinity, of either side.
	NonFinite int  `json:"non_finite_positions"`
	OK        bool `json:"ok"`
}

// Divergence is where the candidate first goes wrong.
type Divergence struct {
	Layer      int     `json:"layer"` // -1: before the first (embedding); the number of layers: the head
	Site       string  `json:"site"`
	Metric     string  `json:"metric"` // local, worst_token, non_finite, end_to_end
	Value      float64 `json:"value"`
	Limit      float64 `json:"limit"`
	Hypothesis string  `json:"hypothesis"` // one line

	Shape string `json:"-"` // of Hypothesis, what does not come from the comparison of weights and configs
	OfRef bool   `json:"-"` // what is no number is the reference's
}

// SiteError is the error of one operation of a layer.
type SiteError struct {
	Site   string  `json:"site"`
	RelRMS float64 `json:"rel_rms"`
	Limit  float64 `json:"limit"`
	OK     bool    `json:"ok"`
}

// Check is a limit of a rule and what was found: of all layers, for the one that
// comes closest to its limit.
type Check struct {
	Rule   string  `json:"rule"`
	Metric string  `json:"metric"`
	Value  float64 `json:"value"`
	Limit  float64 `json:"limit"`
	OK     bool    `json:"ok"`
}

// SelfTestReport shows whether injected faults are found.
type SelfTestReport struct {
	Passed bool        `json:"passed"` // every fault was caught, and the clean model accepted
	Faults []FaultTest `json:"faults"`
	// BelowNMSE is how many of the faults leave the NMSE of the logits below 1e-2,
	// the bar of llama.cpp's check, which would have accepted the model.
	BelowNMSE int `json:"below_nmse_bar"`
}

// FaultTest is one injected fault.
type FaultTest struct {
	Name      string `json:"name"`
	Layer     int    `json:"layer"`
	Doc       string `json:"doc"`
	Caught    bool   `json:"caught"`     // by either level
	ByWeights bool   `json:"by_weights"` // by tensors or config
	ByForward bool   `json:"by_forward"` // by the forward pass, which knows nothing of the weights' comparison
	Diagnosis string `json:"diagnosis"`  // what verify said of it
	Diagnosed bool   `json:"diagnosed"`  // the comparison of weights called it what it is
	Located   bool   `json:"located"`    // the forward pass found layer and site
	Site      string `json:"site"`
	// NoEffect: the fault changes nothing in these weights, and was not tested.
	NoEffect bool `json:"no_effect"`
	// Margin is the largest ratio of an error of the forward pass to its limit;
	// EndToEndNMSE is what a check of the logits alone would have seen.
	Margin       float64 `json:"margin"`
	EndToEndNMSE float64 `json:"end_to_end_nmse"`
}

// The numbers of these may be NaN or infinite, for which JSON has null.

// MarshalJSON implements [json.Marshaler].
func (f Forward) MarshalJSON() ([]byte, error) {
	type plain Forward
	return jsonnum.Marshal(plain(f))
}

// MarshalJSON implements [json.Marshaler].
func (l Layer) MarshalJSON() ([]byte, error) {
	type plain Layer
	return jsonnum.Marshal(plain(l))
}

// MarshalJSON implements [json.Marshaler].
func (d Divergence) MarshalJSON() ([]byte, error) {
	type plain Divergence
	return jsonnum.Marshal(plain(d))
}

// MarshalJSON implements [json.Marshaler].
func (s SiteError) MarshalJSON() ([]byte, error) {
	type plain SiteError
	return jsonnum.Marshal(plain(s))
}

// MarshalJSON implements [json.Marshaler].
func (c Check) MarshalJSON() ([]byte, error) {
	type plain Check
	return jsonnum.Marshal(plain(c))
}

// MarshalJSON implements [json.Marshaler].
func (f FaultTest) MarshalJSON() ([]byte, error) {
	type plain FaultTest
	return jsonnum.Marshal(plain(f))
}
