package olmo

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"olmotool/formats"
)

// TestLooseWhole: of a whole model Loose makes what Model makes, and finds nothing.
func TestLooseWhole(t *testing.T) {
	paths := []string{"random:tiny", mha + "olmo", mha + "olmo-core-unsharded", mha + "olmo-core", mha + "olmo-sharded-torch", mha + "olmo2-mha-q8_0.gguf", mha + "hf-bin", testdata + "models/olmo2-mha/model.safetensors"}
	for _, m := range models {
		paths = append(paths, testdata+"models/"+m)
	}
	for _, path := range paths {
		want := open(t, path, "")
		got, found, err := want.Source.Loose()
		if err != nil || len(found) != 0 {
			t.Errorf("%s: %v, %v", path, found, err)
			continue
		}
		equalTensors(t, got.Tensors, want.Tensors)
		if got.Config != want.Config || got.Source != want.Source {
			t.Errorf("%s: another config or source", path)
		}
	}
}

// TestLooseFlawed: what a checkpoint lacks or has wrong is found, and the rest is
// there.
func TestLooseFlawed(t *testing.T) {
	find := func(ts []formats.Tensor, name string) int {
		return slices.IndexFunc(ts, func(t formats.Tensor) bool { return t.Name == name })
	}
	edit := func(name string, f func(t *formats.Tensor)) func([]formats.Tensor) []formats.Tensor {
		return func(ts []formats.Tensor) []formats.Tensor {
			f(&ts[find(ts, name)])
			return ts
		}
	}
	const norm, q, fused = "model.norm.weight", "model.layers.0.self_attn.q_proj.weight", "transformer.blocks.1.att_proj.weight"
	for _, c := range []struct {
		name, path string
		flaw       func(ts []formats.Tensor) []formats.Tensor
		tensors    int // of 25
		last       string
		codes      string
		says       string
	}{
		{"missing", "models/olmo2-mha", func(ts []formats.Tensor) []formats.Tensor {
			i := find(ts, norm)
			return slices.Delete(ts, i, i+1)
		}, 24, headName, "missing-tensor", `tensor "model.norm.weight": found none, expected one of shape [32]`},
		{
			"renamed", "models/olmo2-mha", edit(norm, func(t *formats.Tensor) { t.Name = "norm\n" }), 25, "norm\n",
			"missing-tensor extra-tensor", `found one, expected none by this name in a model of type "olmo2" and this config`,
		},
		{
			"another shape", "models/olmo2-mha", edit(q, func(t *formats.Tensor) { t.Shape = []int64{16, 64} }), 25, headName,
			"tensor-shape", `tensor "model.layers.0.self_attn.q_proj.weight": found shape [16 64], expected [32 32] from the config`,
		},
		{
			"another type", "models/olmo2-mha", edit(q, func(t *formats.Tensor) { t.DType = formats.I32 }), 25, headName,
			"tensor-type", "found I32, expected F64, F32, F16, BF16 or a quantised type",
		},
		{"two of a name", "layouts/olmo2-mha/olmo", func(ts []formats.Tensor) []formats.Tensor {
			x := ts[find(ts, "transformer.ln_f.weight")]
			x.Name, x.Origin.Name = "module.transformer.ln_f.weight", "module.transformer.ln_f.weight"
			return append(ts, x)
		}, 26, "module.transformer.ln_f.weight", "extra-tensor", "module.transformer.ln_f.weight"},
		{
			"fused in another shape", "layouts/olmo2-mha/olmo", edit(fused, func(t *formats.Tensor) { t.Shape = []int64{32, 96} }), 23, fused,
			"misfit-tensor missing-tensor missing-tensor missing-tensor extra-tensor", "found shape [32 96], expected 96 rows from the config",
		},
		{
			"block of no group", "layouts/olmo2-mha/olmo", edit(fused, func(t *formats.Tensor) { t.Name = "transformer.block_groups.7.9.att_proj.weight" }), 23,
			"transformer.block_groups.7.9.att_proj.weight", "misfit-tensor missing-tensor missing-tensor missing-tensor extra-tensor", "found block 9 of a group",
		},
	} {
		s, err := Open(testdata+c.path, "")
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		s.Tensors = c.flaw(s.Tensors)
		if _, err := s.Model(); err == nil {
			t.Errorf("%s: a model", c.name)
		}
		m, found, err := s.Loose()
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		var codes, says []string
		for _, f := range found {
			codes = append(codes, f.Code)
			says = append(says, f.Where+": "+f.Message)
			if f.Severity != formats.Serious {
				t.Errorf("%s: %s is %s", c.name, f.Code, f.Severity)
			}
		}
		if got := strings.Join(codes, " "); got != c.codes || !strings.Contains(strings.Join(says, "\n"), c.says) {
			t.Errorf("%s: found %s, %q, want %s, %q", c.name, got, says, c.codes, c.says)
		}
		if n := len(m.Tensors); n != c.tensors || m.Tensors[n-1].Name != c.last {
			t.Errorf("%s: %d tensors, the last %q, want %d, %q", c.name, n, m.Tensors[n-1].Name, c.tensors, c.last)
		}
	}
}

// A q_proj of an OLMo 1 in GGUF that has no rows cannot be put in their order.
func TestLooseGGUFScalar(t *testing.T) {
	m := open(t, testdata+"models/olmo1", "")
	s, err := Open(write(t, plan(t, m, "gguf", PlanOptions{})), "")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	i := slices.IndexFunc(s.Tensors, func(t formats.Tensor) bool { return t.Name == "blk.1.attn_q.weight" })
	s.Tensors[i].Shape, s.Tensors[i].Data = nil, bytes.NewReader([]byte{0, 0})
	if _, err := s.Model(); err == nil {
		t.Error("a model")
	}
	_, found, err := s.Loose()
	if err != nil || len(found) != 2 || found[0].Code != "misfit-tensor" || found[1].Code != "tensor-shape" {
		t.Errorf("found %v, %v", found, err)
	}
}

func TestLooseUnreadable(t *testing.T) {
	s, err := Open("random:tiny", "")
	if err != nil {
		t.Fatal(err)
	}
	s.Tensors = nil
	_, _, err = s.Loose()
	wantError(t, err, "found no tensors")
}
