package main

import (
	"github.com/spf13/cobra"

	"olmotool/inspect/scan"
)

// scanDoc is the JSON document of scan.
type scanDoc struct {
	Schema string `json:"schema"`
	*scan.Report
}

func newScan(g *global) *cobra.Command {
	var strict, force bool
	var sarif string
	cmd := &cobra.Command{
		Use:   "scan PATH…",
		Short: "Say what the pickles in files would do; never execute them",
		Long: `Say what the pickles in files would do to a program that loads them. Files,
directories and archives are searched, whatever their names are; each pickle is
run symbolically and nothing is imported or executed.

VERDICTS, of a pickle, a file, and all of them: the worst
  tensors-only  torch.load(weights_only=True) of torch 2.6 takes it
  inert         plain data, or no pickle at all
  needs-code    it names code that is not known here: a project's class
  malformed     it breaks off, or is read differently by different readers
  dangerous     it names what runs code or commands, reaches files or the network

dangerous and malformed are the answer no, and needs-code too with --strict. No
verdict is a promise about a file. Only pickles are looked at: not the code of
TorchScript, Keras and TensorFlow models, nor templates of tokenizers.
` + exitStatus,
		Example: `  olmotool scan pytorch_model.bin
  olmotool scan downloads/ --strict --json
  olmotool scan . --sarif scan.sarif`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if sarif == "-" && g.json {
				return usageError("--sarif: found - beside --json, expected a file: both go to stdout")
			}
			if err := mayWriteSARIF(sarif, force); err != nil {
				return err
			}
			r, err := scan.Paths(cmd.Context(), args, g.threads)
			if err != nil {
				return err
			}
			if sarif == "-" {
				err = writeJSON(cmd.OutOrStdout(), r.SARIF(version()))
			} else {
				err = g.print(cmd, scanDoc{"olmotool.scan/1", r}, scanText(r))
			}
			if err == nil && sarif != "" && sarif != "-" {
				err = writeSARIF(sarif, r, force, args)
			}
			if err != nil {
				return err
			}
			return scanAnswer(r, strict)
		},
	}
	f := cmd.Flags()
	f.BoolVar(&strict, "strict", false, "code that is not known is the answer no, too")
	f.StringVar(&sarif, "sarif", "", "write the findings to `FILE` in SARIF 2.1.0, for code scanning; - for stdout")
	f.BoolVar(&force, "force", false, "replace an existing file of --sarif")
	return cmd
}
