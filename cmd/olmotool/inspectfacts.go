package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"olmotool/inspect"
	"olmotool/internal/human"
)

// shownConfig are the fields of the config that text shows.
var shownConfig = []string{
	"hidden_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads", "intermediate_size", "vocab_size",
	"max_position_embeddings",
}

// shownExcess is the part of the tensors, one in so many, from which on a reason to
// be larger is worth a line.
const shownExcess = 1000

// shownText is how many bytes of a text that may be long are shown.
const shownText = 60

// facts is the table of what is known, a line for each thing.
func (r inspected) facts() table {
	t := table{columns: []column{{}, {}}}
	add := func(name string, lines ...string) {
		for _, l := range lines {
			if l != "" {
				t.add(name, l)
				name = ""
			}
		}
	}
	add("layout", r.Layout)
	architecture := r.Architecture
	if r.ShapeOf != "" {
		architecture += ", shape of " + r.ShapeOf
	}
	add("architecture", architecture)
	add("run", runText(r.Run))
	add("parameters", fmt.Sprintf("%s in %s tensors", human.Count(r.Parameters), human.Count(int64(len(r.Tensors)))))
	if r.NonEmbedding > 0 {
		add("", human.Count(r.NonEmbedding)+" without the embedding")
	}
	add("", modulesText(r.Modules))
	add("", layersText(r.Report))
	add("bytes", fmt.Sprintf("%s (%s)", human.Count(r.Bytes), human.Bytes(r.Bytes)))
	for _, c := range r.DTypes {
		add("", fmt.Sprintf("%s: %s in %s tensors", c.DType, human.Bytes(c.Bytes), human.Count(int64(c.Tensors))))
	}
	if r.Config != nil {
		for _, key := range shownConfig {
			if v, ok := r.Config.Get(key); ok && v != nil {
				add(key, fmt.Sprint(v))
			}
		}
	}
	add("tokenizer", tokenizerText(r.Tokenizer)...)
	add("memory", memoryText(r.Memory)...)
	if r.Optimizer.Present {
		add("optimizer", human.Bytes(r.Optimizer.Bytes)+" in "+strings.Join(r.Optimizer.Where, ", "))
	}
	add("beside", besideText(r.Beside))
	var metadata []string
	for _, key := range slices.Sorted(maps.Keys(r.Metadata)) {
		metadata = append(metadata, shorten(key+" = "+r.Metadata[key], shownText))
	}
	add("metadata", metadata[:min(len(metadata), shownRows)]...)
	add("container", containerText(r.Containers)...)
	var larger []string
	for _, e := range r.Excess {
		if e.Bytes > r.Bytes/shownExcess {
			larger = append(larger, human.Bytes(e.Bytes)+": "+e.Message)
		}
	}
	add("larger by", larger...)
	if c := r.checked; c != nil {
		add("checked", fmt.Sprintf("%s in %s tensors, %d checksums, SHA-256 of %d files", human.Bytes(c.Bytes), human.Count(int64(c.Tensors)), c.Checksums, c.SHA256))
	}
	return t
}

func layersText(r *inspect.Report) string {
	n := int64(len(r.Layers))
	if n == 0 {
		return ""
	}
	if r.SameLayers(n) {
		return fmt.Sprintf("each of %d layers %s", n, human.Count(r.Layers[0].Parameters))
	}
	lo, hi := r.Layers[0], r.Layers[0]
	for _, l := range r.Layers {
		if l.Parameters < lo.Parameters {
			lo = l
		}
		if l.Parameters > hi.Parameters {
			hi = l
		}
	}
	return fmt.Sprintf("%d layers: %s (layer %s) to %s (layer %s)", n, human.Count(lo.Parameters), lo.Name, human.Count(hi.Parameters), hi.Name)
}
