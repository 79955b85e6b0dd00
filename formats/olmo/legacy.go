package olmo

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"olmotool/formats"
	"olmotool/formats/torch"
)

// legacyLayout is the unsharded checkpoint of the trainer that made OLMo 1 and
// OLMo 2 1B, 7B and 13B: a flat state dict with q, k, v and up, gate fused.
var legacyLayout = &layout{
	name:  "olmo",
	doc:   "legacy unsharded directory: config.yaml, model.pt",
	match: func(d *dir) bool { return d.has("config.yaml") && d.has("model.pt") && !d.isHF() },
	open: func(path string) (*Source, error) {
		cfgPath := filepath.Join(path, "config.yaml")
		b, err := readBounded(cfgPath)
		if err != nil {
			return nil, err
		}
		l, err := parseLegacyConfig(b, cfgPath)
		if err != nil {
			return nil, err
		}
		f, err := torch.OpenFile(filepath.Join(path, "model.pt"))
		if err != nil {
			return nil, sniffed(err)
		}
		f.Path = path
		s := &Source{Checkpoint: f.Checkpoint, Config: l.config, Beside: Beside{path}, Torch: f}
		if s.Tensors, err = l.rename(s); err != nil {
			s.Close()
			return nil, err
		}
		return s, nil
	},
	canonical: legacyCanonical,
	plan:      planLegacy,
}

// legacyWrappers are what distributed wrappers put into names.
var legacyWrappers = strings.NewReplacer("_fsdp_wrapped_module.", "", "_orig_mod.", "")

var legacyGroup = regexp.MustCompile(`^transformer\.block_groups\.(\d+)\.(\d+)\.`)

// rename undoes what wrappers and block groups did to the names, and drops
// buffers.
func (l *legacyConfig) rename(s *Source) ([]formats.Tensor, error) {
	var out []formats.Tensor
	for _, t := range s.Tensors {
		name := strings.TrimPrefix(legacyWrappers.Replace(t.Name), "module.")
		if m := legacyGroup.FindStringSubmatch(name); m != nil {
			g, err1 := strconv.ParseInt(m[1], 10, 32)
			i, err2 := strconv.ParseInt(m[2], 10, 32)
			if err1 != nil || err2 != nil || i >= l.blockGroupSize {
				return nil, formats.Errorf(s.Path, fmt.Sprintf("tensor %q", t.Name), "found block %s of a group, expected less than block_group_size %d", m[2], l.blockGroupSize)
			}
			name = fmt.Sprintf("transformer.blocks.%d.%s", g*l.blockGroupSize+i, name[len(m[0]):])
		}
		if strings.HasSuffix(name, ".rotary_emb.inv_freq") || strings.HasSuffix(name, "causal_attention_bias") {
			continue
		}
		out = append(out, t.WithName(name))
	}
	return out, nil
}

// legacyNames maps tensors that are stored one to one.
var legacyNames = map[string]string{
	"self_attn.o_proj":           "attn_out",
	"self_attn.q_norm":           "q_norm",
	"self_attn.k_norm":           "k_norm",
	"mlp.down_proj":              "ff_out",
	"post_attention_layernorm":   "attn_norm",
	"post_feedforward_layernorm": "ff_norm",
}

// Fused matrices: the parts of each, in the order of their rows. The trainer's
// SwiGLU multiplies the first half by silu of the second, so up comes first.
var legacyFused = map[string][]string{
	"att_proj": {"self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"},
	"ff_proj":  {"mlp.up_proj", "mlp.gate_proj"},
}

const (
	legacyEmbed = "transformer.wte.weight"
	legacyNorm  = "transformer.ln_f.weight"
	legacyHead  = "transformer.ff_out.weight"
)

func legacyCanonical(s *Source) ([]formats.Tensor, error) {
	c := s.Config
	rows := map[string]int64{
		"self_attn.q_proj": c.NumAttentionHeads * c.HeadDim,
		"self_attn.k_proj": c.NumKeyValueHeads * c.HeadDim,
		"self_attn.v_proj": c.NumKeyValueHeads * c.HeadDim,
		"mlp.up_proj":      c.IntermediateSize,
		"mlp.gate_proj":    c.IntermediateSize,
	}
	hf := map[string]string{}
	for a, b := range legacyNames {
		hf[b] = a
	}
	var out []formats.Tensor
	for _, t := range s.Tensors {
		switch t.Name {
		case legacyEmbed:
			out = append(out, t.WithName(embedName))
			continue
		case legacyNorm:
			out = append(out, t.WithName(normName))
			continue
		case legacyHead:
			if !c.TieWordEmbeddings {
				out = append(out, t.WithName(headName))
			}
			continue
		}
		layer, module, ok := cutLayer(t.Name, "transformer.blocks.")
		if name := hf[module]; ok && name != "" {
			out = append(out, t.WithName(layerName(layer, name)))
			continue
		}
		parts := legacyFused[module]
		if !ok || parts == nil {
			out = append(out, t) // arrange reports it
			continue
		}
		var sum int64
		for _, p := range parts {
			sum += rows[p]
		}
		if len(t.Shape) != 2 || t.Shape[0] != sum {
			return nil, formats.Errorf(s.Path, fmt.Sprintf("tensor %q", t.Origin.Name), "found shape %v, expected [%d %d] from the config", t.Shape, sum, c.HiddenSize)
		}
		var lo int64
		for _, p := range parts {
			r, err := formats.Rows(t, lo, lo+rows[p])
			if err != nil {
				return nil, err
			}
			out = append(out, r.WithName(layerName(layer, p)))
			lo += rows[p]
		}
	}
	return out, nil
}

// cutLayer splits PREFIX7.MODULE.weight into "7" and MODULE.
func cutLayer(name, prefix string) (layer, module string, ok bool) {
	rest, ok := strings.CutPrefix(name, prefix)
	if !ok {
		return "", "", false
	}
	layer, rest, ok = strings.Cut(rest, ".")
	if !ok || layer == "" || strings.Trim(layer, "0123456789") != "" || (len(layer) > 1 && layer[0] == '0') {
		return "", "", false
	}
	module, ok = strings.CutSuffix(rest, ".weight")
	return layer, module, ok
}

// layerName is the canonical name of a tensor in a layer.
func layerName(layer, module string) string {
	return "model.layers." + layer + "." + module + ".weight"
}

// byName indexes canonical tensors.
func byName(ts []formats.Tensor) map[string]formats.Tensor {
	m := make(map[string]formats.Tensor, len(ts))
	for _, t := range ts {
		m[t.Name] = t
	}
	return m
}

func planLegacy(m *Model, o PlanOptions) (*Plan, error) {
	if m.Config == nil {
		return nil, errBare("a legacy checkpoint")
	}
	cfg, err := m.Config.encodeLegacy()
	if err != nil {
		return nil, err
	}
	ts, err := castAll(m.Tensors, o)
	if err != nil {
		return nil, err
	}
	get := byName(ts)
	// The order is that of the modules in the trainer's model.
	ss := []stored{same(legacyEmbed, get[embedName])}
	if m.Config.hasNorms() {
		ss = append(ss, same(legacyNorm, get[normName]))
	}
	for i := range m.Config.NumHiddenLayers {
		layer := strconv.FormatInt(i, 10)
		for _, module := range []string{"self_attn.k_norm", "self_attn.q_norm", "self_attn.o_proj", "mlp.down_proj", "post_attention_layernorm", "post_feedforward_layernorm"} {
			if t, ok := get[layerName(layer, module)]; ok {
				ss = append(ss, same("transformer.blocks."+layer+"."+legacyNames[module]+".weight", t))
			}
		}
		for _, name := range []string{"att_proj", "ff_proj"} {
			var parts []formats.Tensor
			for _, p := range legacyFused[name] {
				parts = append(parts, get[layerName(layer, p)])
			}
			s, err := fused("transformer.blocks."+layer+"."+name+".weight", parts...)
			if err != nil {
				return nil, err
			}
			ss = append(ss, s)
		}
	}
	if !m.Config.TieWordEmbeddings {
		ss = append(ss, same(legacyHead, get[headName]))
	}
	f, err := torch.Plan("model.pt", tensorsOf(ss), torch.Options{})
	if err != nil {
		return nil, err
	}
	p := &Plan{Dir: true, Tensors: ts, Files: []*formats.FilePlan{f}}
	attribute(p.Files, ss)
	copies, err := m.copies(o)
	if err != nil {
		return nil, err
	}
	// The trainer writes the config last, so that its presence says that the
	// save was complete.
	p.Files = slices.Concat(p.Files, copies, []*formats.FilePlan{literal("config.yaml", cfg)})
	return p, nil
}
