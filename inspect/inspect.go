// Package inspect says what a checkpoint is, and whether it is whole.
//
// [Source] looks at anything that package olmo opens and returns a [Report],
// reading headers and the small files beside the weights, never the weights:
//
//	release.go    which published model has this shape
//	run.go        the training run and step, by names and the trainer's state
//	beside.go     the other files of the directory, the optimizer among them
//	parts.go      parameters by module and by layer
//	fit.go        config against tensors
//	tokens.go     tokenizer and special ids against the embeddings
//	container.go  each file: headers, padding, unused bytes, and whether its
//	              reference writer would give these bytes
//	excess.go     why the files are larger than the model asks for
//	memory.go     what running it takes
//
// [Check] reads everything: checksums, floats that are not finite, bytes that
// belong to nothing. What is odd is a finding, not an error: what a conversion
// would refuse is here what was to be found out.
package inspect

import (
	"cmp"
	"slices"

	"olmotool/formats"
	"olmotool/formats/gguf"
	"olmotool/formats/olmo"
	"olmotool/internal/ordjson"
)

// Report is what is known of a checkpoint from its headers.
type Report struct {
	Path         string
	Layout       string
	Architecture string // model type; empty when no model is known
	ShapeOf      string // the published model that has this shape: "OLMo 2 7B"; empty if none has
	Parameters   int64  // elements of all tensors
	// NonEmbedding is Parameters without those of the embedding; a head of its own
	// counts. 0 when no model is known.
	NonEmbedding int64
	Bytes        int64 // of all tensors
	Tensors      []formats.Tensor
	// Canonical gives the canonical name of a tensor by the name it is stored
	// by, where that is one to one.
	Canonical map[string]string
	DTypes    []DTypeCount // most bytes first
	// Config has the names of Hugging Face's config.json; nil when no model is
	// known.
	Config     *ordjson.Object
	Modules    []Part // in the order of a model's modules; empty when no model is known
	Layers     []Part // by layer, in order
	Run        Run
	Optimizer  Optimizer
	Tokenizer  *Tokenizer // nil when there is none beside the weights or in them
	Memory     *Memory    // nil when no model is known
	Files      []formats.File
	Beside     Beside
	Containers []Container // one for each of Files that holds tensors
	Excess     []Excess
	Metadata   map[string]string // of safetensors
	KVs        []gguf.KV         // of a GGUF
	Findings   []formats.Finding
}

// DTypeCount is how much of a checkpoint is of one element type.
type DTypeCount struct {
	DType   formats.DType
	Tensors int
	Bytes   int64
}

// Source inspects an open source. The report shares the source's tensors.
func Source(src *olmo.Source) *Report {
	r := &Report{
		Path: src.Path, Layout: src.Layout, Tensors: src.Tensors, Files: src.Files, Metadata: src.Metadata, KVs: src.KVs,
		Findings: slices.Clone(src.Findings), Canonical: map[string]string{},
	}
	for _, t := range src.Tensors {
		r.Parameters += t.Elements()
		r.Bytes += t.Bytes()
		r.count(t)
	}
	slices.SortStableFunc(r.DTypes, func(a, b DTypeCount) int { return cmp.Compare(b.Bytes, a.Bytes) })
	r.lookBeside(src)
	r.findRun(src)
	r.lookAtContainers(src)
	if src.Config != nil {
		r.Architecture = src.Config.ModelType
		r.Config = src.Config.HFObject()
		r.ShapeOf = release(src.Config)
		r.fit(src)
		r.compareTokens(src)
		r.Memory = memory(src.Config, r.Bytes)
	}
	r.findExcess(src)
	return r
}

func (r *Report) count(t formats.Tensor) {
	i := slices.IndexFunc(r.DTypes, func(c DTypeCount) bool { return c.DType == t.DType })
	if i < 0 {
		i = len(r.DTypes)
		r.DTypes = append(r.DTypes, DTypeCount{DType: t.DType})
	}
	r.DTypes[i].Tensors++
	r.DTypes[i].Bytes += t.Bytes()
}

// note adds a finding; the message is made like that of fmt.Sprintf.
func (r *Report) note(s formats.Severity, code, where, format string, args ...any) {
	r.Findings = append(r.Findings, found(s, code, where, format, args...))
}
