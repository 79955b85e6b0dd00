package olmo

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
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
	// Container of olmo-core-unsharded: "torch" or "safetensors".
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
	if err != nil {
		return nil, err
	}
	if l.plan == nil {
		return nil, fmt.Errorf("layout %q cannot be written", to)
	}
	if o.DType.IsBlock() && l != ggufLayout {
		return nil, fmt.Errorf("layout %q cannot hold %s, expected f32, f16 or bf16", to, o.DType)
	}
	return l.plan(m, o)
}

// stored is a tensor of an output: its bytes are those of parts, canonical
// tensors, end to end; nil parts say that they are in another order.
type stored struct {
	formats.Tensor
	parts []formats.Tensor
}

// same is a canonical tensor that is stored as it is, under another name.
func same(name string, t formats.Tensor) stored {
	return stored{t.WithName(name), []formats.Tensor{t}}
}

// fused is canonical tensors stored as one, row after row.
func fused(name string, ts ...formats.Tensor) (stored, error) {
	t, err := formats.JoinRows(name, ts...)
	return stored{t, ts}, err
}

// tensorsOf returns the plain tensors of a list.
func tensorsOf(ss []stored) []formats.Tensor {
	ts := make([]formats.Tensor, len(ss))
	for i, s := range ss {
		ts[i] = s.Tensor
	}
	return ts
}

// attribute makes the segments of files say which canonical tensor they hold,
// splitting those that hold several.
func attribute(files []*formats.FilePlan, ss []stored) {
	parts := make(map[string][]formats.Tensor, len(ss))
	for _, s := range ss {
		parts[s.Name] = s.parts
	}
	for _, f := range files {
		var out []formats.Segment
		for _, seg := range f.Segments {
			if seg.Tensor == nil {
				out = append(out, seg)
				continue
			}
			ps := parts[seg.Tensor.Name]
			if len(ps) == 0 {
				seg.Tensor = nil
				out = append(out, seg)
				continue
			}
			for i := range ps {
				s := seg
				s.Tensor, s.Data, s.Size = &ps[i], ps[i].Data, ps[i].Bytes()
				out = append(out, s)
			}
		}
		f.Segments = out
	}
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

// tokenizerFiles are the files that make up a tokenizer of transformers.
var tokenizerFiles = []string{
	"tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json",
	"vocab.json", "merges.txt", "chat_template.jinja", "chat_template.json",
}

const templatesDir = "additional_chat_templates"

// copies plans the tokenizer files of the source, or of the directory asked for.
func (m *Model) copies(o PlanOptions) ([]*formats.FilePlan, error) {
	from := m.Source.Beside
	if o.Tokenizer.Dir != "" {
		from = o.Tokenizer
	}
	names := slices.Clone(tokenizerFiles)
	templates, err := from.ListDir(templatesDir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for _, n := range templates {
		if path.Ext(n) == ".jinja" {
			names = append(names, path.Join(templatesDir, n))
		}
	}
	var files []*formats.FilePlan
	for _, n := range names {
		if !from.Has(n) {
			continue
		}
		b, err := from.Read(n)
		if err != nil {
			return nil, err
		}
		files = append(files, literal(n, b))
	}
	return files, nil
}

// torchNames are torch's names of element types, as config.json has them.
var torchNames = map[formats.DType]string{
	formats.F64: "float64", formats.F32: "float32", formats.F16: "float16", formats.BF16: "bfloat16",
}

// mainDType is the element type that most of the bytes are in.
func mainDType(ts []formats.Tensor) formats.DType {
	var bytes [256]int64
	best := formats.InvalidDType
	for _, t := range ts {
		bytes[t.DType] += t.Bytes()
		if best == formats.InvalidDType || bytes[t.DType] > bytes[best] {
			best = t.DType
		}
	}
	return best
}
