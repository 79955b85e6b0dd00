package olmo

import (
	"errors"
	"io/fs"
	"slices"
	"strings"

	"olmotool/formats"
	"olmotool/formats/shards"
	"olmotool/internal/ordjson"
)

// planHF lays out a Hugging Face directory; file plans one file of weights.
func planHF(m *Model, o PlanOptions, files weightFiles, file func(name string, ts []formats.Tensor) (*formats.FilePlan, error)) (*Plan, error) {
	ts, err := castAll(m.Tensors, o)
	if err != nil {
		return nil, err
	}
	p := &Plan{Dir: true, Tensors: ts}
	groups := [][]formats.Tensor{ts}
	if o.MaxShard > 0 {
		groups = shards.Split(ts, o.MaxShard)
	}
	ext := files.ext()
	stem := strings.TrimSuffix(files.single, ext)
	for i, g := range groups {
		f, err := file(shards.Name(stem, ext, i+1, len(groups)), g)
		if err != nil {
			return nil, err
		}
		p.Files = append(p.Files, f)
	}
	ss := make([]stored, len(ts))
	for i, t := range ts {
		ss[i] = same(t.Name, t)
	}
	attribute(p.Files, ss)

	dtype := ""
	if m.Config.HF == nil || o.DType.Valid() {
		dtype = torchNames[mainDType(ts)]
	}
	cfg, err := m.Config.EncodeHF(dtype)
	if err != nil {
		return nil, err
	}
	if c := m.Config; c.HF == nil && c.ModelType == OLMo3 && !c.RopeSliding.same(Rope{Type: ropeDefault, Theta: c.Rope.Theta}) {
		p.find("sliding-rope", "config.json", "the rope of sliding layers is said in the words of transformers 5 alone: version 4 takes rope_theta %v for them", c.Rope.Theta)
	}
	gen, err := m.generationConfig(o)
	if err != nil {
		return nil, err
	}
	p.Files = append(p.Files, literal("config.json", cfg), literal("generation_config.json", gen))
	if err := p.copyBeside(m, o); err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(p.Files, func(f *formats.FilePlan) bool { return f.Name == "tokenizer.json" }) {
		p.find("no-tokenizer", "tokenizer.json", "found none beside the source: the output has no tokenizer, name the directory of one with --tokenizer")
	}
	if len(groups) > 1 {
		// Last: a reader that finds the index finds all that it lists.
		x, err := shards.NewIndex(stem, ext, groups)
		if err != nil {
			return nil, err
		}
		b, err := shards.EncodeIndex(x)
		if err != nil {
			return nil, err
		}
		p.Files = append(p.Files, literal(files.index(), b))
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
	g := object("eos_token_id", m.Config.eos(), "pad_token_id", anyOf(m.Config.PadTokenID))
	b, err := ordjson.Encode(g, ordjson.Options{Indent: 2, ASCII: true})
	return append(b, '\n'), err
}
