package convert

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"olmotool/convert/ggufmeta"
	"olmotool/formats"
	"olmotool/formats/gguf"
	"olmotool/formats/olmo"
	"olmotool/internal/ordjson"
)

// maxMetadata bounds the file of --metadata, which people write by hand.
const maxMetadata = 1 << 20

// metadata adds to the plan's options the key-values of a GGUF that do not
// follow from the config: what the model is called, and its tokenizer.
func (c *conversion) metadata(po *olmo.PlanOptions) ([]formats.Finding, error) {
	if c.TokenizerDir != "" {
		if fi, err := os.Stat(c.TokenizerDir); err != nil {
			return nil, &formats.Error{File: c.TokenizerDir, Msg: "found none by this name, expected the directory of a tokenizer", Err: err}
		} else if !fi.IsDir() {
			return nil, usagef("--tokenizer %s: found a file, expected a directory", c.TokenizerDir)
		}
		if !po.Tokenizer.Has("tokenizer.json") {
			return nil, formats.Errorf(c.TokenizerDir, "", "found no tokenizer.json, expected the directory of a tokenizer")
		}
	}
	m := c.model
	if c.To != "gguf" || m.Config == nil {
		return nil, nil
	}
	if m.Source.Layout == "gguf" {
		if c.ModelName+c.MetadataFile+c.PreTokenizer+c.TokenizerDir != "" {
			return nil, usagef("--model-name, --metadata, --pretokenizer, --tokenizer: found a GGUF as source, which keeps its own: edit it with --set and --unset")
		}
		return nil, nil
	}
	opts := ggufmeta.Options{ModelName: c.ModelName, PreTokenizer: c.PreTokenizer}
	for _, t := range m.Tensors {
		opts.Parameters += t.Elements()
	}
	if c.MetadataFile != "" {
		b, err := readMetadata(c.MetadataFile)
		if err != nil {
			return nil, err
		}
		opts.Metadata = b
	}
	dir := strings.TrimPrefix(m.Source.Path, "random:")
	if abs, err := filepath.Abs(dir); err == nil {
		dir = abs
	}
	cfg, err := parsed(m.Config.HFObject())
	if err != nil {
		return nil, err
	}
	source := func(b olmo.Beside) ggufmeta.Source {
		return ggufmeta.Source{
			DirName: filepath.Base(dir), Config: cfg,
			Read: func(name string) ([]byte, error) {
				if data, ok := c.extra(name); ok {
					return data, nil
				}
				if name == "README.md" && c.made() {
					return nil, fs.ErrNotExist // it is about another model
				}
				return b.Read(name)
			},
			List: b.ListDir, Path: func(name string) string { return filepath.Join(b.Dir, name) },
		}
	}
	po.General, err = ggufmeta.General(source(m.Source.Beside), opts, m.Config.GGUFArch())
	if err != nil {
		return nil, c.nameMetadata(err)
	}
	tokenizer := m.Source.Beside
	if c.TokenizerDir != "" {
		tokenizer = po.Tokenizer
	}
	var findings []formats.Finding
	po.TokenizerKVs, findings, err = ggufmeta.Tokenizer(source(tokenizer), opts, int(m.Config.VocabSize))
	if errors.Is(err, ggufmeta.ErrNoTokenizer) && len(m.Source.KVs) > 0 && c.PreTokenizer+c.TokenizerDir == "" {
		// Made of GGUFs, whose tokenizer is in them.
		po.TokenizerKVs = slices.DeleteFunc(slices.Clone(m.Source.KVs), func(kv gguf.KV) bool { return !strings.HasPrefix(kv.Key, "tokenizer.") })
		return nil, nil
	}
	if errors.Is(err, ggufmeta.ErrNoTokenizer) {
		err = fmt.Errorf("found no tokenizer.json beside the weights, expected one: name its directory with --tokenizer")
	}
	return findings, err
}

// made reports whether the model is not itself an input, but made of some.
func (c *conversion) made() bool { return len(c.inputs) != 1 || c.inputs[0].Source != c.model.Source }

// parsed returns an object as it is when read from a file: a config of another
// layout has Go's numbers where a parsed one has their text.
func parsed(o *ordjson.Object) (*ordjson.Object, error) {
	b, err := ordjson.Encode(o, ordjson.Options{})
	if err != nil {
		return nil, err
	}
	return ordjson.ParseObject(b)
}

func readMetadata(path string) ([]byte, error) {
	f, _, err := formats.OpenRegular(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxMetadata+1))
	if err == nil && len(b) > maxMetadata {
		err = formats.Errorf(path, "", "found more than %d bytes, expected a small JSON file", maxMetadata)
	}
	return b, err
}

// nameMetadata makes an error about the bytes of the metadata file name it.
func (c *conversion) nameMetadata(err error) error {
	var fe *formats.Error
	if errors.As(err, &fe) && fe.File == "--metadata" {
		fe.File = c.MetadataFile
	}
	return err
}
