package olmo

import (
	"path/filepath"
	"strings"

	"olmotool/formats"
	"olmotool/formats/gguf"
)

// ggufLayout is what llama.cpp runs: its names, norms widened to F32, and for
// OLMo 1 the rows of q and k reordered for interleaved rope.
var ggufLayout = &layout{
	name:  layoutGGUF,
	doc:   "one .gguf, or a set -00001-of-0000N.gguf",
	match: func(d *dir) bool { return !d.isHF() && d.config == "" && d.oneGGUF() != "" },
	open: func(path string) (*Source, error) {
		dir, base, err := split(path)
		if err != nil {
			return nil, err
		}
		if base == "" {
			d, err := readDir(dir)
			if err != nil {
				return nil, err
			}
			if base = d.oneGGUF(); base == "" {
				return nil, formats.Errorf(path, "", "found %d GGUF files, expected one or one split set", len(d.match("*.gguf")))
			}
			path = filepath.Join(dir, base)
		}
		f, err := gguf.Open(path)
		if err != nil {
			return nil, sniffed(err, kindGGUF)
		}
		s := &Source{Checkpoint: f.Checkpoint, KVs: f.KVs}
		s.Path = path
		if s.Config, err = parseGGUFConfig(f); err != nil {
			_ = f.Close() // err is what matters
			return nil, err
		}
		return s, nil
	},
	canonical: ggufCanonical,
	plan:      planGGUF,
}

// oneGGUF returns the only GGUF of the directory, or the first shard of the
// only set; else the empty string.
func (d *dir) oneGGUF() string {
	all := d.match("*.gguf")
	if len(all) == 1 {
		return all[0]
	}
	for _, name := range all {
		prefix, rest, ok := strings.Cut(name, "-00001-of-")
		if !ok {
			continue
		}
		for _, other := range all {
			if !strings.HasPrefix(other, prefix+"-") || !strings.HasSuffix(other, "-of-"+rest) {
				return ""
			}
		}
		return name
	}
	return ""
}

const (
	ggufEmbed = "token_embd.weight"
	ggufNorm  = "output_norm.weight"
	ggufHead  = "output.weight"
)

// ggufNames are llama.cpp's names of the modules of a layer.
var ggufNames = map[string]string{
	"self_attn.q_proj":           "attn_q",
	"self_attn.k_proj":           "attn_k",
	"self_attn.v_proj":           "attn_v",
	"self_attn.o_proj":           "attn_output",
	"self_attn.q_norm":           "attn_q_norm",
	"self_attn.k_norm":           "attn_k_norm",
	"mlp.gate_proj":              "ffn_gate",
	"mlp.up_proj":                "ffn_up",
	"mlp.down_proj":              "ffn_down",
	"post_attention_layernorm":   "post_attention_norm",
	"post_feedforward_layernorm": "post_ffw_norm",
}

// ggufName is the name of a canonical tensor in a GGUF.
func ggufName(name string) string {
	switch name {
	case embedName:
		return ggufEmbed
	case normName:
		return ggufNorm
	case headName:
		return ggufHead
	}
	layer, module, _ := cutLayer(name, "model.layers.")
	return "blk." + layer + "." + ggufNames[module] + ".weight"
}

func ggufCanonical(s *Source) ([]formats.Tensor, error) {
	hf := inverse(ggufNames)
	out := make([]formats.Tensor, len(s.Tensors))
	for i, t := range s.Tensors {
		layer, module, ok := cutLayer(t.Name, "blk.")
		name := hf[module]
		switch {
		case t.Name == ggufEmbed:
			t = t.WithName(embedName)
		case t.Name == ggufNorm:
			t = t.WithName(normName)
		case t.Name == ggufHead:
			t = t.WithName(headName)
		case ok && name != "":
			t = t.WithName(layerName(layer, name))
			if s.Config.interleaved(name) {
				p, err := formats.PermuteRows(t, fromInterleaved(s.Config.HeadDim))
				if err == nil {
					t = p
				} else if err := s.misfit(t, err); err != nil {
					return nil, err
				}
			}
		}
		out[i] = t // arrange reports names that are not known
	}
	return out, nil
}

// interleaved reports whether the rows of a module are stored for interleaved
// rope: q and k of OLMo 1. llama.cpp rotates the halves of OLMo 2 and 3 as
// transformers does.
func (c *Config) interleaved(module string) bool {
	return c.ModelType == OLMo1 && (module == "self_attn.q_proj" || module == "self_attn.k_proj")
}

// toInterleaved gives, for a row of a matrix whose heads have their rotary pairs
// side by side, the row of the one whose heads have them half a head apart.
func toInterleaved(headDim int64) func(int64) int64 {
	return func(i int64) int64 {
		h, r := i/headDim, i%headDim
		return h*headDim + r%2*(headDim/2) + r/2
	}
}

// fromInterleaved is the inverse of toInterleaved.
func fromInterleaved(headDim int64) func(int64) int64 {
	return func(i int64) int64 {
		h, r := i/headDim, i%headDim
		half := headDim / 2
		return h*headDim + r%half*2 + r/half
	}
}
