package main

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"olmotool/formats"
	"olmotool/inspect"
	"olmotool/internal/human"
	"olmotool/internal/ordjson"
)

func newInspect(g *global) *cobra.Command {
	var tensors bool
	var from string
	cmd := &cobra.Command{
		Use:   "inspect PATH",
		Short: "Say what a checkpoint is",
		Long: `Say what a checkpoint is: layout, architecture, parameters, element types,
files, config, and what is odd about it. Reads headers only.
` + exitStatus,
		Example: `  olmotool inspect step928646-unsharded
  olmotool inspect OLMo-2-1124-7B --tensors
  olmotool inspect model.gguf --json`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := inspect.Path(args[0], from)
			if err != nil {
				return err
			}
			if g.json {
				return writeJSON(cmd.OutOrStdout(), inspectJSON(r, tensors))
			}
			return printInspect(cmd.OutOrStdout(), r, tensors)
		},
	}
	f := cmd.Flags()
	f.BoolVar(&tensors, "tensors", false, "list the tensors")
	f.StringVar(&from, "from", "", "layout of PATH, where it is ambiguous")
	return cmd
}

// inspectDoc is the JSON document of inspect.
type inspectDoc struct {
	Schema       string              `json:"schema"`
	Path         string              `json:"path"`
	Layout       string              `json:"layout"`
	Architecture string              `json:"architecture,omitempty"`
	Parameters   int64               `json:"parameters"`
	Bytes        int64               `json:"bytes"`
	Tensors      int                 `json:"tensors"`
	DTypes       map[string]dtypeDoc `json:"dtypes"`
	Config       json.RawMessage     `json:"config,omitempty"`
	Files        []formats.File      `json:"files"`
	Findings     []formats.Finding   `json:"findings"`
	TensorList   []tensorDoc         `json:"tensor_list,omitempty"`
}

type dtypeDoc struct {
	Tensors int   `json:"tensors"`
	Bytes   int64 `json:"bytes"`
}

type tensorDoc struct {
	Name       string  `json:"name"`
	SourceName string  `json:"source_name"`
	DType      string  `json:"dtype"`
	Shape      []int64 `json:"shape"`
	File       string  `json:"file"`
	Offset     int64   `json:"offset"`
	Bytes      int64   `json:"bytes"`
}

func inspectJSON(r *inspect.Report, tensors bool) inspectDoc {
	d := inspectDoc{
		Schema: "olmotool.inspect/1", Path: r.Path, Layout: r.Layout, Architecture: r.Architecture, Parameters: r.Parameters,
		Bytes: r.Bytes, Tensors: len(r.Tensors), DTypes: map[string]dtypeDoc{},
		Files: append([]formats.File{}, r.Files...), Findings: append([]formats.Finding{}, r.Findings...),
	}
	for _, c := range r.DTypes {
		d.DTypes[c.DType.String()] = dtypeDoc{c.Tensors, c.Bytes}
	}
	if r.Config != nil {
		// What was parsed, or made of numbers and strings, can be encoded.
		if b, err := ordjson.Encode(r.Config, ordjson.Options{}); err == nil {
			d.Config = b
		}
	}
	if tensors {
		for _, t := range r.Tensors {
			name := r.Canonical[t.Origin.Name]
			if name == "" {
				name = t.Name
			}
			shape := t.Shape
			if shape == nil {
				shape = []int64{}
			}
			d.TensorList = append(d.TensorList, tensorDoc{name, t.Origin.Name, t.DType.String(), shape, t.Origin.File, t.Origin.Offset, t.Bytes()})
		}
	}
	return d
}

func printInspect(w io.Writer, r *inspect.Report, tensors bool) error {
	fmt.Fprintf(w, "%s\n\n", printable(r.Path))
	facts := table{columns: []column{{}, {}}}
	facts.add("layout", r.Layout)
	if r.Architecture != "" {
		facts.add("architecture", r.Architecture)
	}
	facts.add("parameters", fmt.Sprintf("%s in %d tensors", human.Count(r.Parameters), len(r.Tensors)))
	facts.add("bytes", fmt.Sprintf("%s (%s)", human.Count(r.Bytes), human.Bytes(r.Bytes)))
	for _, c := range r.DTypes {
		facts.add("", fmt.Sprintf("%s: %s in %d tensors", c.DType, human.Bytes(c.Bytes), c.Tensors))
	}
	if r.Config != nil {
		for _, key := range []string{"hidden_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads", "intermediate_size", "vocab_size", "max_position_embeddings"} {
			if v, ok := r.Config.Get(key); ok && v != nil {
				facts.add(key, fmt.Sprint(v))
			}
		}
	}
	if err := facts.write(w); err != nil {
		return err
	}
	fmt.Fprintln(w)
	files := table{columns: []column{{name: "FILE"}, {name: "BYTES", right: true}}}
	for _, f := range r.Files {
		files.add(printable(f.Path), human.Count(f.Bytes))
	}
	if err := files.write(w); err != nil {
		return err
	}
	if tensors {
		fmt.Fprintln(w)
		list := table{columns: []column{{name: "TENSOR"}, {name: "DTYPE"}, {name: "SHAPE"}, {name: "BYTES", right: true}}}
		for _, t := range r.Tensors {
			list.add(printable(t.Name), t.DType.String(), fmt.Sprint(t.Shape), human.Count(t.Bytes()))
		}
		if err := list.write(w); err != nil {
			return err
		}
	}
	if len(r.Findings) > 0 {
		fmt.Fprintln(w)
		list := table{columns: []column{{name: "FINDING"}, {name: "CODE"}, {name: "WHERE"}, {name: "WHAT"}}}
		for _, f := range r.Findings {
			list.add(string(f.Severity), f.Code, printable(f.Where), printable(f.Message))
		}
		return list.write(w)
	}
	return nil
}
