package main

import (
	"time"

	"github.com/spf13/cobra"

	"olmotool/convert"
	"olmotool/soup"
)

func newSoup(g *global) *cobra.Command {
	f := &soupFlags{}
	cmd := &cobra.Command{
		Use: `soup MODEL… -o DST
  olmotool soup --config recipe.yml -o DST
  olmotool soup --run DIR --last N -o DST
  olmotool soup MODEL… --report FILE
  olmotool soup --check OUT MODEL…`,
		Short: "Merge models: means, weighted or along a run, and mergekit's methods",
		Long: `Merge models into one, of any layout, in one streaming pass. Without flags it is
the mean of them all.

The models must be of one kind: the same tensors and shapes, the same function,
the same tokenizer. What differs is refused by its name before a byte is
written; each tolerance is a flag of its own. A NaN or infinity in a model is an
error. Layouts and element types may differ: the result has the type that holds
all values, unless --dtype says another. Values are computed exactly, or in
float64, and rounded once to the type of the result, for q8_0 to f32 on the way.

A MODEL is a path, random:…, or NAME@REVISION of the Hugging Face hub, where
there is a copy of it on this machine. A recipe is a YAML file of mergekit: what
has no meaning in it is an error here. Where there is no base the first MODEL
gives config and tokenizer.

With --run the checkpoints of a training run are merged, the oldest first.
With --greedy, --leave-one-out or --simplex the coefficients of a linear merge
are searched for: soups are scored by their loss on held-out text, without being
written, or by a command that is given each on disk. What wins is written. The
text must not be what the model is reported on later.
With --report it is told how far the models are apart, where in the model, and
how much of the soup is rounding; without -o nothing else is written.
With --check a soup that somebody published is computed again: exit code 0 if it
is the mean of the MODELs but for rounding, and the report says whose rounding.
` + exitStatus,
		Example: `  olmotool soup ingredient1 ingredient2 ingredient3 -o OLMo-2-7B
  olmotool soup a b -o soup.gguf --weights 2/3,1/3 --dtype q8_0 --verify
  olmotool soup --run checkpoints --last 10 --schedule wsm:minus-sqrt -o annealed --dry-run
  olmotool soup tuned -o merged --method task_arithmetic --base OLMo-2-7B --param weight=0.5
  olmotool soup --config recipe.yml -o merged --provenance
  olmotool soup a b c -o best --greedy --text heldout.txt --cache scores.jsonl
  olmotool soup a b c -o best --simplex --eval-cmd './accuracy.sh {}' --maximize
  olmotool soup a b c --report soup.html
  olmotool soup --check OLMo-2-7B ingredient1 ingredient2 ingredient3
  olmotool soup --list-methods`,
		Args: f.args,
		RunE: func(cmd *cobra.Command, args []string) error {
			if f.listMethods {
				return g.print(cmd, methodsDoc{"olmotool.methods/1", methodDocs()}, methodsText)
			}
			if err := f.refuse(cmd.Flags()); err != nil {
				return err
			}
			if f.check != "" {
				return f.runCheck(cmd, g, args)
			}
			return f.runMerge(cmd, g, args)
		},
	}
	f.add(cmd.Flags())
	f.search.complete(cmd)
	completeOutput(cmd)
	complete(cmd, "method", methodNames()...)
	schedules, _ := soup.Schedules()
	complete(cmd, "schedule", schedules...)
	return cmd
}

// runMerge merges, writes and tells.
func (f *soupFlags) runMerge(cmd *cobra.Command, g *global, args []string) error {
	began := time.Now()
	o, err := f.options(g, f.dst)
	if err != nil {
		return err
	}
	asked := o
	if f.dst == "" {
		asked.Dst = "soup.gguf" // of all element types
	}
	if err := asked.Check(); err != nil {
		return err
	}
	a, err := f.asked(args)
	if err != nil {
		return err
	}
	report, err := f.beginReport(a)
	if err != nil {
		return err
	}
	defer report.abort()
	pot, err := f.open(cmd.Context(), a, o)
	if err != nil {
		return err
	}
	defer pot.close()
	if f.search.on() {
		if err := f.find(cmd, g, pot, o); err != nil {
			return err
		}
	}
	if err := f.merge(cmd.Context(), pot, &o); err != nil {
		return err
	}
	if err := f.look(cmd, g, pot, report); err != nil {
		return err
	}
	if !g.json && !g.quiet {
		if err := pot.search.text(cmd.OutOrStdout()); err != nil {
			return err
		}
		if err := pot.text(cmd.OutOrStdout()); err != nil {
			return err
		}
	}
	if err := report.write(cmd.OutOrStdout(), f.about(cmd, g, args, pot, time.Since(began))); err != nil {
		return err
	}
	r := &convert.Result{}
	if f.dst != "" {
		var done func()
		o.Progress, done = g.progress(cmd.ErrOrStderr())
		defer func() { done() }()
		if err := pot.addOrigin(cmd.Context(), &o); err != nil {
			return err
		}
		r, err = convert.Write(cmd.Context(), pot.merged.Model, pot.inputs, o)
		done()
		if err != nil {
			return err
		}
	}
	if err := report.commit(); err != nil {
		return err
	}
	r.Seconds = time.Since(began).Seconds()
	r.Findings = append(pot.findings, r.Findings...)
	g.report(r.Findings)
	return g.print(cmd, soupJSON(pot, report, r), soupText(report, r))
}

// look finds out how the models lie to each other: for a report all that there is
// to know, else what a sample shows.
func (f *soupFlags) look(cmd *cobra.Command, g *global, p *pot, r *report) error {
	if len(r.to) == 0 {
		return p.relate(cmd.Context(), g.threads)
	}
	return r.make(cmd, g, p)
}
