package olmo

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"olmotool/formats"
)

// TestLegacyNames: what wrappers and groups of blocks do to names is undone.
func TestLegacyNames(t *testing.T) {
	m := open(t, mha+"olmo", "")
	renamed := func(f func(name string) string) (*Model, error) {
		s := *m.Source
		s.Checkpoint = &formats.Checkpoint{Path: "d"}
		for _, x := range m.Source.Tensors {
			x.Name = f(x.Name)
			x.Origin.Name = x.Name
			s.Tensors = append(s.Tensors, x)
		}
		s.Tensors = append(s.Tensors, tensor("transformer.blocks.0.rotary_emb.inv_freq", formats.F32, 4), tensor("transformer.causal_attention_bias", formats.F32, 4))
		return s.Model()
	}
	blocks := func(to ...string) func(string) string {
		return strings.NewReplacer("transformer.blocks.0.", to[0], "transformer.blocks.1.", to[1]).Replace
	}
	for name, f := range map[string]func(string) string{
		"plain": func(s string) string { return s },
		"wrapped": func(s string) string {
			return "module._fsdp_wrapped_module." + strings.Replace(s, "blocks.", "blocks._orig_mod.", 1)
		},
		"wrapped inside": func(s string) string { return strings.Replace(s, "transformer.", "_orig_mod.transformer.module.", 1) },
		"grouped":        blocks("transformer.block_groups.0.0.", "transformer.block_groups.0.1."),
		"by ones":        blocks("transformer.block_groups.0.0.", "transformer.block_groups.1.0."),
		"wrapped groups": blocks("transformer.block_groups.0._fsdp_wrapped_module.0.", "transformer.block_groups.0._fsdp_wrapped_module.1."),
	} {
		got, err := renamed(f)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		equalTensors(t, got.Tensors, m.Tensors)
	}
	for want, f := range map[string]func(string) string{
		`d: tensor "transformer.block_groups.1.1.k_norm.weight": found block 1 of a group, expected less than 1 as in the first`:                                                 blocks("transformer.block_groups.0.0.", "transformer.block_groups.1.1."),
		`d: tensors: found both "transformer.blocks.0.k_norm.weight" and "module.transformer.blocks.0.k_norm.weight" for "model.layers.0.self_attn.k_norm.weight", expected one`: blocks("transformer.blocks.0.", "module.transformer.blocks.0."),
		`found "transformer.blocks.00.att_proj.weight", "transformer.blocks.00.attn_norm.weight", `:                                                                              blocks("transformer.blocks.00.", "transformer.blocks.1."),
		`found "transformer.block_groups.9999999.0.att_proj.weight", `:                                                                                                           blocks("transformer.block_groups.9999999.0.", "transformer.blocks.1."),
	} {
		_, err := renamed(f)
		wantError(t, err, want)
	}
	// One norm for both, as long ago.
	one := func(drop string) func(string) string {
		return strings.NewReplacer(".blocks.0.attn_norm.", ".blocks.0.norm.", ".blocks.0."+drop+".weight", ".blocks.0.rotary_emb.inv_freq").Replace
	}
	got, err := renamed(one("ff_norm"))
	if err != nil {
		t.Fatal(err)
	}
	want := slices.Clone(m.Tensors)
	at := func(module string) int {
		return slices.IndexFunc(want, func(t formats.Tensor) bool { return t.Name == layerName("0", module) })
	}
	want[at("post_feedforward_layernorm")] = want[at("post_attention_layernorm")].WithName(layerName("0", "post_feedforward_layernorm"))
	equalTensors(t, got.Tensors, want)
	_, err = renamed(one("nothing"))
	wantError(t, err, `d: tensors: found both "transformer.blocks.0.norm.weight" and "transformer.blocks.0.ff_norm.weight" for "model.layers.0.post_feedforward_layernorm.weight", expected one`)

	for _, shape := range [][]int64{{95, 32}, {96}, {}, {96, 32, 1}} {
		s := *m.Source
		s.Checkpoint = &formats.Checkpoint{Path: "d", Tensors: []formats.Tensor{tensor("transformer.blocks.0.att_proj.weight", formats.F32, shape...)}}
		s.Tensors[0].Origin.Name = s.Tensors[0].Name
		_, err := s.Model()
		wantError(t, err, fmt.Sprintf(`d: tensor "transformer.blocks.0.att_proj.weight": found shape %v, expected 96 rows from the config`, shape))
	}
}
