package main

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"olmotool/formats"
	"olmotool/formats/olmo"
	"olmotool/inspect"
	"olmotool/inspect/stats"
)

// inspectFlags is what inspect was asked for.
type inspectFlags struct {
	from    string
	tensors bool
	globs   []string
	check   bool
	stats   bool
	values  []string
	html    string
	force   bool

	interactive bool
}

// inspected is what inspect has to say.
type inspected struct {
	*inspect.Report
	list    []formats.Tensor // nil if they are not to be listed
	checked *inspect.Checked // nil if nothing was checked
	stats   []tensorStats    // of list; nil if nothing was measured
	values  []*valuesDoc
}

func newInspect(g *global) *cobra.Command {
	var o inspectFlags
	cmd := &cobra.Command{
		Use:   "inspect PATH",
		Short: "Say what a checkpoint is, and whether it is whole",
		Long: `Say what a checkpoint is: layout, architecture, the training run it is of,
parameters by module, element types, files, config, tokenizer, memory to run it,
why it is as large as it is, and what is odd about it. Reads headers only. What
is odd is an answer, not an error: tensors that do not fit the config are a
finding here.

--check reads everything: whether all floats are finite, the checksums of torch's
archives, the SHA-256 that a provenance file or the cache of Hugging Face gives,
padding. It exits 1 if there is a finding of severity "error".

--stats reads the tensors and says what their values are like. --values shows
some of them: NAME and an index as in numpy. --interactive lets a person walk
through the tensors, their statistics and values, in a terminal.

--html writes a page to look at: what is odd, maps of layers and modules in
colours, the tree of tensors with their histograms, and what rounding them would
lose. It measures what --stats does, unless that is --stats=false.

--tensor takes patterns like those of a shell, of names as they are stored or as
Hugging Face has them, and limits to these what is listed, checked and measured.
` + exitStatus,
		Example: `  olmotool inspect step928646-unsharded
  olmotool inspect OLMo-2-1124-7B --tensors
  olmotool inspect model.gguf --json
  olmotool inspect model.gguf --interactive
  olmotool inspect OLMo-2-1124-7B --check
  olmotool inspect OLMo-2-1124-7B --html model.html
  olmotool inspect model.gguf --tensor 'blk.*.attn_[qk].weight' --stats
  olmotool inspect OLMo-2-1124-7B --values 'model.layers.0.self_attn.q_proj.weight[0:4,0:8]'`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			src, err := openSource(cmd.Context(), args[0], o.from)
			if err != nil {
				return err
			}
			defer src.Close()
			if o.interactive {
				return g.explore(cmd, src)
			}
			return g.inspect(cmd, src, o)
		},
	}
	f := cmd.Flags()
	f.BoolVar(&o.tensors, "tensors", false, "list the tensors")
	f.StringArrayVar(&o.globs, "tensor", nil, "list the tensors whose name matches `GLOB`, and look at no others (repeatable)")
	f.BoolVar(&o.stats, "stats", false, "read the tensors and say what their values are like")
	f.StringArrayVar(&o.values, "values", nil, "show values: `NAME[INDEX]`, as in 'lm_head.weight[:4,-8:]' (repeatable)")
	f.BoolVar(&o.check, "check", false, "read everything and look for damage")
	f.StringVar(&o.html, "html", "", "also write what was found as a page to `FILE`")
	f.BoolVar(&o.force, "force", false, "replace the page if it exists")
	f.BoolVar(&o.interactive, "interactive", false, "walk through the tensors in the terminal")
	addFrom(cmd, &o.from)
	return cmd
}

func (g *global) inspect(cmd *cobra.Command, src *olmo.Source, o inspectFlags) error {
	page, err := o.beginPage(src.Path)
	if err != nil {
		return err
	}
	defer page.abort()
	r := inspected{Report: inspect.Source(src)}
	chosen, err := r.Select(o.globs)
	if err != nil {
		return usageError("--tensor: %w", err)
	}
	for _, v := range o.values {
		d, err := readValues(cmd.Context(), src, v, !g.json)
		if err != nil {
			return err
		}
		r.values = append(r.values, d)
	}
	if o.tensors || o.stats || len(o.globs) > 0 {
		r.list = append([]formats.Tensor{}, chosen...)
	}
	start, done := g.progress(cmd.ErrOrStderr())
	defer done()
	if o.check {
		options := inspect.CheckOptions{Threads: g.threads, Progress: start("checking", bytesOf(chosen))}
		if len(o.globs) > 0 {
			options.Tensors = chosen
		}
		if r.checked, err = inspect.Check(cmd.Context(), src, options); err != nil {
			return err
		}
		r.Findings = append(r.Findings, r.checked.Findings...)
	}
	var measured []tensorStats
	if o.stats || page != nil && !cmd.Flags().Changed("stats") {
		options := stats.Options{Threads: g.threads, Progress: start("measuring", bytesOf(chosen))}
		var more []formats.Finding
		if measured, more, err = statsOf(cmd.Context(), chosen, r.Canonical, options); err != nil {
			return err
		}
		if o.stats {
			r.stats = measured
		}
		if o.check { // which has said it
			more = slices.DeleteFunc(more, func(f formats.Finding) bool { return f.Code == "not-finite" })
		}
		r.Findings = append(r.Findings, more...)
	}
	if err := r.putPage(cmd, g, page, chosen, measured); err != nil {
		return err
	}
	done()
	doc, err := inspectJSON(r)
	if err != nil {
		return err
	}
	if err := g.print(cmd, doc, r.text); err != nil || !o.check {
		return err
	}
	return damage(src.Path, r.Findings)
}

func bytesOf(ts []formats.Tensor) (total int64) {
	for _, t := range ts {
		total += t.Bytes()
	}
	return total
}

// damage is the answer of a check: nil if it is whole.
func damage(path string, found []formats.Finding) error {
	n := 0
	for _, f := range found {
		if f.Severity == formats.Serious {
			n++
		}
	}
	if n == 0 {
		return nil
	}
	return &answer{fmt.Sprintf("not whole: %s: found %d errors", path, n)}
}
