package main

import (
	"path"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"olmotool/formats/olmo"
	"olmotool/inspect/diff"
	"olmotool/internal/human"
)

// shownTensors is how many tensors are printed where --limit does not say.
const shownTensors = 20

func newDiff(g *global) *cobra.Command {
	var o diff.Options
	var from [2]string
	var limit int
	cmd := &cobra.Command{
		Use:   "diff A B",
		Short: "Say whether two checkpoints differ, and where",
		Long: `Compare two checkpoints of any two layouts, or two files of tensors: tensors that
one side lacks, shapes, element types, every value; the config field by field,
the tokenizer, what a generator reads, and the metadata of the container. How a
checkpoint is cut into files, and in what order, makes no difference.

Tensors are paired by their canonical names, with --raw by the names that they
are stored by. A quantised tensor beside another type is compared by what its
blocks decode to. The worst come first: the relative error is the length of the
difference over that of A, and ULP the largest class of distances in units in the
last place of the coarser type. What each figure is, is specified in the
documentation of package inspect/diff.

verify says whether a conversion is right, and what went wrong if it is not.
` + exitStatus,
		Example: `  olmotool diff OLMo-2-1124-7B OLMo-2-1124-7B.gguf
  olmotool diff step1000-unsharded step2000-unsharded --tensor '*.q_proj.*' --limit 50
  olmotool diff a.safetensors b.safetensors --json`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			for _, p := range o.Tensors {
				if _, err := path.Match(p, ""); err != nil {
					return usageError("--tensor: found %q, expected a pattern: %w", p, err)
				}
			}
			if limit < 0 {
				return usageError("--limit: found %d, expected a number of rows, or 0 for all", limit)
			}
			for i, name := range []string{"from", "from-b"} {
				if from[i] != "" && !olmo.IsLayout(from[i]) {
					return usageError("--%s: found %q, expected a layout that inspect reports", name, from[i])
				}
			}
			ss, why, err := diff.Open([2]string(args), from)
			if err != nil {
				return err
			}
			defer ss[0].Close()
			defer ss[1].Close()
			if why != "" {
				g.log.Warn("no model that is known: compared as tensors", "why", why)
			}
			var done func()
			o.Threads = g.threads
			o.Progress, done = g.progress(cmd.ErrOrStderr())
			r, err := diff.Compare(cmd.Context(), ss[0], ss[1], o)
			done()
			if err != nil {
				return err
			}
			g.report(ss[0].Findings)
			g.report(ss[1].Findings)
			if len(o.Tensors) > 0 && r.Tensors+len(r.OnlyA)+len(r.OnlyB) == 0 {
				return usageError("--tensor: found no tensor that matches, expected one at least")
			}
			if err := g.print(cmd, diffDoc{"olmotool.diff/1", r}, diffText(r, limit)); err != nil {
				return err
			}
			if !r.Equal {
				return &answer{"differs: " + diffWords(r)}
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.StringArrayVar(&o.Tensors, "tensor", nil, "compare only tensors whose name, canonical or stored, matches the `PATTERN` (repeatable; also --only)")
	f.SetNormalizeFunc(func(_ *pflag.FlagSet, name string) pflag.NormalizedName {
		if name == "only" {
			name = "tensor"
		}
		return pflag.NormalizedName(name)
	})
	f.BoolVar(&o.Raw, "raw", false, "pair tensors by the names that they are stored by")
	f.BoolVar(&o.WeightsOnly, "weights-only", false, "leave out config, tokenizer, settings and metadata")
	f.IntVar(&limit, "limit", shownTensors, "print at most `N` rows of each kind; 0: all")
	addFrom(cmd, &from[0])
	f.Lookup("from").Usage = "take A for this `LAYOUT`, where it could be several"
	f.StringVar(&from[1], "from-b", "", "the same of B")
	names, _ := olmo.Layouts()
	complete(cmd, "from-b", names...)
	return cmd
}

// diffDoc is the JSON document of diff.
type diffDoc struct {
	Schema string `json:"schema"`
	*diff.Report
}

// count is so many of something.
type count struct {
	n         int
	one, many string
}

// counted lists what there is any of.
func counted(counts []count) string {
	var said []string
	for _, c := range counts {
		switch {
		case c.n == 1:
			said = append(said, "1 "+c.one)
		case c.n > 1:
			said = append(said, human.Count(int64(c.n))+" "+c.many)
		}
	}
	return strings.Join(said, ", ")
}

// diffWords says in a few words what differs.
func diffWords(r *diff.Report) string {
	same := func(n int, what string) count { return count{n, what, what} }
	return counted([]count{
		{len(r.Changed), "tensor changed", "tensors changed"},
		same(len(r.OnlyA), "only in A"),
		same(len(r.OnlyB), "only in B"),
		same(len(r.ConfigChanges), "in the config"),
		same(len(r.TokenizerChanges), "in the tokenizer"),
		same(len(r.GenerationChanges), "in the generation config"),
		same(len(r.MetadataChanges), "in the metadata"),
	})
}
