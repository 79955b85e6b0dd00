package main

import (
	"os"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"olmotool/internal/atomicfile"
	"olmotool/soup"
)

// soupFlags are the flags of soup: those of convert's output, and what is merged.
type soupFlags struct {
	convertFlags

	dst     string
	config  string
	weights string

	method      string
	base        string
	params      []string
	noNormalize bool
	seed        uint64

	run      string
	steps    soup.Steps
	schedule string

	search searchFlags

	allow       soup.Allow
	reports     []string
	check       string
	listMethods bool
}

func (f *soupFlags) add(fs *pflag.FlagSet) {
	fs.StringVarP(&f.dst, "output", "o", "", "write the merged model to `DST`")
	fs.StringVar(&f.weights, "weights", "", "how much each MODEL counts: `W,W,…`, decimals or fractions (default: all the same)")
	fs.StringVar(&f.config, "config", "", "merge what a recipe of mergekit in `FILE` says")
	fs.StringVar(&f.method, "method", "linear", "merge by this `METHOD` of --list-methods")
	fs.StringVar(&f.base, "base", "", "the `MODEL` that others differ from")
	fs.StringArrayVar(&f.params, "param", nil, "parameter of the method: `NAME=VALUE`, or for each MODEL NAME=V,V,…, repeatable")
	fs.BoolVar(&f.noNormalize, "no-normalize", false, "do not divide by the sum of the weights")
	fs.Uint64Var(&f.seed, "seed", 0, "`SEED` of methods that draw at random")
	fs.StringVar(&f.run, "run", "", "merge checkpoints of the training run in `DIR`: stepN, stepN-unsharded, …")
	fs.IntVar(&f.steps.Last, "last", 0, "with --run: the last `N`")
	fs.Int64Var(&f.steps.From, "from-step", 0, "with --run: from step `N` on")
	fs.Int64Var(&f.steps.To, "to-step", 0, "with --run: up to step `N`")
	fs.Int64Var(&f.steps.Every, "every", 0, "with --run: at least `N` steps apart")
	fs.StringVar(&f.schedule, "schedule", "", "weights from the oldest MODEL to the newest: `SCHEDULE` sma, wma, ema:α or wsm:SHAPE")
	f.search.add(fs)
	fs.StringArrayVar(&f.reports, "report", nil, "write what the models are to each other, and what becomes of them, to `FILE`: .html, .json, else text (- is stdout); repeatable")
	fs.BoolVar(&f.listMethods, "list-methods", false, "print the methods and their parameters")
	fs.StringVar(&f.check, "check", "", "compare the soup in `OUT` with what its ingredients give, and write nothing")
	fs.BoolVar(&f.allow.Missing, "allow-missing", false, "merge a tensor that some models lack of the others (bare files only)")
	fs.BoolVar(&f.allow.Config, "allow-config", false, "merge models whose configs describe different functions")
	fs.BoolVar(&f.allow.Tokenizer, "allow-tokenizer", false, "merge models whose tokenizers differ")
	fs.BoolVar(&f.allow.Tied, "allow-tied", false, "take the embedding for the head of a model that has none, where others have one")
	fs.BoolVar(&f.allow.Quantized, "allow-quantized", false, "merge models whose values were rounded in blocks")
	fs.BoolVar(&f.allow.NonFinite, "allow-nonfinite", false, "compute with NaN and infinities")
	fs.StringVar(&f.From, "from", "", "take every MODEL for this `LAYOUT`, where it could be several")
	f.addOutput(fs)
}

// args checks how many there are.
func (f *soupFlags) args(cmd *cobra.Command, args []string) error {
	if f.listMethods || f.config != "" || f.run != "" {
		return cobra.NoArgs(cmd, args)
	}
	return cobra.MinimumNArgs(1)(cmd, args)
}

// Groups of flags that exclude others.
var (
	ofRecipe = []string{"weights", "method", "base", "param", "no-normalize", "run", "schedule"}
	ofRun    = []string{"last", "from-step", "to-step", "every"}
	ofOutput = []string{
		"to", "dtype", "max-shard-size", "container", "split-max-size", "split-max-tensors", "tokenizer", "model-name", "metadata",
		"pretokenizer", "set", "unset", "verify", "dry-run", "no-hash", "force", "provenance",
	}
)

// refuse refuses what contradicts itself or has no effect: whoever gives a flag
// expects something of it.
func (f *soupFlags) refuse(fs *pflag.FlagSet) error {
	for _, x := range []struct {
		with  bool
		found string
		flags []string
	}{
		{f.config != "", "found --config, expected models as arguments", ofRecipe},
		{f.run == "", "found no --run, expected one", ofRun},
		{f.schedule != "", "found --schedule, expected no weights", []string{"weights", "no-normalize"}},
		{f.check != "", "found --check, expected an output", slices.Concat([]string{"output", "report", "config", "method", "base", "param", "no-normalize", "seed"}, ofOutput)},
	} {
		for _, name := range x.flags {
			if x.with && fs.Changed(name) {
				return usageError("--%s: %s with this flag", name, x.found)
			}
		}
	}
	if err := f.search.refuse(fs, f.method); err != nil {
		return err
	}
	if f.check != "" {
		return nil
	}
	if f.dst == "" && len(f.reports) == 0 {
		return usageError("--output: found no name, expected the file or directory to make")
	}
	if err := f.refuseReport(fs); err != nil {
		return err
	}
	if _, err := os.Lstat(f.dst); err == nil && !f.Force {
		return usageError("%s: %w", f.dst, atomicfile.ErrExists) // before models are read
	}
	return nil
}
