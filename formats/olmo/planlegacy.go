package olmo

import (
	"strconv"

	"olmotool/formats"
	"olmotool/formats/torch"
)

// legacyOrder are the modules of a block of the trainer in their order, those
// without weights included: they stand in the metadata of its state dict.
var legacyOrder = []string{
	"dropout", "k_norm", "q_norm", "act", "attn_out", "ff_out", "rotary_emb", "att_proj", "ff_proj", "attn_norm", "ff_norm",
}

func planLegacy(m *Model, o PlanOptions) (*Plan, error) {
	cfg, err := m.Config.encodeLegacy()
	if err != nil {
		return nil, err
	}
	ts, ss, modules, err := m.legacyState(o)
	if err != nil {
		return nil, err
	}
	var to torch.Options
	for _, path := range modules {
		to.Metadata = append(to.Metadata, torch.Module{Path: path, Version: 1})
	}
	f, err := torch.Plan("model.pt", tensorsOf(ss), to)
	if err != nil {
		return nil, err
	}
	return m.planDir(o, f, ts, ss, literal("config.yaml", cfg))
}

// legacyState returns the trainer's state dict in its order: the canonical tensors
// as they are stored, the stored ones that they make up, and the paths of all
// modules.
func (m *Model) legacyState(o PlanOptions) (ts []formats.Tensor, ss []stored, modules []string, err error) {
	c := m.Config
	if ts, err = castAll(m.Tensors, o); err != nil {
		return nil, nil, nil, err
	}
	get, hf := byName(ts), inverse(legacyNames)
	ss = []stored{same(legacyEmbed, get[embedName])}
	if t, ok := get[normName]; ok {
		ss = append(ss, same(legacyNorm, t))
	}
	modules = []string{"", "transformer", "transformer.wte", "transformer.emb_drop", "transformer.ln_f", "transformer.blocks"}
	for i := range c.NumHiddenLayers {
		layer := strconv.FormatInt(i, 10)
		block := "transformer.blocks." + layer
		modules = append(modules, block)
		for _, module := range legacyOrder {
			if !c.hasNorms() && (module == "k_norm" || module == "q_norm") {
				continue
			}
			modules = append(modules, block+"."+module)
			name := block + "." + module + ".weight"
			if t, ok := get[layerName(layer, hf[module])]; ok {
				ss = append(ss, same(name, t))
			}
			if parts := legacyFused[module]; parts != nil {
				var rows []formats.Tensor
				for _, p := range parts {
					rows = append(rows, get[layerName(layer, p)])
				}
				s, err := fused(name, rows...)
				if err != nil {
					return nil, nil, nil, err
				}
				ss = append(ss, s)
			}
		}
	}
	if t, ok := get[headName]; ok {
		ss = append(ss, same(legacyHead, t))
		modules = append(modules, "transformer.ff_out")
	}
	return ts, ss, modules, nil
}
