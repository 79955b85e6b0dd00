package olmo

import (
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"olmotool/formats"
	"olmotool/formats/safetensors"
	"olmotool/formats/shards"
	"olmotool/formats/torch"
	"olmotool/internal/ordjson"
)

const (
	safetensorsIndex = "model.safetensors.index.json"
	torchIndex       = "pytorch_model.bin.index.json"
)

// hfLayout is what transformers saves and loads: canonical names, safetensors.
var hfLayout = &layout{
	name: layoutHF,
	doc:  "Hugging Face directory: config.json, model.safetensors or shards with an index, tokenizer",
	match: func(d *dir) bool {
		return d.isHF() && (d.has("model.safetensors") || d.has(safetensorsIndex))
	},
	open: func(path string) (*Source, error) {
		return openHF(path, "model.safetensors", safetensorsIndex, safetensors.Open)
	},
	canonical: hfCanonical,
	plan: func(m *Model, o PlanOptions) (*Plan, error) {
		return planHF(m, o, hfWriter{"model", ".safetensors", func(name string, ts []formats.Tensor) (*formats.FilePlan, error) {
			// transformers refuses files that lack exactly this entry.
			return safetensors.Plan(name, ts, map[string]string{"format": "pt"})
		}})
	},
}

// hfBinLayout is the same with pickled weights, as older releases have them.
var hfBinLayout = &layout{
	name: layoutHFBin,
	doc:  "Hugging Face directory with pytorch_model.bin",
	match: func(d *dir) bool {
		return d.isHF() && !hfLayout.match(d) && (d.has("pytorch_model.bin") || d.has(torchIndex))
	},
	open: func(path string) (*Source, error) {
		return openHF(path, "pytorch_model.bin", torchIndex, torch.Open)
	},
	canonical: hfCanonical,
	plan: func(m *Model, o PlanOptions) (*Plan, error) {
		return planHF(m, o, hfWriter{"pytorch_model", ".bin", func(name string, ts []formats.Tensor) (*formats.FilePlan, error) {
			return torch.Plan(name, ts, torch.Options{Plain: true})
		}})
	},
}

// isHF reports whether config.json is that of an OLMo in transformers.
func (d *dir) isHF() bool {
	_, ok := architectures[d.config]
	return ok
}

// configKind tells what a config.json belongs to: its model_type, or "core".
func configKind(path string) string {
	b, err := readBounded(path)
	if err != nil {
		return ""
	}
	o, err := ordjson.ParseObject(b)
	if err != nil {
		return "" // whoever opens it reports what is wrong with it
	}
	if v, ok := o.Get("model_type"); ok {
		s, _ := v.(string)
		return s
	}
	if v, ok := o.Get("model"); ok {
		if _, ok := v.(*ordjson.Object); ok {
			return "core"
		}
	}
	return ""
}

func openHF(path, single, index string, open func(string) (*formats.Checkpoint, error)) (*Source, error) {
	cfgPath := filepath.Join(path, "config.json")
	b, err := readBounded(cfgPath)
	if err != nil {
		return nil, err
	}
	c, err := ParseHFConfig(b, cfgPath)
	if err != nil {
		return nil, err
	}
	c.hfText = b
	beside := Beside{path}
	var ck *formats.Checkpoint
	if beside.Has(single) {
		// As transformers does: one whole file wins over an index.
		ck, err = open(filepath.Join(path, single))
	} else {
		ck, err = shards.OpenIndex(filepath.Join(path, index), open)
	}
	if err != nil {
		return nil, sniffed(err)
	}
	ck.Path = path
	return &Source{Checkpoint: ck, Config: c, Beside: beside}, nil
}

// sniffed returns the error of a container's reader, or a better one if its
// file is not such a container at all.
func sniffed(err error) error {
	var e *formats.Error
	if !errors.As(err, &e) {
		return err
	}
	if _, serr := sniff(e.File); serr != nil && errors.As(serr, new(*formats.Error)) {
		return serr
	}
	return err
}

// hfCanonical drops what transformers does not load either: the buffers of old
// converters, and the head of a tied model.
func hfCanonical(s *Source) ([]formats.Tensor, error) {
	return slices.DeleteFunc(slices.Clone(s.Tensors), func(t formats.Tensor) bool {
		return strings.HasSuffix(t.Name, ".rotary_emb.inv_freq") || s.Config.TieWordEmbeddings && t.Name == headName
	}), nil
}

type hfWriter struct {
	stem, ext string
	plan      func(name string, ts []formats.Tensor) (*formats.FilePlan, error)
}

func planHF(m *Model, o PlanOptions, w hfWriter) (*Plan, error) {
	if m.Config == nil {
		return nil, errBare("a Hugging Face directory")
	}
	ts, err := castAll(m.Tensors, o)
	if err != nil {
		return nil, err
	}
	p := &Plan{Dir: true, Tensors: ts}
	groups := [][]formats.Tensor{ts}
	if o.MaxShard > 0 {
		groups = shards.Split(ts, o.MaxShard)
	}
	ss := make([]stored, len(ts))
	for i, t := range ts {
		ss[i] = same(t.Name, t)
	}
	for i, g := range groups {
		name := shards.Name(w.stem, w.ext, i+1, len(groups))
		f, err := w.plan(name, g)
		if err != nil {
			return nil, err
		}
		p.Files = append(p.Files, f)
	}
	attribute(p.Files, ss)

	cfg := m.Config.hfText
	if cfg == nil || o.DType.Valid() {
		if cfg, err = m.Config.EncodeHF(torchNames[mainDType(ts)]); err != nil {
			return nil, err
		}
	}
	p.Files = append(p.Files, literal("config.json", cfg))
	gen, err := m.generationConfig(o)
	if err != nil {
		return nil, err
	}
	p.Files = append(p.Files, literal("generation_config.json", gen))
	copies, err := m.copies(o)
	if err != nil {
		return nil, err
	}
	p.Files = append(p.Files, copies...)
	if len(groups) > 1 {
		// Last: a reader that finds the index finds all that it lists.
		x, err := shards.NewIndex(w.stem, w.ext, groups)
		if err != nil {
			return nil, err
		}
		b, err := shards.EncodeIndex(x)
		if err != nil {
			return nil, err
		}
		p.Files = append(p.Files, literal(shards.IndexName(w.stem, w.ext), b))
	}
	return p, nil
}

// generationConfig returns the generation_config.json beside the source or the
// tokenizer, or else one that says when to stop and nothing more.
func (m *Model) generationConfig(o PlanOptions) ([]byte, error) {
	for _, from := range []Beside{m.Source.Beside, o.Tokenizer} {
		b, err := from.Read("generation_config.json")
		if !errors.Is(err, fs.ErrNotExist) {
			return b, err
		}
	}
	g := new(ordjson.Object)
	cfg := m.Config.hfObject()
	for _, key := range []string{"eos_token_id", "pad_token_id"} {
		if v, _ := cfg.Get(key); v != nil {
			g.Set(key, v)
		}
	}
	b, err := ordjson.Encode(g, ordjson.Options{Indent: 2, ASCII: true})
	return append(b, '\n'), err
}

func errBare(what string) error {
	return errors.New("found tensors with no model known (no config beside them), expected a model to write " + what)
}
