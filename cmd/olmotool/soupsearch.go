package main

import (
	"math"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"olmotool/soup/search"
	"olmotool/verify"
)

// simplexEvals is how many soups are scored where there is no natural end.
const simplexEvals = 100

// searchFlags are the flags of a search for coefficients.
type searchFlags struct {
	greedy, leaveOneOut, simplex bool

	text, arithmetic string
	context          int
	command          string
	timeout          time.Duration
	cache            string

	search.Options
}

func (f *searchFlags) add(fs *pflag.FlagSet) {
	fs.BoolVar(&f.greedy, "greedy", false, "search: the mean of the best MODELs, each of which helps")
	fs.BoolVar(&f.leaveOneOut, "leave-one-out", false, "search: the mean without the MODELs whose removal helps")
	fs.BoolVar(&f.simplex, "simplex", false, "search: how much each MODEL counts")
	fs.StringVar(&f.text, "text", "", "score soups by their loss on the text in `FILE`, without writing them (- is stdin)")
	fs.IntVar(&f.context, "context", 512, "score the text in pieces of `N` tokens")
	fs.StringVar(&f.arithmetic, "arithmetic", "f32", "`ARITHMETIC` of the loss: f32, f64, or bf16, emulated")
	fs.StringVar(&f.command, "eval-cmd", "", "score soups by the last number that the shell `COMMAND` prints; {} in it is the path")
	fs.DurationVar(&f.timeout, "eval-timeout", 0, "let COMMAND take so long and no longer, as 10m (default: any `TIME`)")
	fs.BoolVar(&f.Maximize, "maximize", false, "the larger number of COMMAND is the better one")
	fs.Float64Var(&f.MinDelta, "min-delta", 0, "keep a soup only if it is better by more than `X`, and than the noise where that is known")
	fs.IntVar(&f.MaxEvals, "max-evals", 0, "score at most `N` soups (default: 100 with --simplex, else as many as it takes)")
	fs.StringVar(&f.cache, "cache", "", "keep scores in `FILE`, and take them from there")
}

func (f *searchFlags) complete(cmd *cobra.Command) {
	complete(cmd, "arithmetic", verify.Arithmetics...)
}

// ofSearch are the flags that need a search.
var ofSearch = []string{"text", "context", "arithmetic", "eval-cmd", "eval-timeout", "maximize", "min-delta", "max-evals", "cache"}

// strategies are the flags that ask for a search, and what they ask for.
func (f *searchFlags) strategies() (all []search.Strategy) {
	for _, x := range []struct {
		asked bool
		search.Strategy
	}{{f.greedy, search.Greedy}, {f.leaveOneOut, search.LeaveOneOut}, {f.simplex, search.Simplex}} {
		if x.asked {
			all = append(all, x.Strategy)
		}
	}
	return all
}

// on reports whether a search is asked for.
func (f *searchFlags) on() bool { return len(f.strategies()) > 0 }

// refuse refuses what contradicts itself or has no effect.
func (f *searchFlags) refuse(fs *pflag.FlagSet, method string) error {
	all := f.strategies()
	if len(all) == 0 {
		for _, name := range ofSearch {
			if fs.Changed(name) {
				return usageError("--%s: found no search, expected --greedy, --leave-one-out or --simplex with this flag", name)
			}
		}
		return nil
	}
	flag := all[0].Name
	for _, x := range []struct {
		with  bool
		found string
		flags []string
	}{
		{true, "found --" + flag + ", which finds coefficients, expected none", []string{"config", "weights", "schedule", "param", "no-normalize", "base", "check"}},
		{f.command != "", "found --eval-cmd, expected --text", []string{"text", "context", "arithmetic"}},
		{f.command == "", "found no --eval-cmd, expected one", []string{"maximize", "eval-timeout"}},
	} {
		for _, name := range x.flags {
			if x.with && fs.Changed(name) {
				return usageError("--%s: %s with this flag", name, x.found)
			}
		}
	}
	switch {
	case len(all) > 1:
		return usageError("found both --%s and --%s, expected one of them", flag, all[1].Name)
	case fs.Lookup("output").Value.String() == "":
		return usageError("--output: found no name, expected that of the soup that --%s finds", flag)
	case method != "linear":
		return usageError("--method: found %q with --%s, expected linear, whose coefficients it finds", method, flag)
	case f.text == "" && f.command == "":
		return usageError("--%s: found neither --text nor --eval-cmd, expected one of them to score soups by", flag)
	case !slices.Contains(verify.Arithmetics, f.arithmetic):
		return usageError("--arithmetic: found %q, expected %s", f.arithmetic, strings.Join(verify.Arithmetics, ", "))
	case !(f.MinDelta >= 0) || math.IsInf(f.MinDelta, 0):
		return usageError("--min-delta: found %v, expected a number that is not negative", f.MinDelta)
	case f.MaxEvals < 0, f.MaxEvals == 0 && fs.Changed("max-evals"):
		return usageError("--max-evals: found %d, expected a positive number", f.MaxEvals)
	case f.timeout < 0, f.context < 1:
		return usageError("--eval-timeout, --context: found %v and %d, expected positive values", f.timeout, f.context)
	}
	if f.simplex && f.MaxEvals == 0 {
		f.MaxEvals = simplexEvals
	}
	return nil
}
