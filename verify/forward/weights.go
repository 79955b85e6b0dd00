package forward

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"olmotool/accel"
	"olmotool/accel/cpu"
	"olmotool/formats"
	"olmotool/formats/ggml"
	"olmotool/formats/olmo"
)

// modules names the weights behind the sites of a layer.
var modules = map[Site]string{
	QProj: "self_attn.q_proj", KProj: "self_attn.k_proj", VProj: "self_attn.v_proj", OProj: "self_attn.o_proj",
	QNorm: "self_attn.q_norm", KNorm: "self_attn.k_norm",
	GateProj: "mlp.gate_proj", UpProj: "mlp.up_proj", DownProj: "mlp.down_proj",
	AttnNorm: "post_attention_layernorm", FFNorm: "post_feedforward_layernorm",
}

// products are the sites of a layer that multiply by a matrix, in order.
var products = []Site{QProj, KProj, VProj, OProj, GateProj, UpProj, DownProj}

// matrixAt is the place of a layer's matrix among all that a pass multiplies by.
// The last of all, at layer num_hidden_layers, is the head.
func matrixAt(layer int, s Site) int { return layer*len(products) + slices.Index(products, s) }

// weights are the tensors of a model, by name, in types that a pass computes with.
type weights map[string]formats.Tensor

const finalNorm = "model.norm.weight"

func layerTensor(layer int, s Site) string {
	return fmt.Sprintf("model.layers.%d.%s.weight", layer, modules[s])
}

// newWeights checks that the model has exactly the tensors that its config asks
// for, in types that can be computed with.
func newWeights(m *olmo.Model, r cpu.Rounding) (weights, error) {
	file := ""
	if m.Source != nil {
		file = m.Source.Path
	}
	have := make(map[string]formats.Tensor, len(m.Tensors))
	for _, t := range m.Tensors {
		if _, twice := have[t.Name]; twice {
			return nil, formats.Errorf(file, place(t), "found twice, expected once")
		}
		have[t.Name] = t
	}
	w := make(weights, len(have))
	for _, s := range m.Config.Tensors() {
		t, ok := have[s.Name]
		if !ok {
			return nil, formats.Errorf(file, fmt.Sprintf("tensor %q", s.Name), "found none, expected %v", s.Shape)
		}
		if !slices.Equal(t.Shape, s.Shape) {
			return nil, formats.Errorf(file, place(t), "found shape %v, expected %v by the config", t.Shape, s.Shape)
		}
		t, err := computable(t, r)
		if err != nil {
			return nil, formats.Errorf(file, "", "%w", err)
		}
		if t.Origin.File == "" {
			t.Origin.File = file
		}
		w[s.Name] = t
		delete(have, s.Name)
	}
	for _, t := range m.Tensors {
		if _, more := have[t.Name]; more {
			return nil, formats.Errorf(file, place(t), "found %v, expected no such tensor in %s", t.Shape, m.Config.ModelType)
		}
	}
	return w, nil
}

func place(t formats.Tensor) string { return fmt.Sprintf("tensor %q", t.Name) }

// computable returns t in a type that kernels decode: its own, if it is one of
// them. A model whose results are rounded to bfloat16 has weights of bfloat16.
func computable(t formats.Tensor, r cpu.Rounding) (formats.Tensor, error) {
	if r == cpu.BF16 {
		return formats.Cast(t, formats.BF16, nil)
	}
	if _, ok := types[t.DType]; ok {
		return t, nil
	}
	return formats.Cast(t, formats.F32, nil)
}

// types are the element types that kernels decode.
var types = map[formats.DType]accel.Type{
	formats.F32: accel.F32, formats.F64: accel.F64, formats.F16: accel.F16, formats.BF16: accel.BF16,
}

// matrices returns all matrices in the order in which a pass multiplies by them.
func (w weights) matrices(c *olmo.Config) []formats.Tensor {
	var all []formats.Tensor
	for l := range int(c.NumHiddenLayers) {
		for _, s := range products {
			all = append(all, w[layerTensor(l, s)])
		}
	}
	head := olmo.Tied()[0]
	if c.TieWordEmbeddings {
		head = olmo.Tied()[1]
	}
	return append(all, w[head])
}

// vector reads a whole tensor that is small: the weights of a norm, a row.
func vector[T accel.Float](t formats.Tensor) ([]T, error) {
	b := make([]byte, t.Bytes())
	if err := formats.ReadFull(t.Data, b, 0); err != nil {
		return nil, formats.Errorf(t.Origin.File, place(t), "%w", err)
	}
	x := make([]T, t.Elements())
	if t.DType == formats.F64 {
		for i := range x {
			x[i] = T(math.Float64frombits(binary.LittleEndian.Uint64(b[8*i:])))
		}
		return x, nil
	}
	f := make([]float32, len(x))
	switch t.DType {
	case formats.F32:
		ggml.DecodeF32(f, b)
	case formats.F16:
		ggml.DecodeF16(f, b)
	case formats.BF16:
		ggml.DecodeBF16(f, b)
	}
	for i, v := range f {
		x[i] = T(v)
	}
	return x, nil
}
