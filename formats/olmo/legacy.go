package olmo

import (
	"fmt"
	"path/filepath"

	"olmotool/formats"
)

// legacyLayout is the unsharded checkpoint of the trainer that made OLMo 1 and
// OLMo 2 1B, 7B and 13B: a flat state dict with q, k, v and up, gate fused.
var legacyLayout = &layout{
	name: "olmo",
	doc:  "legacy unsharded directory: config.yaml, model.pt",
	match: func(d *dir) bool {
		return d.has("config.yaml") && d.has("model.pt") && !d.has(weirdFile) && !d.isHF()
	},
	open: func(path string) (*Source, error) {
		dir, _, c, err := openConfig(path, "config.yaml", "YAML", parseLegacyConfig)
		if err != nil {
			return nil, err
		}
		f, err := openState(filepath.Join(dir, "model.pt"))
		if err != nil {
			return nil, sniffed(err, kindTorch)
		}
		f.Path = dir
		s := &Source{Checkpoint: f.Checkpoint, Config: c, Beside: Beside{dir}, Torch: f}
		s.findLegacy()
		return s, nil
	},
	tied:      [2]string{legacyHead, legacyEmbed},
	canonical: legacyCanonical,
	plan:      planLegacy,
}

const (
	legacyEmbed = "transformer.wte.weight"
	legacyNorm  = "transformer.ln_f.weight"
	legacyHead  = "transformer.ff_out.weight"
)

// legacyNames are the trainer's names of what is stored one to one.
var legacyNames = map[string]string{
	"self_attn.o_proj":           "attn_out",
	"self_attn.q_norm":           "q_norm",
	"self_attn.k_norm":           "k_norm",
	"mlp.down_proj":              "ff_out",
	"post_attention_layernorm":   "attn_norm",
	"post_feedforward_layernorm": "ff_norm",
}

// legacyFused are the fused matrices: the parts of each, in the order of their
// rows. The trainer's SwiGLU multiplies the first half by silu of the second,
// so up comes first.
var legacyFused = map[string][]string{
	"att_proj": {"self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"},
	"ff_proj":  {"mlp.up_proj", "mlp.gate_proj"},
}

func legacyCanonical(s *Source) ([]formats.Tensor, error) {
	rows := map[string]int64{}
	for _, spec := range s.Config.Tensors() {
		if layer, module, ok := cutLayer(spec.Name, "model.layers."); ok && layer == "0" {
			rows[module] = spec.Shape[0]
		}
	}
	hf := inverse(legacyNames)
	rename := legacyRenamer(s.Tensors)
	var out []formats.Tensor
	for _, t := range s.Tensors {
		name, err := rename(t.Name)
		if err != nil {
			if err := s.misfit(t, err); err != nil {
				return nil, err
			}
			out = append(out, t)
			continue
		}
		t = t.WithName(name)
		layer, module, ok := cutLayer(name, "transformer.blocks.")
		parts := legacyFused[module]
		switch {
		case isLegacyBuffer(name): // findLegacy has told of it
		case name == legacyEmbed:
			out = append(out, t.WithName(embedName))
		case name == legacyNorm:
			out = append(out, t.WithName(normName))
		case name == legacyHead:
			if !s.Config.TieWordEmbeddings {
				out = append(out, t.WithName(headName))
			}
		case ok && hf[module] != "":
			out = append(out, t.WithName(layerName(layer, hf[module])))
		case ok && module == "norm": // the only one of a block, before OLMo#222
			out = append(out, t.WithName(layerName(layer, hf["attn_norm"])), t.WithName(layerName(layer, hf["ff_norm"])))
		case ok && parts != nil:
			ts, err := cutRows(t, layer, parts, rows)
			if err != nil {
				if err := s.misfit(t, err); err != nil {
					return nil, err
				}
				ts = []formats.Tensor{t}
			}
			out = append(out, ts...)
		default:
			out = append(out, t) // arrange reports it
		}
	}
	return out, nil
}

// cutRows cuts a fused matrix into the parts of a layer.
func cutRows(t formats.Tensor, layer string, parts []string, rows map[string]int64) ([]formats.Tensor, error) {
	var sum int64
	for _, p := range parts {
		sum += rows[p]
	}
	if len(t.Shape) != 2 || t.Shape[0] != sum {
		return nil, fmt.Errorf("found shape %v, expected %d rows from the config", t.Shape, sum)
	}
	var out []formats.Tensor
	var lo int64
	for _, p := range parts {
		r, err := formats.Rows(t, lo, lo+rows[p])
		if err != nil {
			return nil, err
		}
		out = append(out, r.WithName(layerName(layer, p)))
		lo += rows[p]
	}
	return out, nil
}
