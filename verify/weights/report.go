package weights

// Report says whether two models have the same weights and, where they have
// not, what is wrong. Its JSON is a contract with pipelines: fields may be added,
// and are never renamed.
type Report struct {
	// Equal: every tensor passes its rule, none is missing or in excess, and
	// config and tokenizer agree in what changes the function.
	Equal   bool `json:"equal"`
	Tensors int  `json:"tensors"` // that were compared, one by one

	// How those that pass did.
	Identical int `json:"identical"` // the same bytes (W2)
	Cast      int `json:"cast"`      // REF rounded to nearest even, bit by bit (W3)
	Quantised int `json:"quantised"` // the bytes of our quantiser (W5)
	Bounded   int `json:"bounded"`   // within the error of the type (W5)

	// Summary is what is wrong, a line for each story, however many tensors it
	// is about.
	Summary []string `json:"summary"`
	// Failures are in the order of the model, at most [MaxFailures];
	// MoreFailures counts the rest.
	Failures     []Tensor `json:"failures"`
	MoreFailures int      `json:"more_failures"`

	Missing []string `json:"missing"` // in REF only
	Extra   []string `json:"extra"`   // in CAND only

	Config    []string `json:"config_changes"`
	Tokenizer []string `json:"tokenizer_changes"`

	// NonFinite are the tensors that hold a NaN or an infinity, at most
	// [MaxFailures]; if both sides hold the same, that is no failure.
	NonFinite []NonFinite `json:"non_finite"`
	// Notes are worth knowing and change no answer: what could not be compared
	// because one side has nothing of the kind, a head that a tied model stores.
	Notes []string `json:"notes"`
}

// Tensor is a tensor of CAND that is not REF's.
type Tensor struct {
	Name   string `json:"name"`
	Layer  int    `json:"layer"`  // -1 outside of the layers
	Module string `json:"module"` // "self_attn.q_proj", "lm_head"

	// Rule is the one that it fails: W1 shape, W2 same type and other bytes, W3
	// cast, W5 quantised, W6 NaN and infinities.
	Rule      string  `json:"rule"`
	RefDType  string  `json:"ref_dtype"`
	CandDType string  `json:"cand_dtype"`
	RefShape  []int64 `json:"ref_shape"`
	CandShape []int64 `json:"cand_shape"`

	// Diagnosis is what is wrong, in one line.
	Diagnosis string `json:"diagnosis"`

	// First is the index of the first element that differs, and what both sides
	// hold there; nil if the tensors cannot be laid beside each other. RefValue is
	// what CAND should hold: REF's value in CAND's type.
	First     []int64 `json:"first"`
	RefValue  string  `json:"ref_value"`
	CandValue string  `json:"cand_value"`

	// Changed counts elements that differ from what they should be, ChangedRows
	// the rows with one; a row is one step of the first dimension.
	Changed     int64 `json:"changed"`
	ChangedRows int64 `json:"changed_rows"`

	// Measured says that the numbers below mean something: both sides have one
	// shape, and values that can be decoded. They are over the elements that are
	// finite on both sides.
	Measured bool    `json:"measured"`
	MaxAbs   float64 `json:"max_abs"`
	// RelRMS is √(Σ(c−r)²/Σr²); 1 if all of REF is zero and CAND is not.
	RelRMS float64 `json:"rel_rms"`
	Cosine float64 `json:"cosine"` // 0 if a side is all zero
	// ULP counts elements by their distance in units in the last place of CAND's
	// type: 0, 1, 2, 3–4, 5–8, more; −0 is +0, and NaN is far from all but NaN.
	// It is all zero for quantised types.
	ULP [6]int64 `json:"ulp"`

	RefNaN  int64 `json:"ref_nan"`
	RefInf  int64 `json:"ref_inf"`
	CandNaN int64 `json:"cand_nan"`
	CandInf int64 `json:"cand_inf"`
}

// NonFinite is a tensor with values that are no numbers.
type NonFinite struct {
	// Side is "ref", "cand", or "both" if the tensors are equal.
	Side  string  `json:"side"`
	Name  string  `json:"name"`
	NaN   int64   `json:"nan"`
	Inf   int64   `json:"inf"`
	First []int64 `json:"first"` // index of the first of them
	Value string  `json:"value"` // what is there: "NaN", "-Inf"
}

// newReport returns a report whose lists are empty in JSON, not null.
func newReport() *Report {
	return &Report{
		Summary: []string{}, Failures: []Tensor{}, Missing: []string{}, Extra: []string{},
		Config: []string{}, Tokenizer: []string{}, NonFinite: []NonFinite{}, Notes: []string{},
	}
}
