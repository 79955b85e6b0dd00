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
	doc:  "OLMo-core unsharded: config.json of OLMo-core, model.pt or model.safetensors, or files in model/",
	match: func(d *dir) bool {
		if d.config != coreConfig || d.has("config.yaml") {
			_, ok := piecesRoot(d.path)
			return ok
		}
		return d.has("model.pt") || d.has("model.safetensors") || len(pieces(d.path)) > 0
	},
	open:      openCore,
	canonical: coreCanonical,
	plan:      planCore,
}

// openCore opens a directory, or the one that a file of weights belongs to. Of
// several kinds of weights, that in one file wins, and torch's before
// safetensors, unless the path says otherwise.
func openCore(path string) (*Source, error) {
	dir, base, err := split(path)
	if err != nil {
		return nil, err
	}
	root, inPieces := piecesRoot(dir)
	if inPieces {
		path = root
	}
	if base != "model.safetensors" && base != "model.pt" {
		base = ""
	}
	root, _, c, err := openConfig(path, "config.json", "JSON", parseCoreConfig)
	if err != nil {
		return nil, err
	}
	s := &Source{Config: c, Beside: Beside{root}}
	kinds := []string{"model.pt", "model.safetensors"}
	var there []string
	for _, k := range kinds {
		if !inPieces && (base == k || base == "" && s.Beside.Has(k)) {
			there = append(there, k)
		}
	}
	if len(pieces(root)) > 0 && (inPieces || base == "") {
		there = append(there, piecesDir)
	}
	if len(there) == 0 {
		there = kinds // the error will tell
	}
	switch file := filepath.Join(root, there[0]); there[0] {
	case "model.pt":
		if s.Torch, err = openState(file); err != nil {
			return nil, sniffed(err, kindTorch)
		}
		s.Checkpoint = s.Torch.Checkpoint
	case "model.safetensors":
		if s.Checkpoint, err = safetensors.Open(file); err != nil {
			return nil, sniffed(err, kindSafetensors)
		}
	default:
		if s.Checkpoint, err = openPieces(root, c); err != nil {
			return nil, err
		}
	}
	s.Path = root
	for _, k := range there[1:] {
		s.Findings = append(s.Findings, notRead("other-weights", k, "found beside "+there[0]+": not read"))
	}
	s.findOptimizer("optim.pt")
	return s, nil
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
				ss = append(ss, same(coreName(t.Name), t))
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
