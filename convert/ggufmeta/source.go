package ggufmeta

import (
	"errors"
	"fmt"
	"io/fs"

	"olmotool/formats"
	"olmotool/internal/ordjson"
)

// Source is a model directory as the official converter sees it.
type Source struct {
	// DirName is the base name of the absolute path of the directory.
	DirName string

	// Read returns a file of the directory. Its error matches fs.ErrNotExist if
	// there is none. It bounds the size of what it reads.
	Read func(name string) ([]byte, error)

	// List returns the names of the files in a directory below, in any order.
	// Its error matches fs.ErrNotExist if there is none. A nil List finds none.
	List func(dir string) ([]string, error)

	// Config is config.json, or what stands for it. Used are _name_or_path, the
	// ids of special tokens (eos_token_id and so on), and model_type and
	// tokenizer_class, which decide how transformers loads a tokenizer.
	Config *ordjson.Object

	// Path returns how messages name a file of the directory. With a nil Path
	// they use its name alone.
	Path func(name string) string
}

// Options are what the user may add to what the directory says.
type Options struct {
	ModelName    string // general.name, instead of all other sources; "" for none
	Metadata     []byte // a JSON object of keys and values that replace those found; nil for none
	PreTokenizer string // tokenizer.ggml.pre, instead of what is recognised; "" for none
	Parameters   int64  // elements of all tensors together; 0 if unknown
}

// ErrNoTokenizer is wrapped by the error of [Tokenizer] if the directory has no
// tokenizer.json.
var ErrNoTokenizer = errors.New("no tokenizer.json")

// metadataName is how messages name Options.Metadata.
const metadataName = "--metadata"

func (s Source) path(name string) string {
	if s.Path == nil {
		return name
	}
	return s.Path(name)
}

// read returns nil, nil for a file that does not exist.
func (s Source) read(name string) ([]byte, error) {
	data, err := s.Read(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil && data == nil {
		data = []byte{}
	}
	return data, err
}

// readObject returns the object that a JSON file holds, or nil if there is no
// such file.
func (s Source) readObject(name string) (*ordjson.Object, error) {
	data, err := s.read(name)
	if err != nil || data == nil {
		return nil, err
	}
	return parseObject(s.path(name), data)
}

func parseObject(file string, data []byte) (*ordjson.Object, error) {
	o, err := ordjson.ParseObject(data)
	var syntax *ordjson.SyntaxError
	if errors.As(err, &syntax) {
		return nil, formats.Errorf(file, fmt.Sprintf("byte %d", syntax.Offset), "%s", syntax.Msg)
	}
	return o, err
}

func (s Source) list(dir string) ([]string, error) {
	if s.List == nil {
		return nil, nil
	}
	names, err := s.List(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return names, err
}

// get is Object.Get for an object that may be missing.
func get(o *ordjson.Object, key string) (any, bool) {
	if o == nil {
		return nil, false
	}
	return o.Get(key)
}
