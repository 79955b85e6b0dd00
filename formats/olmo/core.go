package olmo

import (
	"fmt"
	"path/filepath"
	"strconv"

	"olmotool/formats"
	"olmotool/formats/safetensors"
	"olmotool/formats/torch"
)

// coreUnshardedLayout is what OLMo-core writes when it unshards a checkpoint:
// its own names, nothing fused, in one file.
var coreUnshardedLayout = &layout{
	name: "olmo-core-unsharded",
	doc:  "OLMo-core in one file: config.json of OLMo-core, model.pt or model.safetensors",
	match: func(d *dir) bool {
		return d.config == coreConfig && !d.has("config.yaml") && (d.has("model.pt") || d.has("model.safetensors"))
	},
	open: func(path string) (*Source, error) {
		dir, base, c, err := openConfig(path, "config.json", "JSON", parseCoreConfig)
		if err != nil {
			return nil, err
		}
		s := &Source{Config: c, Beside: Beside{dir}}
		if base == "model.safetensors" || base == "" && !s.Beside.Has("model.pt") && s.Beside.Has("model.safetensors") {
			if s.Checkpoint, err = safetensors.Open(filepath.Join(dir, "model.safetensors")); err != nil {
				return nil, sniffed(err, kindSafetensors)
			}
		} else {
			if s.Torch, err = torch.OpenFile(filepath.Join(dir, "model.pt")); err != nil {
				return nil, sniffed(err, kindTorch)
			}
			s.Checkpoint = s.Torch.Checkpoint
		}
		s.Path = dir
		return s, nil
	},
	canonical: coreCanonical,
	plan:      planCore,
}

// coreNames maps modules of a layer.
var coreNames = map[string]string{
	"self_attn.q_proj":           "attention.w_q",
	"self_attn.k_proj":           "attention.w_k",
	"self_attn.v_proj":           "attention.w_v",
	"self_attn.o_proj":           "attention.w_out",
	"self_attn.q_norm":           "attention.q_norm",
	"self_attn.k_norm":           "attention.k_norm",
	"mlp.gate_proj":              "feed_forward.w1",
	"mlp.down_proj":              "feed_forward.w2",
	"mlp.up_proj":                "feed_forward.w3",
	"post_attention_layernorm":   "attention_norm",
	"post_feedforward_layernorm": "feed_forward_norm",
}

// coreOrder is the order of the modules in OLMo-core's block.
var coreOrder = []string{
	"self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj", "self_attn.q_norm", "self_attn.k_norm",
	"post_attention_layernorm", "mlp.gate_proj", "mlp.down_proj", "mlp.up_proj", "post_feedforward_layernorm",
}

const (
	coreEmbed = "embeddings.weight"
	coreNorm  = "lm_head.norm.weight"
	coreHead  = "lm_head.w_out.weight"
)

func coreCanonical(s *Source) ([]formats.Tensor, error) {
	hf := inverse(coreNames)
	var out []formats.Tensor
	for _, t := range s.Tensors {
		layer, module, ok := cutLayer(t.Name, "blocks.")
		switch {
		case t.Name == coreEmbed:
			t = t.WithName(embedName)
		case t.Name == coreNorm, t.Name == "norm.weight": // the latter before OLMo-core 1.7
			t = t.WithName(normName)
		case t.Name == coreHead, t.Name == "w_out.weight":
			if s.Config.TieWordEmbeddings {
				continue
			}
			t = t.WithName(headName)
		case ok && hf[module] != "":
			t = t.WithName(layerName(layer, hf[module]))
		}
		out = append(out, t) // arrange reports names that are not known
	}
	return out, nil
}

func planCore(m *Model, o PlanOptions) (*Plan, error) {
	ts, err := castAll(m.Tensors, o)
	if err != nil {
		return nil, err
	}
	cfg, err := m.Config.encodeCore(mainDType(ts))
	if err != nil {
		return nil, err
	}
	get := byName(ts)
	ss := []stored{same(coreEmbed, get[embedName])}
	for i := range m.Config.NumHiddenLayers {
		layer := strconv.FormatInt(i, 10)
		for _, module := range coreOrder {
			if t, ok := get[layerName(layer, module)]; ok {
				ss = append(ss, same("blocks."+layer+"."+coreNames[module]+".weight", t))
			}
		}
	}
	if t, ok := get[normName]; ok {
		ss = append(ss, same(coreNorm, t))
	}
	if t, ok := get[headName]; ok {
		ss = append(ss, same(coreHead, t))
	} else {
		// OLMo-core has both names in its state dict.
		ss = append(ss, stored{Tensor: get[embedName].WithName(coreHead)})
	}
	var f *formats.FilePlan
	switch o.Container {
	case "", "torch":
		f, err = torch.Plan("model.pt", tensorsOf(ss), torch.Options{Plain: true})
	case "safetensors":
		f, err = safetensors.Plan("model.safetensors", tensorsOf(ss), nil)
	default:
		err = fmt.Errorf("container: found %q, expected \"torch\" or \"safetensors\"", o.Container)
	}
	if err != nil {
		return nil, err
	}
	return m.planDir(o, f, ts, ss, literal("config.json", cfg))
}
