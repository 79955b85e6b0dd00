package weights

import (
	"slices"
	"strings"
	"testing"

	"olmotool/formats"
	"olmotool/formats/olmo"
)

// TestSummary: one story is told once, however many tensors it is about.
func TestSummary(t *testing.T) {
	m := open(t, "random:tiny,dtype=f32")
	get := func(name string) formats.Tensor {
		return m.Tensors[slices.IndexFunc(m.Tensors, func(x formats.Tensor) bool { return x.Name == name })]
	}
	layer := func(l, module string) string { return "model.layers." + l + "." + module + ".weight" }
	swap := func(c *olmo.Model, a, b string) *olmo.Model {
		c = with(t, c, func(formats.Tensor) formats.Tensor { return get(b).WithName(a) }, a)
		return with(t, c, func(formats.Tensor) formats.Tensor { return get(a).WithName(b) }, b)
	}
	var one []string
	for _, x := range m.Tensors {
		if l, _ := split(x.Name); l == 1 {
			one = append(one, x.Name)
		}
	}
	noisy := func(x formats.Tensor) formats.Tensor {
		y := noise(t, uint64(len(x.Name)), formats.F32, x.Shape...)
		return y.WithName(x.Name)
	}
	var all []string
	for _, x := range m.Tensors {
		all = append(all, x.Name)
	}
	for _, c := range []struct {
		name string
		cand *olmo.Model
		want []string
	}{
		{
			"gate and up", swap(swap(m, layer("0", "mlp.gate_proj"), layer("0", "mlp.up_proj")), layer("1", "mlp.gate_proj"), layer("1", "mlp.up_proj")),
			[]string{"mlp.gate_proj, mlp.up_proj of layers 0–1: swapped: mlp.gate_proj and mlp.up_proj hold each other's values"},
		},
		{
			"between layers", swap(m, layer("0", "mlp.gate_proj"), layer("1", "mlp.gate_proj")),
			[]string{"mlp.gate_proj of layers 0–1: swapped: layer 0 and layer 1 hold each other's values"},
		},
		{
			"embedding and head", swap(m, "model.embed_tokens.weight", "lm_head.weight"),
			[]string{`"model.embed_tokens.weight", "lm_head.weight": swapped: model.embed_tokens and lm_head hold each other's values`},
		},
		{"a layer", with(t, m, func(x formats.Tensor) formats.Tensor {
			return get(strings.Replace(x.Name, ".1.", ".0.", 1)).WithName(x.Name)
		}, one...), []string{"layer 1 is a copy of REF's layer 0"}},
		{"some of a layer", with(t, m, func(x formats.Tensor) formats.Tensor {
			return get(strings.Replace(x.Name, ".1.", ".0.", 1)).WithName(x.Name)
		}, one[:5]...), []string{"5 tensors (self_attn.q_proj, self_attn.k_proj, self_attn.v_proj, …) of layer 1: holds REF's values of layer 0"}},
		{
			"other values", with(t, m, noisy, layer("0", "mlp.gate_proj"), layer("1", "mlp.up_proj"), "lm_head.weight"),
			[]string{`"model.layers.0.mlp.gate_proj.weight", "model.layers.1.mlp.up_proj.weight", "lm_head.weight": other values, unrelated to REF's (relative errors 1.4 to 1.4)`},
		},
		{"all values", with(t, m, func(x formats.Tensor) formats.Tensor {
			y, err := formats.Cast(x, formats.BF16, nil)
			if err == nil {
				y, err = formats.Cast(y, formats.F32, nil)
			}
			if err != nil {
				t.Fatal(err)
			}
			return y
		}, all...), []string{"all 25 tensors: rounded to BF16 on the way"}},
	} {
		if r := compare(t, m, c.cand); !slices.Equal(r.Summary, c.want) || r.Equal {
			t.Errorf("%s: %q, want %q", c.name, r.Summary, c.want)
		}
	}
}

// TestMany: more failures than are listed are counted.
func TestMany(t *testing.T) {
	a, b := &olmo.Model{}, &olmo.Model{}
	x, y := noise(t, 1, formats.F32, 4), noise(t, 2, formats.F32, 4)
	for i := range MaxFailures + 5 {
		name := runs([]int{i})
		a.Tensors, b.Tensors = append(a.Tensors, x.WithName(name)), append(b.Tensors, y.WithName(name))
	}
	r := compare(t, a, b)
	if r.Equal || len(r.Failures) != MaxFailures || r.MoreFailures != 5 || r.Summary[len(r.Summary)-1] != "5 more tensors differ and were not looked into" {
		t.Errorf("%d failures and %d more: %q", len(r.Failures), r.MoreFailures, r.Summary)
	}
}

func TestRuns(t *testing.T) {
	for _, c := range []struct {
		ns   []int
		want string
	}{{[]int{3}, "3"}, {[]int{0, 1, 2, 5, 7, 8}, "0–2, 5, 7–8"}} {
		if got := runs(c.ns); got != c.want {
			t.Errorf("%v: %q, want %q", c.ns, got, c.want)
		}
	}
}

func TestSplit(t *testing.T) {
	for name, want := range map[string]struct {
		layer  int
		module string
	}{
		"model.layers.12.mlp.up_proj.weight": {12, "mlp.up_proj"},
		"lm_head.weight":                     {-1, "lm_head"},
		"model.norm.weight":                  {-1, "model.norm"},
		"model.layers.x.mlp.weight":          {-1, "model.layers.x.mlp"},
		"model.layers.1":                     {-1, "model.layers.1"},
		"anything":                           {-1, "anything"},
	} {
		if l, m := split(name); l != want.layer || m != want.module {
			t.Errorf("%s: %d, %s", name, l, m)
		}
	}
}
