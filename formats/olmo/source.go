package olmo

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"olmotool/formats"
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

	layout *layout
}

// Model is a model in canonical form: Hugging Face names, in the order of
// [Config.Tensors]. When Config is nil it is a bare list of tensors under the
// names that they are stored by.
type Model struct {
	Config  *Config
	Tensors []formats.Tensor
	Source  *Source
}

// Model returns the canonical form. It fails if the tensors are not exactly
// those that the config asks for.
func (s *Source) Model() (*Model, error) {
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

// Tied returns the names of the tensor that may be a copy and of what it is a
// copy of, for [digest.Options].
func Tied() [2]string { return [2]string{headName, embedName} }

// maxBeside bounds a file beside the weights: the largest, a tokenizer.json,
// has some 10 MB.
const maxBeside = 64 << 20

// Beside reads files of one directory. The zero value has none.
type Beside struct{ Dir string }

// Read returns the contents of a file; the error is fs.ErrNotExist when there
// is none. The name must be a plain file name, or one directory and a name.
func (b Beside) Read(name string) ([]byte, error) {
	if b.Dir == "" || !filepath.IsLocal(name) {
		return nil, fs.ErrNotExist
	}
	return readBounded(filepath.Join(b.Dir, name))
}

// Has reports whether there is a regular file of that name.
func (b Beside) Has(name string) bool {
	if b.Dir == "" {
		return false
	}
	fi, err := os.Stat(filepath.Join(b.Dir, name))
	return err == nil && fi.Mode().IsRegular()
}

// ListDir returns the names of the files in a directory below, sorted; the error
// is fs.ErrNotExist when there is none.
func (b Beside) ListDir(dir string) ([]string, error) {
	if b.Dir == "" || !filepath.IsLocal(dir) {
		return nil, fs.ErrNotExist
	}
	es, err := os.ReadDir(filepath.Join(b.Dir, dir))
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range es {
		if !e.IsDir() {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

// readBounded reads a small regular file.
func readBounded(path string) ([]byte, error) {
	f, size, err := formats.OpenRegular(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if size > maxBeside {
		return nil, formats.Errorf(path, "", "found %d bytes, expected at most %d", size, int64(maxBeside))
	}
	// One byte more than the size shows a file that grows while it is read.
	b, err := io.ReadAll(io.LimitReader(f, maxBeside+1))
	if err == nil && len(b) > maxBeside {
		err = fmt.Errorf("%s: grew past %d bytes while being read", path, int64(maxBeside))
	}
	return b, err
}
