package inspect

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The published sizes: parameters of each shape, in all and by module.
func TestReleases(t *testing.T) {
	for _, c := range []struct {
		shape, want           string
		parameters, layer     int64
		embedding, head, norm int64
	}{
		{"random:1b", "OLMo 2 1B", 1_484_916_736, 67_117_056, 100352 * 2048, 100352 * 2048, 2048*64 + 2048},
		{"random:7b", "OLMo 2 7B", 7_298_617_344, 202_391_552, 100352 * 4096, 100352 * 4096, 4096*128 + 4096},
		{"random:13b", "OLMo 2 13B", 13_716_198_400, 317_214_720, 100352 * 5120, 100352 * 5120, 5120*160 + 5120},
		{"random:32b", "OLMo 2 32B", 32_234_279_936, 487_604_224, 100352 * 5120, 100352 * 5120, 64*(3*5120+1024) + 5120},
		{"random:tiny", "", 0, 0, 0, 0, 0},
	} {
		r := source(t, c.shape)
		if r.ShapeOf != c.want {
			t.Errorf("%s: shape of %q, want %q", c.shape, r.ShapeOf, c.want)
		}
		if c.want == "" {
			continue
		}
		by := map[string]int64{}
		for _, p := range r.Modules {
			by[p.Name] = p.Parameters
		}
		if r.Parameters != c.parameters || by["embedding"] != c.embedding || by["head"] != c.head || by["norms"] != c.norm ||
			r.NonEmbedding != c.parameters-c.embedding {
			t.Errorf("%s: %d parameters, %d without the embedding, %v", c.shape, r.Parameters, r.NonEmbedding, by)
		}
		if !r.SameLayers(int64(len(r.Layers))) || r.Layers[0].Parameters != c.layer {
			t.Errorf("%s: layers %v", c.shape, r.Layers[0])
		}
	}
}

// Modules and layers add up to the model, in every layout, fused or not.
func TestParts(t *testing.T) {
	want := source(t, filepath.Join(data, "models/olmo2-mha"))
	for _, path := range []string{
		"layouts/olmo2-mha/hf-bin", "layouts/olmo2-mha/olmo", "layouts/olmo2-mha/olmo-core-unsharded", "layouts/olmo2-mha/olmo2-mha-bf16.gguf",
	} {
		r := source(t, filepath.Join(data, path))
		var sum int64
		for i, p := range r.Modules {
			sum += p.Parameters
			if p.Parameters != want.Modules[i].Parameters || p.Name != want.Modules[i].Name {
				t.Errorf("%s: %v, want %v", path, p, want.Modules[i])
			}
		}
		if sum != r.Parameters || len(r.Layers) != 2 {
			t.Errorf("%s: %d of %d parameters in modules, %d layers", path, sum, r.Parameters, len(r.Layers))
		}
	}
	tied := source(t, filepath.Join(data, "models/olmo1-tied"))
	var names []string
	for _, p := range tied.Modules {
		names = append(names, p.Name)
	}
	if d := cmp.Diff([]string{"embedding", "attention", "mlp"}, names); d != "" {
		t.Errorf("a tied OLMo 1 has no norms and no head: %s", d)
	}
}

func TestSelect(t *testing.T) {
	r := source(t, filepath.Join(data, "layouts/olmo2-mha/olmo2-mha-bf16.gguf"))
	for _, c := range []struct {
		patterns []string
		want     int
	}{
		{nil, 25},
		{[]string{"blk.*.attn_q*"}, 4},
		{[]string{"model.layers.1.*"}, 11},
		{[]string{"blk.1.*", "model.layers.1.*", "nope"}, 11},
		{[]string{"*"}, 25},
		{[]string{"nope*"}, 0},
	} {
		got, err := r.Select(c.patterns)
		if err != nil || len(got) != c.want {
			t.Errorf("%q: %d tensors, %v, want %d", c.patterns, len(got), err, c.want)
		}
	}
	if _, err := r.Select([]string{"a["}); err == nil {
		t.Error("no error for a pattern that is none")
	}
}
