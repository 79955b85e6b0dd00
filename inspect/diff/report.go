package diff

// Report says whether two checkpoints differ, and where. Its JSON is a contract
// with pipelines: fields may be added, and are never renamed.
type Report struct {
	// Equal: the same tensors, config, tokenizer, settings and metadata, as far as
	// they were to be compared and both sides have them.
	Equal bool `json:"equal"`
	A     Side `json:"a"`
	B     Side `json:"b"`

	Tensors   int   `json:"tensors"`   // on both sides
	Identical int   `json:"identical"` // of these, that are equal
	Bytes     int64 `json:"bytes"`     // of the tensors that were compared, both sides together

	OnlyA []string `json:"only_a"` // in the order of A
	OnlyB []string `json:"only_b"`
	// Changed has the worst first: other shapes, then what has no figures, then by
	// the relative error.
	Changed []Tensor `json:"changed"`
	// Layers sums Changed up, those outside of the layers first.
	Layers []Layer `json:"layers"`

	ConfigChanges     []Change `json:"config_changes"`
	TokenizerChanges  []string `json:"tokenizer_changes"`
	GenerationChanges []Change `json:"generation_changes"`
	MetadataChanges   []Change `json:"metadata_changes"`

	// Notes are worth knowing and make no difference: how files are cut, and what
	// could not be compared.
	Notes []string `json:"notes"`
}

// Side is one of the two.
type Side struct {
	Path   string `json:"path"`
	Layout string `json:"layout"`
}

// The kinds of difference between two tensors, the first that is true.
const (
	Shape  = "shape"  // other shapes
	DType  = "dtype"  // other types; the figures are of the values
	Values = "values" // other bytes
)

// Tensor is a tensor that differs. What cannot be said is null: all figures if
// the shapes differ or a type cannot be decoded.
type Tensor struct {
	Name   string  `json:"name"`
	Kind   string  `json:"kind"`
	ADType string  `json:"a_dtype"`
	BDType string  `json:"b_dtype"`
	AShape []int64 `json:"a_shape"`
	BShape []int64 `json:"b_shape"`

	// ElementsChanged counts the elements that differ: of one type in their bits,
	// of two in value. Of quantised types it is what the blocks decode to.
	ElementsChanged *int64   `json:"elements_changed"`
	MaxAbs          *float64 `json:"max_abs"`
	MeanAbs         *float64 `json:"mean_abs"`
	RelL2           *float64 `json:"rel_l2"`
	Cosine          *float64 `json:"cosine"`

	// ULP is the histogram that the package describes, up to its last class that
	// is not empty; null for quantised types. ULPType is the type whose units they
	// are.
	ULP     []int64 `json:"ulp"`
	ULPType string  `json:"ulp_dtype,omitempty"`

	// First is the index of the first element that differs, and what is there.
	First  []int64 `json:"first"`
	AValue string  `json:"a_value,omitempty"`
	BValue string  `json:"b_value,omitempty"`

	ANaN int64 `json:"a_nan"`
	AInf int64 `json:"a_inf"`
	BNaN int64 `json:"b_nan"`
	BInf int64 `json:"b_inf"`

	// Note says why there are no figures, or what they are of.
	Note string `json:"note,omitempty"`
}

// Layer sums up the tensors of a layer.
type Layer struct {
	Layer           int   `json:"layer"`   // -1 outside of the layers
	Tensors         int   `json:"tensors"` // on both sides
	Changed         int   `json:"changed"`
	ElementsChanged int64 `json:"elements_changed"`
	// Over the tensors that changed and have figures.
	MaxAbs float64 `json:"max_abs"`
	RelL2  float64 `json:"rel_l2"`
}

// Change is something other than a tensor that differs: a field of the config, a
// key of metadata, a setting as FILE: KEY.
type Change struct {
	Field string `json:"field"`
	A     string `json:"a"`
	B     string `json:"b"`
}

// newReport returns a report whose lists are empty in JSON, not null.
func newReport() *Report {
	return &Report{
		OnlyA: []string{}, OnlyB: []string{}, Changed: []Tensor{}, Layers: []Layer{}, ConfigChanges: []Change{},
		TokenizerChanges: []string{}, GenerationChanges: []Change{}, MetadataChanges: []Change{}, Notes: []string{},
	}
}

// equal reports whether nothing was found.
func (r *Report) equal() bool {
	return len(r.OnlyA)+len(r.OnlyB)+len(r.Changed)+len(r.ConfigChanges)+len(r.TokenizerChanges)+len(r.GenerationChanges)+len(r.MetadataChanges) == 0
}
