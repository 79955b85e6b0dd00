package main

import (
	"encoding/json"
	"fmt"
	"io"

	"olmotool/formats"
	"olmotool/inspect"
	"olmotool/internal/human"
	"olmotool/internal/ordjson"
)

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
	TensorList   []tensorDoc         `json:"tensor_list,omitzero"`
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

func inspectJSON(r *inspect.Report, tensors bool) (d inspectDoc, err error) {
	d = inspectDoc{
		Schema: "olmotool.inspect/1", Path: r.Path, Layout: r.Layout, Architecture: r.Architecture, Parameters: r.Parameters,
		Bytes: r.Bytes, Tensors: len(r.Tensors), DTypes: map[string]dtypeDoc{},
		Files: append([]formats.File{}, r.Files...), Findings: append([]formats.Finding{}, r.Findings...),
	}
	for _, c := range r.DTypes {
		d.DTypes[c.DType.String()] = dtypeDoc{c.Tensors, c.Bytes}
	}
	if r.Config != nil {
		if d.Config, err = ordjson.Encode(r.Config, ordjson.Options{}); err != nil {
			return d, fmt.Errorf("%s: config: %w", r.Path, err)
		}
	}
	if !tensors {
		return d, nil
	}
	d.TensorList = []tensorDoc{}
	for _, t := range r.Tensors {
		name := r.Canonical[t.Origin.Name]
		if name == "" {
			name = t.Name
		}
		shape := append([]int64{}, t.Shape...)
		d.TensorList = append(d.TensorList, tensorDoc{name, t.Origin.Name, t.DType.String(), shape, t.Origin.File, t.Origin.Offset, t.Bytes()})
	}
	return d, nil
}

// shownConfig are the fields of the config that text shows.
var shownConfig = []string{
	"hidden_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads", "intermediate_size", "vocab_size",
	"max_position_embeddings",
}

func inspectText(r *inspect.Report, tensors bool) func(w io.Writer) error {
	return func(w io.Writer) error {
		facts := table{columns: []column{{}, {}}}
		facts.add("layout", r.Layout)
		if r.Architecture != "" {
			facts.add("architecture", r.Architecture)
		}
		facts.add("parameters", fmt.Sprintf("%s in %s tensors", human.Count(r.Parameters), human.Count(int64(len(r.Tensors)))))
		facts.add("bytes", fmt.Sprintf("%s (%s)", human.Count(r.Bytes), human.Bytes(r.Bytes)))
		for _, c := range r.DTypes {
			facts.add("", fmt.Sprintf("%s: %s in %s tensors", c.DType, human.Bytes(c.Bytes), human.Count(int64(c.Tensors))))
		}
		if r.Config != nil {
			for _, key := range shownConfig {
				if v, ok := r.Config.Get(key); ok && v != nil {
					facts.add(key, fmt.Sprint(v))
				}
			}
		}
		files := table{columns: []column{{name: "FILE"}, {name: "BYTES", right: true}}}
		for _, f := range r.Files {
			files.add(f.Path, human.Count(f.Bytes))
		}
		list := table{columns: []column{{name: "TENSOR"}, {name: "DTYPE"}, {name: "SHAPE"}, {name: "BYTES", right: true}}}
		if tensors {
			for _, t := range r.Tensors {
				list.add(t.Origin.Name, t.DType.String(), fmt.Sprint(t.Shape), human.Count(t.Bytes()))
			}
		}
		odd := table{columns: []column{{name: "FINDING"}, {name: "CODE"}, {name: "WHERE"}, {name: "WHAT"}}}
		for _, f := range r.Findings {
			odd.add(string(f.Severity), f.Code, f.Where, f.Message)
		}
		fmt.Fprintln(w, printable(r.Path))
		for _, t := range []table{facts, files, list, odd} {
			if len(t.rows) == 0 {
				continue
			}
			fmt.Fprintln(w)
			if err := t.write(w); err != nil {
				return err
			}
		}
		return nil
	}
}
