package main

import (
	"github.com/spf13/cobra"

	"olmotool/inspect"
)

func newInspect(g *global) *cobra.Command {
	var tensors bool
	var from string
	cmd := &cobra.Command{
		Use:   "inspect PATH",
		Short: "Say what a checkpoint is",
		Long: `Say what a checkpoint is: layout, architecture, parameters, element types,
files, config, and what is odd about it. Reads headers only. What is odd is an
answer, not an error: tensors that do not fit the config are a finding here.
` + exitStatus,
		Example: `  olmotool inspect step928646-unsharded
  olmotool inspect OLMo-2-1124-7B --tensors
  olmotool inspect model.gguf --json`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			src, err := openSource(args[0], from)
			if err != nil {
				return err
			}
			defer src.Close()
			r := inspect.Source(src)
			doc, err := inspectJSON(r, tensors)
			if err != nil {
				return err
			}
			return g.print(cmd, doc, inspectText(r, tensors))
		},
	}
	cmd.Flags().BoolVar(&tensors, "tensors", false, "list the tensors")
	addFrom(cmd, &from)
	return cmd
}
