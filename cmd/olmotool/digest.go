package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"olmotool/formats/digest"
	"olmotool/formats/olmo"
)

func newDigest(g *global) *cobra.Command {
	var tensors, values bool
	var from string
	var list digestList
	cmd := &cobra.Command{
		Use:   "digest PATH",
		Short: "Print the content digest of a checkpoint, the same in every layout",
		Long: `Print the content digest of a checkpoint: of names, types, shapes and values,
not of how they are stored. Two uploads of one model have one digest, sharded
or not, as safetensors, pickle or GGUF, as long as the values are the same.
With --values an f32 copy of a bf16 model has its digest, too.

The CRC-32 checksums of torch's archives are not compared, save that of the
pickle: the digest of a damaged file is that of what is in it. convert compares
all that it reads.

With --manifest the digests are written to a file, a small JSON document, and
with --check a mirror proves, in whatever layout, that it holds what the file
lists: tensors that changed, are missing or were added are named.

How it is computed is specified in the documentation of package
formats/digest, and again in Python in docs/digest.py.
` + exitStatus,
		Example: `  olmotool digest OLMo-2-1124-7B
  olmotool digest OLMo-2-1124-7B.gguf --tensors --json
  olmotool digest OLMo-2-1124-7B --manifest OLMo-2-1124-7B.digests.json
  olmotool digest mirror/OLMo-2-1124-7B.gguf --check OLMo-2-1124-7B.digests.json`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := list.begin(args[0], &values); err != nil {
				return err
			}
			defer list.abort()
			src, err := openSource(cmd.Context(), args[0], from)
			if err != nil {
				return err
			}
			defer src.Close()
			start, done := g.progress(cmd.ErrOrStderr())
			r, err := digestSource(cmd.Context(), src, digest.Options{Values: values, Threads: g.threads}, start)
			done()
			if err != nil {
				return err
			}
			g.report(src.Findings)
			if list.check != "" {
				return list.compare(cmd, g, r)
			}
			if err := list.write(r, values); err != nil {
				return err
			}
			return g.print(cmd, digestJSON(r, tensors, values), func(w io.Writer) error {
				if tensors {
					for _, t := range r.Tensors {
						fmt.Fprintf(w, "%s  %s\n", t.Digest, printable(t.Name))
					}
				}
				_, err := fmt.Fprintln(w, r.Model)
				return err
			})
		},
	}
	f := cmd.Flags()
	f.BoolVar(&tensors, "tensors", false, "print the digest of each tensor, too")
	f.BoolVar(&values, "values", false, "hash values widened to f32 rather than bytes")
	list.add(cmd)
	addFrom(cmd, &from)
	return cmd
}

func digestSource(ctx context.Context, src *olmo.Source, o digest.Options, start func(string, int64) func(int64)) (*digest.Result, error) {
	m, err := src.Model()
	if err != nil {
		return nil, err
	}
	var total int64
	for _, t := range m.Tensors {
		total += t.Bytes()
	}
	o.Tied, o.Progress = olmo.Tied(), start("hashing", total)
	return digest.Of(ctx, m.Tensors, o)
}

// digestDoc is the JSON document of digest.
type digestDoc struct {
	Schema  string            `json:"schema"`
	Digest  string            `json:"digest"`
	Values  bool              `json:"values,omitempty"`
	Tensors map[string]string `json:"tensors,omitzero"`
}

func digestJSON(r *digest.Result, tensors, values bool) digestDoc {
	d := digestDoc{Schema: "olmotool.digest/1", Digest: r.Model, Values: values}
	if tensors {
		d.Tensors = map[string]string{}
		for _, t := range r.Tensors {
			d.Tensors[t.Name] = t.Digest
		}
	}
	return d
}
