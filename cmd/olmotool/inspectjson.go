package main

import (
	"encoding/json"
	"fmt"
	"reflect"

	"olmotool/formats"
	"olmotool/formats/gguf"
	"olmotool/inspect"
	"olmotool/inspect/stats"
	"olmotool/internal/ordjson"
)

// inspectDoc is the JSON document of inspect.
type inspectDoc struct {
	Schema       string              `json:"schema"`
	Path         string              `json:"path"`
	Layout       string              `json:"layout"`
	Architecture string              `json:"architecture,omitempty"`
	ShapeOf      string              `json:"shape_of,omitempty"`
	Run          inspect.Run         `json:"run"`
	Parameters   int64               `json:"parameters"`
	NonEmbedding int64               `json:"non_embedding_parameters,omitempty"`
	Bytes        int64               `json:"bytes"`
	Tensors      int                 `json:"tensors"`
	DTypes       map[string]dtypeDoc `json:"dtypes"`
	Modules      []inspect.Part      `json:"modules,omitempty"`
	Layers       []inspect.Part      `json:"layers,omitempty"`
	Config       json.RawMessage     `json:"config,omitempty"`
	Tokenizer    *inspect.Tokenizer  `json:"tokenizer,omitempty"`
	Memory       *inspect.Memory     `json:"memory,omitempty"`
	Optimizer    inspect.Optimizer   `json:"optimizer"`
	Files        []formats.File      `json:"files"`
	Containers   []inspect.Container `json:"containers"`
	Excess       []inspect.Excess    `json:"excess"`
	Beside       inspect.Beside      `json:"beside"`
	Metadata     map[string]string   `json:"metadata,omitempty"`
	KeyValues    []kvDoc             `json:"key_values,omitempty"`
	Checked      *inspect.Checked    `json:"checked,omitempty"`
	Findings     []formats.Finding   `json:"findings"`
	TensorList   []tensorDoc         `json:"tensor_list,omitzero"`
	Values       []*valuesDoc        `json:"values,omitempty"`
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
	// Stats is there with --stats; nil for types that cannot be looked at.
	Stats *stats.Stats `json:"stats,omitempty"`
}

// kvDoc is a key-value of a GGUF. Of an array Value has the first elements.
type kvDoc struct {
	Key    string `json:"key"`
	Type   string `json:"type"`
	Length *int   `json:"length,omitempty"` // of an array
	Value  any    `json:"value"`
}

// shownElements is how many elements of an array are shown.
const shownElements = 6

func inspectJSON(r inspected) (d inspectDoc, err error) {
	d = inspectDoc{
		Schema: "olmotool.inspect/1", Path: r.Path, Layout: r.Layout, Architecture: r.Architecture, ShapeOf: r.ShapeOf, Run: r.Run,
		Parameters: r.Parameters, NonEmbedding: r.NonEmbedding, Bytes: r.Bytes, Tensors: len(r.Tensors), DTypes: map[string]dtypeDoc{},
		Modules: r.Modules, Layers: r.Layers, Tokenizer: r.Tokenizer, Memory: r.Memory, Optimizer: r.Optimizer,
		Files: append([]formats.File{}, r.Files...), Containers: append([]inspect.Container{}, r.Containers...), Excess: r.Excess,
		Beside: r.Beside, Metadata: r.Metadata, Checked: r.checked, Values: r.values, Findings: append([]formats.Finding{}, r.Findings...),
	}
	for _, c := range r.DTypes {
		d.DTypes[c.DType.String()] = dtypeDoc{c.Tensors, c.Bytes}
	}
	for _, kv := range r.KVs {
		d.KeyValues = append(d.KeyValues, kvJSON(kv))
	}
	if r.Config != nil {
		if d.Config, err = ordjson.Encode(r.Config, ordjson.Options{}); err != nil {
			return d, fmt.Errorf("%s: config: %w", r.Path, err)
		}
	}
	if r.list == nil {
		return d, nil
	}
	d.TensorList = []tensorDoc{}
	for i, t := range r.list {
		name := r.Canonical[t.Origin.Name]
		if name == "" {
			name = t.Name
		}
		shape := append([]int64{}, t.Shape...)
		doc := tensorDoc{name, t.Origin.Name, t.DType.String(), shape, t.Origin.File, t.Origin.Offset, t.Bytes(), nil}
		if r.stats != nil {
			doc.Stats = r.stats[i].Stats
		}
		d.TensorList = append(d.TensorList, doc)
	}
	return d, nil
}

// kvJSON shortens arrays, and makes text of floats that JSON has no words for.
func kvJSON(kv gguf.KV) kvDoc {
	v := reflect.ValueOf(kv.Value)
	if v.Kind() != reflect.Slice {
		return kvDoc{Key: kv.Key, Type: v.Type().String(), Value: jsonScalar(kv.Value)}
	}
	n := v.Len()
	first := make([]any, 0, min(n, shownElements))
	for i := range cap(first) {
		first = append(first, jsonScalar(v.Index(i).Interface()))
	}
	return kvDoc{kv.Key, v.Type().Elem().String() + "[]", &n, first}
}

func jsonScalar(v any) any {
	if _, err := json.Marshal(v); err != nil {
		return fmt.Sprint(v)
	}
	return v
}
