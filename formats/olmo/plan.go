package olmo

import (
	"bytes"
	"fmt"
	"slices"

	"olmotool/formats"
	"olmotool/formats/gguf"
)

// PlanOptions say how a model is laid out.
type PlanOptions struct {
	// DType is the element type asked for; the zero value keeps each tensor's.
	DType formats.DType
	// Stats, if set, counts what casts lose while the planned bytes are read.
	Stats *formats.CastStats
	// MaxShard is the most bytes in one file of layouts hf and hf-bin; 0: all in one.
	MaxShard int64
	// Container of olmo-core-unsharded: "torch" (or empty) or "safetensors".
	Container string
	// Tokenizer is where tokenizer files are taken from; the zero value: from
	// beside the source.
	Tokenizer Beside
	// General and TokenizerKVs are the key-values of a GGUF that do not follow
	// from the config: those before and those after the architecture's own.
	General, TokenizerKVs []gguf.KV
	// EditKVs, if set, has the last word on the key-values of a GGUF.
	EditKVs func([]gguf.KV) ([]gguf.KV, error)
	// SplitMaxTensors and SplitMaxBytes split a GGUF; 0: no limit.
	SplitMaxTensors int
	SplitMaxBytes   int64
	// Name is the file name of a single-file output, or the first part of the
	// names of a split GGUF.
	Name string
}

// Plan is an output, every byte of it decided.
type Plan struct {
	// Files of the output. Segments that hold the bytes of a canonical tensor,
	// unchanged, have it as their Tensor; others have none.
	Files []*formats.FilePlan
	// Dir says that the output is a directory; otherwise it is the one file, or
	// the files of a split GGUF beside each other.
	Dir bool
	// Tensors is what the output holds, in canonical form: the model's tensors
	// in the types that they are stored in.
	Tensors  []formats.Tensor
	Findings []formats.Finding
}

// Plan lays the model out. It reads no tensor data.
func (m *Model) Plan(to string, o PlanOptions) (*Plan, error) {
	l, err := findLayout(to)
	switch {
	case err != nil:
		return nil, err
	case l.plan == nil:
		return nil, fmt.Errorf("layout %q cannot be written", to)
	case m.Config == nil && l.canonical != nil:
		return nil, fmt.Errorf("found tensors with no model known (no config beside them), expected a model to write as layout %q", to)
	case l == ggufLayout:
		return l.plan(m, o)
	case o.DType.IsBlock():
		return nil, fmt.Errorf("layout %q cannot hold %s, expected f32, f16 or bf16", to, o.DType)
	}
	for _, t := range m.Tensors {
		if t.DType.IsBlock() && !o.DType.Valid() {
			return nil, fmt.Errorf("tensor %.120q: found %s, which layout %q cannot hold, expected another type: say --dtype f32, f16 or bf16", t.Name, t.DType, to)
		}
	}
	return l.plan(m, o)
}

// castAll returns the tensors in the type asked for; those that are not of a
// floating-point type stay as they are.
func castAll(ts []formats.Tensor, o PlanOptions) ([]formats.Tensor, error) {
	out := slices.Clone(ts)
	if !o.DType.Valid() {
		return out, nil
	}
	for i, t := range ts {
		if !t.DType.IsFloat() && !t.DType.IsBlock() {
			continue
		}
		var err error
		if out[i], err = formats.Cast(t, o.DType, o.Stats); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// literal is a file of these bytes.
func literal(name string, b []byte) *formats.FilePlan {
	return &formats.FilePlan{Name: name, Segments: []formats.Segment{{Size: int64(len(b)), Data: bytes.NewReader(b)}}}
}

// torchNames are torch's names of element types, as config.json has them.
var torchNames = map[formats.DType]string{
	formats.F64: "float64", formats.F32: "float32", formats.F16: "float16", formats.BF16: "bfloat16",
}

// mainDType is the element type that most of the bytes are in.
func mainDType(ts []formats.Tensor) formats.DType {
	bytes := map[formats.DType]int64{}
	best := formats.InvalidDType
	for _, t := range ts {
		bytes[t.DType] += t.Bytes()
		if bytes[t.DType] > bytes[best] {
			best = t.DType
		}
	}
	return best
}
