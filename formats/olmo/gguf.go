package olmo

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
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
		if d, err := readDir(path); err == nil {
			name := d.oneGGUF()
			if name == "" {
				return nil, formats.Errorf(path, "", "found %d GGUF files, expected one or one split set", len(d.any("*.gguf")))
			}
			path = filepath.Join(path, name)
		}
		f, err := gguf.Open(path)
		if err != nil {
			return nil, sniffed(err)
		}
		s := &Source{Checkpoint: f.Checkpoint, KVs: f.KVs, Beside: Beside{}}
		s.Path = path
		if s.Config, err = parseGGUFConfig(f); err != nil {
			f.Close()
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
	all := d.any("*.gguf")
	first := d.any("*-00001-of-*.gguf")
	switch {
	case len(all) == 1:
		return all[0]
	case len(first) == 1:
		i := strings.LastIndex(first[0], "-00001-of-")
		if len(d.any(globEscape(first[0][:i])+"-*"+first[0][i+len("-00001"):])) == len(all) {
			return first[0]
		}
	}
	return ""
}

var globEscape = strings.NewReplacer("*", `\*`, "?", `\?`, "[", `\[`, `\`, `\\`).Replace

// ggufNames maps modules of a layer.
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

const (
	ggufEmbed = "token_embd.weight"
	ggufNorm  = "output_norm.weight"
	ggufHead  = "output.weight"
)

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
	hf := map[string]string{}
	for a, b := range ggufNames {
		hf[b] = a
	}
	out := make([]formats.Tensor, len(s.Tensors))
	for i, t := range s.Tensors {
		switch t.Name {
		case ggufEmbed:
			t = t.WithName(embedName)
		case ggufNorm:
			t = t.WithName(normName)
		case ggufHead:
			t = t.WithName(headName)
		default:
			layer, module, ok := cutLayer(t.Name, "blk.")
			if name := hf[module]; ok && name != "" {
				t = t.WithName(layerName(layer, name))
				if s.Config.interleaved(name) {
					var err error
					if t, err = formats.PermuteRows(t, fromInterleaved(s.Config.HeadDim)); err != nil {
						return nil, formats.Errorf(s.Path, fmt.Sprintf("tensor %q", t.Origin.Name), "%w", err)
					}
				}
			}
		}
		out[i] = t
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

// ggufType is the element type that a tensor is stored in when want is asked
// for: norms are always F32, and rows that do not fill blocks become F16.
func ggufType(t formats.Tensor, want formats.DType) formats.DType {
	switch {
	case len(t.Shape) <= 1:
		return formats.F32
	case !want.Valid():
		return t.DType
	case t.Shape[len(t.Shape)-1]%want.BlockElems() != 0:
		return formats.F16
	}
	return want
}

func planGGUF(m *Model, o PlanOptions) (*Plan, error) {
	if m.Config == nil {
		return nil, errBare("a GGUF")
	}
	if m.Source.Layout == layoutGGUF {
		return replanGGUF(m, o)
	}
	p := &Plan{Tensors: slices.Clone(m.Tensors)}
	var ss []stored
	for i, t := range m.Tensors {
		to := ggufType(t, o.DType)
		if to == formats.F64 {
			return nil, fmt.Errorf("tensor %q: found F64, which llama.cpp does not compute with, expected another type: say --dtype f32", t.Name)
		}
		var err error
		if t, err = formats.Cast(t, to, o.Stats); err != nil {
			return nil, err
		}
		p.Tensors[i] = t
		if to == formats.F16 && o.DType.IsBlock() {
			p.Findings = append(p.Findings, formats.Finding{
				Severity: formats.Warning, Code: "not-quantised", Where: t.Name,
				Message: fmt.Sprintf("rows of %d elements do not fill %s blocks of %d: stored as F16", t.Shape[1], o.DType, o.DType.BlockElems()),
			})
		}
		s := same(ggufName(t.Name), t)
		if _, module, _ := cutLayer(t.Name, "model.layers."); m.Config.interleaved(module) {
			r, err := formats.PermuteRows(t, toInterleaved(m.Config.HeadDim))
			if err != nil {
				return nil, err
			}
			s = stored{Tensor: r.WithName(s.Name)}
		}
		ss = append(ss, s)
	}
	m.sortGGUF(ss)
	arch, findings, err := m.Config.ggufKVs(mainGGUF(ss))
	if err != nil {
		return nil, err
	}
	p.Findings = append(p.Findings, findings...)
	kvs := slices.Concat(o.General, arch, []gguf.KV{{Key: "general.quantization_version", Value: uint32(2)}}, o.TokenizerKVs)
	return p, p.setGGUF(kvs, ss, o)
}

// setGGUF plans the file, or the set.
func (p *Plan) setGGUF(kvs []gguf.KV, ss []stored, o PlanOptions) error {
	var err error
	if o.EditKVs != nil {
		if kvs, err = o.EditKVs(kvs); err != nil {
			return err
		}
	}
	if o.SplitMaxTensors > 0 || o.SplitMaxBytes > 0 {
		p.Files, err = gguf.PlanSplit(strings.TrimSuffix(o.Name, ".gguf"), kvs, tensorsOf(ss), o.SplitMaxTensors, o.SplitMaxBytes, false)
	} else {
		p.Files = make([]*formats.FilePlan, 1)
		p.Files[0], err = gguf.Plan(o.Name, kvs, tensorsOf(ss), gguf.Options{})
	}
	if err != nil {
		return err
	}
	attribute(p.Files, ss)
	return nil
}

// sortGGUF puts tensors in the order of the official converter: that of the
// files of a Hugging Face directory, by name, and by name inside of a
// safetensors file; as they come in a pickle. A model from elsewhere is ordered
// as if it had been one safetensors file.
func (m *Model) sortGGUF(ss []stored) {
	hfNames := make(map[string]string, len(ss))
	for _, t := range m.Tensors {
		hfNames[ggufName(t.Name)] = t.Name
	}
	place := map[string]int{}
	for i, t := range m.Source.Tensors {
		place[t.Name] = i
	}
	layout := m.Source.Layout
	slices.SortStableFunc(ss, func(a, b stored) int {
		if layout == layoutHF || layout == layoutHFBin {
			if c := cmp.Compare(filepath.Base(a.Origin.File), filepath.Base(b.Origin.File)); c != 0 {
				return c
			}
		}
		x, y := hfNames[a.Name], hfNames[b.Name]
		if layout == layoutHFBin {
			return cmp.Compare(place[x], place[y])
		}
		return cmp.Compare(x, y)
	})
}

// replanGGUF writes a GGUF again as it is, but for edited key-values and
// another split.
func replanGGUF(m *Model, o PlanOptions) (*Plan, error) {
	if o.DType.Valid() {
		return nil, fmt.Errorf("found a GGUF as source, expected --dtype keep: this version does not requantise one")
	}
	ss := make([]stored, len(m.Source.Tensors))
	for i, t := range m.Source.Tensors {
		ss[i] = same(t.Name, t)
	}
	canonical := make(map[string]formats.Tensor, len(m.Tensors))
	for _, t := range m.Tensors {
		canonical[ggufName(t.Name)] = t
	}
	for i := range ss {
		t, ok := canonical[ss[i].Name]
		_, module, _ := cutLayer(t.Name, "model.layers.")
		if !ok || m.Config.interleaved(module) {
			ss[i].parts = nil
			continue
		}
		ss[i].parts = []formats.Tensor{t}
	}
	p := &Plan{Tensors: slices.Clone(m.Tensors)}
	return p, p.setGGUF(m.Source.KVs, ss, o)
}

// mainGGUF is the type that general.file_type speaks of: that of the first
// matrix, as in the official converter.
func mainGGUF(ss []stored) formats.DType {
	for _, s := range ss {
		if len(s.Shape) > 1 {
			return s.DType
		}
	}
	return formats.F32
}
