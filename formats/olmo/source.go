package olmo

import (
	"slices"

	"olmotool/formats"
	"olmotool/formats/dcp"
	"olmotool/formats/gguf"
	"olmotool/formats/torch"
)

// Source is an opened path: its tensors as they are stored and, where the
// layout is that of a model, its config.
type Source struct {
	*formats.Checkpoint
	Layout string // as in [Layouts]
	// Config is nil when no model is known: layouts "safetensors" and "torch".
	Config *Config
	// Beside gives the files beside the weights: tokenizer, generation config.
	Beside Beside
	// KVs are the key-values of a GGUF.
	KVs []gguf.KV
	// Torch is the pickle side of a single torch.save file, or nil.
	Torch *torch.File
	// Distributed is the whole of a distributed checkpoint, optimizer and all, or
	// nil. Its tensors are those of Checkpoint and the optimizer's.
	Distributed *dcp.Checkpoint

	layout *layout
	// misfits gathers the tensors that cannot be brought into canonical form, where
	// that is not an error: see Loose.
	misfits *[]formats.Finding
}

// Model is a model in canonical form: Hugging Face names, in the order of
// [Config.Tensors]. When Config is nil it is a bare list of tensors under the
// names that they are stored by.
type Model struct {
	Config  *Config
	Tensors []formats.Tensor
	Source  *Source
}

// Model returns the canonical form. It fails if a tensor is of a kind that is
// not read, or if they are not exactly those that the config asks for.
func (s *Source) Model() (*Model, error) {
	if err := s.readable(); err != nil {
		return nil, err
	}
	if s.Config == nil {
		return &Model{Tensors: s.Tensors, Source: s}, nil
	}
	ts, err := s.layout.canonical(s)
	if err != nil {
		return nil, err
	}
	if ts, err = s.Config.arrange(s.Path, ts); err != nil {
		return nil, err
	}
	return &Model{Config: s.Config, Tensors: ts, Source: s}, nil
}

// readable reports what no reader of the tensors can get around.
func (s *Source) readable() error {
	for _, f := range s.Findings {
		if f.Code == "unsupported-tensor" { // of package torch
			return formats.Errorf(s.Path, f.Where, "%s", f.Message)
		}
	}
	if len(s.Tensors) == 0 {
		return formats.Errorf(s.Path, "", "found no tensors, expected some")
	}
	return nil
}

// Tied returns the names of the tensor that may be a copy and of what it is a
// copy of, for [digest.Options].
func Tied() [2]string { return [2]string{headName, embedName} }

// tiedHead is the code of what findHead finds.
const tiedHead = "tied-head"

// findHead notes a head that is stored although the config says that it is the
// embedding. It is left out, as most readers do; transformers 5 takes one that
// differs.
func (s *Source) findHead() {
	if s.Config == nil || !s.Config.TieWordEmbeddings || s.layout.tied[0] == "" {
		return
	}
	find := func(name string) (t formats.Tensor) {
		if i := slices.IndexFunc(s.Tensors, func(t formats.Tensor) bool { return t.Name == name }); i >= 0 {
			t = s.Tensors[i]
		}
		return t
	}
	head, embed := find(s.layout.tied[0]), find(s.layout.tied[1])
	shared := head.Origin.Offset >= 0 && head.Origin.File == embed.Origin.File && head.Origin.Offset == embed.Origin.Offset
	if head.Name == "" || shared {
		return
	}
	s.Findings = append(s.Findings, formats.Finding{
		Severity: formats.Warning, Code: tiedHead, Where: head.Name,
		Message: "the config says that the head is the embedding, yet there is a tensor for it: not used",
	})
}
