package verify

import (
	"slices"

	"olmotool/formats"
	"olmotool/internal/human"
)

// Rule is a rule of acceptance: what is looked at, how far it may be off, and
// what that leaves unseen.
type Rule struct {
	Name string `json:"name"`
	// Level is "weights", "layer" or "logits". Those of the first two always
	// apply; of the third, one is chosen: by the element types of the candidate,
	// or by [Options.Rule].
	Level  string  `json:"level"`
	Doc    string  `json:"doc"`
	Limits []Limit `json:"limits"`
	Source string  `json:"source"` // where the numbers come from
	Blind  string  `json:"blind"`  // what it cannot see
}

// Limit is the largest value that a metric may have.
type Limit struct {
	Metric  string `json:"metric"`
	Formula string `json:"formula"` // in words
}

// Levels of rules.
const (
	weightsLevel = "weights"
	layerLevel   = "layer"
	logitsLevel  = "logits"
)

// Rules returns all rules, in the order in which they are applied.
func Rules() []Rule {
	rules := append(weightsRules(), layerRules()...)
	rules = append(rules, f32Rule)
	for _, b := range bars {
		rules = append(rules, b.rule())
	}
	return append(rules, goldenRule)
}

// findRule returns the rule of logits of that name.
func findRule(name string) (Rule, bool) {
	for _, r := range Rules() {
		if r.Name == name && r.Level == logitsLevel {
			return r, true
		}
	}
	return Rule{}, false
}

func weightsRules() []Rule {
	const exact = "equality needs no numbers"
	const blind = "the order in which a reader combines them, which the config and the forward pass have to show"
	one := func(name, doc, metric, formula, source, blind string) Rule {
		return Rule{name, weightsLevel, doc, []Limit{{metric, formula}}, source, blind}
	}
	return []Rule{
		one("W1", "the same tensors, of the same shapes", "missing, extra or misshapen tensors", "0", exact, "what is in them"),
		one("W2", "tensors of one type on both sides: the same bytes, payloads of NaN included", "bytes that differ", "0", exact, blind),
		one("W3", "tensors in another plain type: the reference rounded to nearest even, bit by bit", "elements that differ", "0", exact, blind),
		one("W4", "rows that a layout stores in another order are put back, and then W2", "bytes that differ", "0", exact, blind),
		one("W5", "quantised tensors: the bytes of the reference quantiser; of types without one, the error bound of the type",
			"bytes that differ", "0; else relative RMS of a tensor at most the bound of its type",
			"ggml's reference quantisers are deterministic; bounds are what they do to normally distributed weights, with a margin", "within a bound, faults smaller than it"),
		one("W6", "no NaN and no infinity that the reference does not have", "tensors with such", "0", exact, "nothing of this kind"),
		one("W7", "config and tokenizer agree in what changes the function, and in special ids that both have", "fields that differ", "0", exact,
			"fields that no reader of ours uses. Notes, which refuse nothing: special ids that one side lacks, the length of the context, and what generation_config.json and tokenizer_config.json tell a generator"),
	}
}

func layerRules() []Rule {
	return []Rule{
		{
			"L1", layerLevel, "each layer of the candidate, fed the reference's input, gives the reference's output: relative RMS error; so do embedding, last norm and head, each by the limit of rule L3",
			[]Limit{{"local", "0.3·√max(hidden, intermediate)·2⁻²⁴·20; with the floor measured, max(10 × floor, 1e-5); in other types, twice the error of the reference in these types"}},
			"a float32 dot product of length K is off by 0.3·√K·2⁻²⁴ (measured for K 512 to 11008), a clean layer by at most 1.4e-6; the smallest fault of one row measured was 6.1e-5",
			"faults of a row or less where weights are not proven: with foreign quantisation, or in bfloat16 arithmetic",
		},
		{
			"L2", layerLevel, "no single position of a layer is far off: an average hides what happens at the first or the last only",
			[]Limit{{"worst_token", "4 × the limit of L1"}},
			"in clean layers the worst of 128 positions was 1.2 times as far off as all together (hidden size 1024), 2.2 times at most (64)", "positions that were not run",
		},
		{
			"L3", layerLevel, "each operation of the first layer beyond its limit, fed the reference's inputs: which of them is wrong",
			[]Limit{{"site", "10 × the rounding error of the operation: 0.3·√K·2⁻²⁴ for products over K, 2·2⁻²⁴ for the others"}},
			"as for L1", "it explains, and decides nothing",
		},
	}
}

var f32Rule = Rule{
	"f32", logitsLevel, "both sides hold the same values, and agree end to end as two float32 implementations do",
	[]Limit{
		{"centred_rel_rms", "1e-4·√(layers/16)"},
		{"max_abs_over_std", "1e-3"},
		{"kl_max", "1e-8"},
		{"unexcused_flips", "0, where an error of max_abs_over_std is allowed"},
	},
	"random networks of 16 and 32 layers in float32 against float64: 3e-6 to 4.4e-6, 2e-5 and 1e-11; the mildest fault of a whole matrix: 5e-2",
	"faults of a single row, which rules W and L see",
}

var goldenRule = Rule{
	"golden", logitsLevel, "logits recorded elsewhere, in float32, from the same weights",
	f32Rule.Limits, f32Rule.Source,
	"faults of a single row; layers, since a golden file has logits only",
}

// bar is how far a model in a type may be from its reference where there is no
// own model in that type to measure it by.
type bar struct {
	name  string
	types []formats.DType
	layer float64 // of L1; 0: not judged
	nmse  float64 // 0: not judged
	kl    float64
	// The worst single logit and the worst position, which averages hide; 0: not
	// judged.
	maxStd, klMax float64
	source        string
}

const (
	ownBars = "random networks in this type against float32: between the worst clean one and the mildest fault of a whole matrix (7e-2 of a layer, 2.6e-3 of the logits); " +
		"of 2048 positions the worst logit was off by 0.13 standard deviations in bf16, 0.25 in q8_0 and 0.0075 in f16, the worst KL was 6.5e-4, 3.7e-3 and 3e-6; one position that holds its neighbour's logits: 7 and 0.5"
	llamaBars = "twice the largest mean KL that llama.cpp publishes for types of this width (LLaMA 3 8B, README of its perplexity tool)"
)

// bars are in the order from fine to coarse.
var bars = []bar{
	{"f16", []formats.DType{formats.F16}, 3e-3, 5e-5, 5e-5, 0.1, 5e-3, ownBars},
	{"bf16", []formats.DType{formats.BF16}, 2.5e-2, 2e-3, 1e-3, 0.5, 5e-2, ownBars},
	{"q8_0", []formats.DType{formats.Q8_0, formats.Q8_1, formats.Q8_K}, 3e-2, 5e-3, 5e-3, 0.9, 0.1, ownBars},
	{"q6_k", []formats.DType{formats.Q6_K}, 0, 0, 1.1e-2, 0, 0, llamaBars},
	{"q5_k", []formats.DType{formats.Q5_K, formats.Q5_0, formats.Q5_1}, 0, 0, 4.5e-2, 0, 0, llamaBars},
	{"q4_k", []formats.DType{formats.Q4_K, formats.Q4_0, formats.Q4_1, formats.IQ4_NL, formats.IQ4_XS, formats.MXFP4, formats.NVFP4}, 0, 0, 0.15, 0, 0, llamaBars},
	{"q3_k", []formats.DType{formats.Q3_K, formats.IQ3_S, formats.IQ3_XXS}, 0, 0, 0.46, 0, 0, llamaBars},
	{"q2_k", nil, 0, 0, 0.9, 0, 0, llamaBars}, // and every other type of blocks
}

func (b bar) rule() Rule {
	limits := []Limit{
		{"rel_rms", "2 × that of the reference in these types, and at least that of rule f32"},
		{"kl_mean", "the same, at least 1e-8"},
		{"kl_p99", "the same, at least 1e-8"},
		{"max_abs_over_std", "3 × that of the reference in these types, and at least that of rule f32"},
		{"kl_max", "4 × that of the reference in these types, at least 1e-8: twice the error is four times the KL"},
		{"unexcused_flips", "0, where twice the error of the reference in these types is allowed"},
	}
	if b.nmse > 0 {
		limits = append(limits, Limit{"nmse", "without such a reference: " + human.Number(b.nmse)})
	}
	limits = append(limits, Limit{"kl_mean", "without such a reference: " + human.Number(b.kl)})
	blind := "by itself, faults of a row, and without that reference even those of a matrix"
	if b.maxStd > 0 {
		limits = append(limits,
			Limit{"max_abs_over_std", "without such a reference: " + human.Number(b.maxStd)},
			Limit{"kl_max", "without such a reference: " + human.Number(b.klMax)})
	} else {
		blind += ", and one position or logit that is all wrong"
	}
	doc := "the candidate costs no more than its types do: the reference, rounded to these, is the measure; where the candidate has to equal that, rule f32 holds between the two, too"
	if b.name == "bf16" {
		doc += "; where bfloat16 is emulated, on both sides, its bars stand in for rule f32"
	}
	return Rule{
		b.name, logitsLevel, doc,
		limits, b.source,
		blind + "; rule W5 and the layers' comparison with the rounded reference see them",
	}
}

// barOf returns the bar of the coarsest of the types, or nil if none has one.
func barOf(types []formats.DType) *bar {
	coarsest := -1
	for _, t := range types {
		i := slices.IndexFunc(bars, func(b bar) bool { return slices.Contains(b.types, t) })
		if i < 0 && t.IsBlock() {
			i = len(bars) - 1
		}
		coarsest = max(coarsest, i)
	}
	if coarsest < 0 {
		return nil
	}
	return &bars[coarsest]
}

// barNamed returns the bar of that name, or nil.
func barNamed(name string) *bar {
	i := slices.IndexFunc(bars, func(b bar) bool { return b.name == name })
	if i < 0 {
		return nil
	}
	return &bars[i]
}
