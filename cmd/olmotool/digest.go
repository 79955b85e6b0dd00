package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"olmotool/formats/digest"
	"olmotool/formats/olmo"
)

func newDigest(g *global) *cobra.Command {
	var tensors, values bool
	var from string
	cmd := &cobra.Command{
		Use:   "digest PATH",
		Short: "Print the content digest of a checkpoint, the same in every layout",
		Long: `Print the content digest of a checkpoint: of names, types, shapes and values,
not of how they are stored. Two uploads of one model have one digest, sharded
or not, as safetensors, pickle or GGUF, as long as the values are the same.
With --values an f32 copy of a bf16 model has its digest, too.

How it is computed is specified in the documentation of package
formats/digest, and again in Python in docs/digest.py.
` + exitStatus,
		Example: `  olmotool digest OLMo-2-1124-7B
  olmotool digest OLMo-2-1124-7B.gguf --tensors --json`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			src, err := olmo.Open(args[0], from)
			if err != nil {
				return err
			}
			defer src.Close()
			m, err := src.Model()
			if err != nil {
				return err
			}
			g.report(src.Findings)
			start, done := g.progress(cmd.ErrOrStderr())
			var total int64
			for _, t := range m.Tensors {
				total += t.Bytes()
			}
			r, err := digest.Of(cmd.Context(), m.Tensors, digest.Options{
				Values: values, Threads: g.threads, Tied: olmo.Tied(), Progress: start("hashing", total),
			})
			done()
			if err != nil {
				return err
			}
			w := cmd.OutOrStdout()
			if g.json {
				doc := digestDoc{Schema: "olmotool.digest/1", Digest: r.Model, Values: values}
				if tensors {
					doc.Tensors = map[string]string{}
					for _, t := range r.Tensors {
						doc.Tensors[t.Name] = t.Digest
					}
				}
				return writeJSON(w, doc)
			}
			if tensors {
				for _, t := range r.Tensors {
					fmt.Fprintf(w, "%s  %s\n", t.Digest, printable(t.Name))
				}
			}
			_, err = fmt.Fprintln(w, r.Model)
			return err
		},
	}
	f := cmd.Flags()
	f.BoolVar(&tensors, "tensors", false, "print the digest of each tensor, too")
	f.BoolVar(&values, "values", false, "hash values widened to f32 rather than bytes")
	f.StringVar(&from, "from", "", "layout of PATH, where it is ambiguous")
	return cmd
}

// digestDoc is the JSON document of digest.
type digestDoc struct {
	Schema  string            `json:"schema"`
	Digest  string            `json:"digest"`
	Values  bool              `json:"values,omitempty"`
	Tensors map[string]string `json:"tensors,omitempty"`
}
