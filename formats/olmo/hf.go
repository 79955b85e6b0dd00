package olmo

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"olmotool/formats"
	"olmotool/formats/safetensors"
	"olmotool/formats/shards"
	"olmotool/formats/torch"
)

// Ends of the names of indexes.
const (
	indexExt            = ".index.json"
	safetensorsIndexExt = ".safetensors" + indexExt
	torchIndexExt       = ".bin" + indexExt
)

// weightFiles names the files that weights are kept in: one, or several and an
// index.
type weightFiles struct{ single string }

func (f weightFiles) index() string { return f.single + indexExt }

func (f weightFiles) ext() string { return filepath.Ext(f.single) }

var (
	hfFiles    = weightFiles{"model.safetensors"}
	hfBinFiles = weightFiles{"pytorch_model.bin"}
)

func (d *dir) hasWeights(f weightFiles) bool { return d.has(f.single) || d.has(f.index()) }

// hfLayout is what transformers saves and loads: canonical names, safetensors.
var hfLayout = &layout{
	name:  layoutHF,
	doc:   "Hugging Face directory: config.json, model.safetensors or shards with an index, tokenizer",
	match: func(d *dir) bool { return d.isHF() && d.hasWeights(hfFiles) },
	open: func(path string) (*Source, error) {
		return openHF(path, hfFiles, kindSafetensors, safetensors.Open)
	},
	tied:      [2]string{headName, embedName},
	canonical: hfCanonical,
	plan: func(m *Model, o PlanOptions) (*Plan, error) {
		return planHF(m, o, hfFiles, func(name string, ts []formats.Tensor) (*formats.FilePlan, error) {
			// transformers refuses files that lack exactly this entry.
			return safetensors.Plan(name, ts, map[string]string{"format": "pt"})
		})
	},
}

// hfBinLayout is the same with pickled weights, as older releases have them.
var hfBinLayout = &layout{
	name:  layoutHFBin,
	doc:   "Hugging Face directory with pytorch_model.bin",
	match: func(d *dir) bool { return d.isHF() && !d.hasWeights(hfFiles) && d.hasWeights(hfBinFiles) },
	open: func(path string) (*Source, error) {
		return openHF(path, hfBinFiles, kindTorch, torch.Open)
	},
	tied:      [2]string{headName, embedName},
	canonical: hfCanonical,
	plan: func(m *Model, o PlanOptions) (*Plan, error) {
		return planHF(m, o, hfBinFiles, func(name string, ts []formats.Tensor) (*formats.FilePlan, error) {
			return torch.Plan(name, ts, torch.Options{Plain: true})
		})
	},
}

// openHF opens a directory, or the one that a file of weights belongs to. Of a
// single file and an index the single file wins, as in transformers, unless the
// path says otherwise.
func openHF(path string, files weightFiles, kind string, open func(string) (*formats.Checkpoint, error)) (*Source, error) {
	dir, base, c, err := openConfig(path, "config.json", "JSON", ParseHFConfig)
	if err != nil {
		return nil, err
	}
	index := base == files.index() || shardName.MatchString(base)
	if base == "" {
		index = !exists(dir, files.single) && exists(dir, files.index())
	}
	var ck *formats.Checkpoint
	if index {
		ck, err = shards.OpenIndex(filepath.Join(dir, files.index()), open)
	} else {
		ck, err = open(filepath.Join(dir, files.single))
	}
	if err != nil {
		return nil, sniffed(err, kind)
	}
	ck.Path = dir
	return &Source{Checkpoint: ck, Config: c, Beside: Beside{dir}}, nil
}

// exists reports whether a directory has something of that name, be it a file or not.
func exists(dir, name string) bool {
	_, err := os.Lstat(filepath.Join(dir, name))
	return err == nil
}

// hfCanonical drops what transformers does not load either: the buffers of old
// converters, and the head of a tied model.
func hfCanonical(s *Source) ([]formats.Tensor, error) {
	return slices.DeleteFunc(slices.Clone(s.Tensors), func(t formats.Tensor) bool {
		return strings.HasSuffix(t.Name, ".rotary_emb.inv_freq") || s.Config.TieWordEmbeddings && t.Name == headName
	}), nil
}
