package main

import (
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"olmotool/formats/olmo"
	"olmotool/inspect"
	"olmotool/inspect/explore"
)

// explore lets a person walk through a checkpoint.
func (g *global) explore(cmd *cobra.Command, src *olmo.Source) error {
	for _, other := range []string{"tensors", "tensor", "stats", "values", "check", "html", "json", "quiet"} {
		if cmd.Flags().Changed(other) {
			return usageError("found both --interactive and --%s, expected one of them", other)
		}
	}
	in, out := cmd.InOrStdin(), cmd.OutOrStdout()
	for _, x := range []any{in, out} {
		if f, ok := x.(*os.File); !ok || !term.IsTerminal(int(f.Fd())) {
			return usageError("--interactive: found no terminal, expected one as standard input and output")
		}
	}
	r := inspect.Source(src)
	summary := r.Layout
	if r.ShapeOf != "" {
		summary += ", shape of " + r.ShapeOf
	}
	return explore.Run(cmd.Context(), src.Path, src.Tensors, explore.Options{Summary: summary, Threads: g.threads, In: in, Out: out})
}
