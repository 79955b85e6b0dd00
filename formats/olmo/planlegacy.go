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
	c := m.Config
	cfg, err := c.encodeLegacy()
	if err != nil {
		return nil, err
	}
	ts, err := castAll(m.Tensors, o)
	if err != nil {
		return nil, err
	}
	get, hf := byName(ts), inverse(legacyNames)
	ss := []stored{same(legacyEmbed, get[embedName])}
	if t, ok := get[normName]; ok {
		ss = append(ss, same(legacyNorm, t))
	}
	modules := []string{"", "transformer", "transformer.wte", "transformer.emb_drop", "transformer.ln_f", "transformer.blocks"}
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
					return nil, err
				}
				ss = append(ss, s)
			}
		}
	}
	if t, ok := get[headName]; ok {
		ss = append(ss, same(legacyHead, t))
		modules = append(modules, "transformer.ff_out")
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
