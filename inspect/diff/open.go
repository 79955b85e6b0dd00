package diff

import (
	"os"
	"path/filepath"

	"olmotool/formats/gguf"
	"olmotool/formats/olmo"
)

// Open opens both sides as models. If one of them is none that package olmo
// knows, but holds tensors, both are opened as bare lists of tensors, and why is
// not empty. from names their layouts, as in [olmo.Open].
func Open(paths, from [2]string) (ss [2]*olmo.Source, why string, err error) {
	for i := range paths {
		if ss[i], err = olmo.Open(paths[i], from[i]); err == nil {
			continue
		}
		bare := [2]*olmo.Source{}
		for j, p := range paths {
			if from[j] != "" {
				break
			}
			if bare[j], _ = openBare(p); bare[j] == nil {
				break
			}
		}
		closeAll(ss)
		if bare[0] == nil || bare[1] == nil {
			closeAll(bare)
			return [2]*olmo.Source{}, "", err // what is wrong with the model
		}
		return bare, err.Error(), nil
	}
	return ss, "", nil
}

func closeAll(ss [2]*olmo.Source) {
	for _, s := range ss {
		if s != nil {
			_ = s.Close() // only read
		}
	}
}

// weightFiles are what a directory of Hugging Face has its weights in, whatever
// the model, the first that is there being the one.
var weightFiles = []struct{ name, layout string }{
	{"model.safetensors", "safetensors"},
	{"model.safetensors.index.json", "safetensors"},
	{"pytorch_model.bin", "torch"},
	{"pytorch_model.bin.index.json", "torch"},
}

// openBare opens the tensors of a file or of a directory of Hugging Face, of a
// model that need not be known; nil if there are none.
func openBare(path string) (*olmo.Source, error) {
	fi, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !fi.IsDir() {
		if f, err := gguf.Open(path); err == nil {
			return &olmo.Source{Checkpoint: f.Checkpoint, KVs: f.KVs, Layout: "gguf"}, nil
		}
		for _, layout := range []string{"safetensors", "torch"} {
			s, err := olmo.Open(path, layout)
			if err == nil {
				return s, nil
			}
		}
		return nil, nil
	}
	beside := olmo.Beside{Dir: path}
	for _, f := range weightFiles {
		if !beside.Has(f.name) {
			continue
		}
		s, err := olmo.Open(filepath.Join(path, f.name), f.layout)
		if err != nil {
			return nil, err
		}
		s.Path, s.Beside = path, beside
		return s, nil
	}
	return nil, nil
}
