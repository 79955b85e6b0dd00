package main

import (
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"olmotool/formats/shards"
	"olmotool/verify"
)

// verifyFlags are the flags of verify.
type verifyFlags struct {
	verify.Options
	tokens tokensFlags

	golden, from, fromCand string
	selfTest, listRules    bool
	teacherForced          bool
	text, tokenizer        string
	device, truth, memory  string
	tolerances             []string
	html                   string
	force                  bool
}

func (f *verifyFlags) add(fs *pflag.FlagSet) {
	fs.BoolVar(&f.Weights, "weights", false, "compare weights only (default: weights and forward pass)")
	fs.BoolVar(&f.Forward, "forward", false, "compare the forward pass only")
	fs.StringVar(&f.golden, "golden", "", "compare with the logits recorded in `FILE` instead of a second model")
	fs.BoolVar(&f.selfTest, "self-test", false, "inject faults into REF and show that each is caught")
	f.tokens.add(fs)
	fs.StringVar(&f.text, "text", "", "score the text in `FILE` with both: perplexity and KL (- is stdin)")
	fs.IntVar(&f.TextContext, "text-context", 512, "score the text in pieces of `N` tokens")
	fs.StringVar(&f.tokenizer, "tokenizer", "", "`DIR` with the tokenizer.json for --text (default: REF's own)")
	fs.StringVar(&f.Rule, "rule", "", "accept by this `RULE` of --list-rules (default: by CAND's element types)")
	fs.BoolVar(&f.listRules, "list-rules", false, "print the rules of acceptance, and what each cannot see")
	fs.StringArrayVar(&f.tolerances, "tolerance", nil, "limit a metric of the rule: `METRIC=VALUE`, repeatable")
	fs.BoolVar(&f.teacherForced, "teacher-forced", false, "feed each layer of CAND with REF's input, besides the run from end to end (default)")
	fs.BoolVar(&f.EndToEnd, "end-to-end", false, "leave out the comparison of single layers")
	fs.StringVar(&f.Arithmetic, "dtype", "f32", "`ARITHMETIC` of the forward pass: f32, f64, or bf16, emulated")
	fs.StringVar(&f.truth, "truth", "", "`f64`: also run REF in f64, and measure what f32 costs")
	fs.IntVar(&f.Layers, "layers", 0, "run the first `N` layers only")
	fs.StringVar(&f.device, "device", "cpu", "compute on this `DEVICE`: cpu, cuda or auto")
	fs.StringVar(&f.memory, "memory", "", "hold at most this `SIZE` of weights in memory, as 1GB")
	fs.StringVar(&f.html, "html", "", "also write the report as a page to `FILE`")
	fs.BoolVar(&f.force, "force", false, "replace the page if it exists")
	fs.StringVar(&f.from, "from", "", "take REF for this `LAYOUT`, where it could be several")
	fs.StringVar(&f.fromCand, "from-cand", "", "take CAND for this `LAYOUT`, where it could be several")
}

// args checks how many there are.
func (f *verifyFlags) args(cmd *cobra.Command, args []string) error {
	n := 2
	switch {
	case f.listRules:
		n = 0
	case f.golden != "" || f.selfTest:
		n = 1
	}
	return cobra.ExactArgs(n)(cmd, args)
}

// ofForward are the flags of the forward pass, of which --golden has some.
var ofForward = []string{"rule", "tolerance", "teacher-forced", "end-to-end", "dtype", "truth", "layers", "allow-long-context"}

// check turns the flags into options, and refuses what contradicts itself or has
// no effect: whoever gives a flag expects something of it.
func (f *verifyFlags) check(fs *pflag.FlagSet) error {
	if err := f.tokens.check(fs); err != nil {
		return err
	}
	for _, x := range []struct {
		with  bool
		found string
		flags []string
	}{
		{f.golden != "", "found --golden, expected a second model", slices.Concat(tokensSources, []string{"self-test", "weights", "text", "teacher-forced", "end-to-end", "truth", "layers", "allow-long-context", "from-cand"})},
		{f.selfTest, "found --self-test, expected a second model", []string{"weights", "forward", "text", "end-to-end", "truth", "from-cand"}},
		{f.Weights && !f.Forward, "found --weights alone, expected a forward pass", slices.Concat(ofForward, tokensSources)},
		{f.EndToEnd, "found --end-to-end, expected single layers", []string{"teacher-forced"}},
		{f.text == "", "found no --text, expected one", []string{"tokenizer", "text-context"}},
		{f.html == "", "found no --html, expected one", []string{"force"}},
	} {
		for _, name := range x.flags {
			if x.with && fs.Changed(name) {
				return usageError("--%s: %s with this flag", name, x.found)
			}
		}
	}
	return f.settle()
}

// settle parses values.
func (f *verifyFlags) settle() (err error) {
	switch f.device {
	case "cpu", "auto":
	case "cuda":
		return &lacking{"--device: found cuda, which this build does not have, expected cpu"}
	default:
		return usageError("--device: found %q, expected cpu, cuda or auto", f.device)
	}
	if !slices.Contains(verify.Arithmetics, f.Arithmetic) {
		return usageError("--dtype: found %q, expected %s", f.Arithmetic, strings.Join(verify.Arithmetics, ", "))
	}
	if f.truth != "" && f.truth != "f64" {
		return usageError("--truth: found %q, expected f64", f.truth)
	}
	if f.TruthF64 = f.truth != ""; f.TruthF64 && f.Arithmetic != "f32" {
		return usageError("--truth: found --dtype %s, of which there is nothing to measure, expected f32 with this flag", f.Arithmetic)
	}
	if f.memory != "" {
		if f.Budget, err = shards.ParseSize(f.memory); err != nil {
			return usageError("--memory: %w", err)
		}
	}
	f.Tolerances = map[string]float64{}
	for _, t := range f.tolerances {
		metric, text, ok := strings.Cut(t, "=")
		v, err := strconv.ParseFloat(text, 64)
		if !ok || err != nil {
			return usageError("--tolerance: found %q, expected METRIC=VALUE", t)
		}
		if _, twice := f.Tolerances[metric]; twice {
			return usageError("--tolerance: found %q twice", metric)
		}
		f.Tolerances[metric] = v
	}
	return nil
}

// ruleNames are the rules that can be asked for.
func ruleNames() (names []string) {
	for _, r := range verify.Rules() {
		if r.Level == "logits" {
			names = append(names, r.Name)
		}
	}
	return names
}
