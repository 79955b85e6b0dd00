package verify

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"olmotool/verify/forward"
)

// Options say what to compare and how.
type Options struct {
	Threads int   // 0: all cores
	Budget  int64 // bytes of weights in memory, of all models together; 0: 192 MiB

	// Weights and Forward choose the levels; neither: both.
	Weights, Forward bool
	// Rule is the name of a rule of [Rules] for the forward pass; empty: the one
	// that fits the element types of the candidate.
	Rule string
	// Tolerances replace limits of the rule, by metric; of a metric that it does
	// not look at, they are a limit more.
	Tolerances map[string]float64
	// Arithmetic is "f32" (or empty), "f64" or "bf16": both sides in float32, in
	// float64, or with the roundings of bfloat16 emulated.
	Arithmetic string
	// TruthF64 also runs the reference in float64, and measures the floor of each
	// layer instead of taking a formula.
	TruthF64 bool
	// EndToEnd leaves out the layer-local comparison.
	EndToEnd bool
	// Layers, if positive, runs only so many layers: for a model that takes too
	// long. The report says so.
	Layers int

	// Tokens are what both models are run on; without any, 128 of [RandomTokens].
	Tokens Tokens
	// Text, if set, is scored by both models: perplexity and KL.
	Text []int32
	// TextFrom names the text in errors: its path. Empty: "text".
	TextFrom string
	// TextContext is the length of the pieces of Text; 0: 512.
	TextContext int

	// Progress, if set, is told of each stage of long work, in bytes of weights.
	Progress func(stage string, total int64) (advance func(n int64))
}

// Tokens is the input of the forward pass.
type Tokens struct {
	forward.Batch
	From      string // for the report and for errors: "seed 0", "prompt.txt"
	AllowLong bool   // longer than the model's context
}

// UsageError is an error in the options: in what was asked, not in a file.
type UsageError struct{ Err error }

func (e *UsageError) Error() string { return e.Err.Error() }

func (e *UsageError) Unwrap() error { return e.Err }

func usageErrorf(format string, args ...any) error {
	return &UsageError{fmt.Errorf(format, args...)}
}

// Arithmetics are the values of [Options.Arithmetic].
var Arithmetics = []string{"f32", "f64", "bf16"}

// Tolerances are the metrics that [Options.Tolerances] may have limits for.
var Tolerances = []string{
	"local", "worst_token", "centred_rel_rms", "max_abs_over_std", "kl_max", "unexcused_flips", "rel_rms", "kl_mean", "kl_p99", "nmse",
}

// withDefaults fills in what was left out, and refuses what cannot be done.
func (o Options) withDefaults() (Options, error) {
	if !o.Weights && !o.Forward {
		o.Weights, o.Forward = true, true
	}
	if o.Arithmetic == "" {
		o.Arithmetic = "f32"
	}
	if !slices.Contains(Arithmetics, o.Arithmetic) {
		return o, usageErrorf("arithmetic: found %q, expected one of %s", o.Arithmetic, strings.Join(Arithmetics, ", "))
	}
	if o.TruthF64 && o.Arithmetic != "f32" {
		return o, usageErrorf("arithmetic: found %q where the floor of f32 is to be measured, expected f32", o.Arithmetic)
	}
	if _, ok := findRule(o.Rule); o.Rule != "" && !ok {
		var names []string
		for _, r := range Rules() {
			if r.Level == logitsLevel {
				names = append(names, r.Name)
			}
		}
		return o, usageErrorf("rule: found %q, expected one of %s", o.Rule, strings.Join(names, ", "))
	}
	for _, name := range slices.Sorted(maps.Keys(o.Tolerances)) {
		if !slices.Contains(Tolerances, name) {
			return o, usageErrorf("tolerance: found metric %q, expected one of %s", name, strings.Join(Tolerances, ", "))
		}
		if o.EndToEnd && (name == "local" || name == "worst_token") {
			return o, usageErrorf("tolerance: found %s, which is of single layers, expected a metric of the logits where these are not compared", name)
		}
		if v := o.Tolerances[name]; !(v >= 0) {
			return o, usageErrorf("tolerance: found %v for %s, expected a number that is not negative", v, name)
		}
	}
	if o.Layers < 0 {
		return o, usageErrorf("layers: found %d, expected a positive number, or 0 for all", o.Layers)
	}
	return o, nil
}

// stage begins a stage of work.
func (o Options) stage(name string, total int64) func(n int64) {
	if o.Progress == nil {
		return func(int64) {}
	}
	if advance := o.Progress(name, total); advance != nil {
		return advance
	}
	return func(int64) {}
}

// limit is the limit of a metric, if a tolerance does not replace it.
func (o Options) limit(metric string, limit float64) float64 {
	if v, ok := o.Tolerances[metric]; ok {
		return v
	}
	return limit
}
