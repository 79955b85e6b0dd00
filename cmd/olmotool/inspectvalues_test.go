package main

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestReadValues(t *testing.T) {
	src, err := openSource(t.Context(), "../../testdata/models/olmo2-gqa", "")
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	for _, c := range []struct{ arg, want string }{
		{"model.layers.0.self_attn.q_proj.weight[:3,-2:]", `model.layers.0.self_attn.q_proj.weight[:3,-2:] of BF16 [64 64]

        62       63
0  -0.0388  -0.0537
1   0.163   -0.144
2  -0.159    0.0028
`},
		{"model.norm.weight[-2:]", `model.norm.weight[-2:] of BF16 [64]

62  1
63  0.543
`},
		{"model.norm.weight[0]", `model.norm.weight[0] of BF16 [64]

  0.887
`},
		{"model.norm.weight[5:5]", `model.norm.weight[5:5] of BF16 [64]

nothing: the shape is [0]
`},
		{"model.layers.0.self_attn.k_proj.weight", `model.layers.0.self_attn.k_proj.weight[...] of BF16 [32 64]

          0        1        2        3  …        60       61        62       63
 0  -0.1196   0.142    0.089    0.014   …  -0.0388   -0.173   -0.0042   -0.0703
`},
	} {
		d, err := readValues(t.Context(), src, c.arg, true)
		if err != nil {
			t.Errorf("%s: %v", c.arg, err)
			continue
		}
		var b strings.Builder
		if err := d.text(&b); err != nil {
			t.Fatal(err)
		}
		if got := b.String(); !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: found\n%s\nwant\n%s", c.arg, got, c.want)
		}
	}
	for _, c := range []struct{ arg, want string }{
		{"q_proj[0]", `found no tensor "q_proj", expected one like "model.layers.0.self_attn.q_proj.weight", "model.layers.1.self_attn.q_proj.weight"`},
		{"\x1b[2J", `found no tensor "\x1b[2J", expected one of those that --tensors lists`},
		{"model.norm.weight[64]", `--values: found index 64 in dimension 0, expected one of 64 elements: from -64 to 63`},
		{"model.norm.weight[x]", `--values: found the index "x", expected an integer, START:STOP:STEP or an ellipsis`},
	} {
		if _, err := readValues(t.Context(), src, c.arg, true); err == nil || !strings.HasSuffix(err.Error(), c.want) {
			t.Errorf("%q: found %v, want %s", c.arg, err, c.want)
		}
	}
}

// TestCanonicalValues: a tensor that is stored otherwise is had by its canonical
// name too, and then it is the canonical one.
func TestCanonicalValues(t *testing.T) {
	hf, err := openSource(t.Context(), "../../testdata/models/olmo2-mha", "")
	if err != nil {
		t.Fatal(err)
	}
	defer hf.Close()
	legacy, err := openSource(t.Context(), "../../testdata/layouts/olmo2-mha/olmo", "")
	if err != nil {
		t.Fatal(err)
	}
	defer legacy.Close()
	var docs [2]string
	for i, name := range []string{"model.layers.1.self_attn.k_proj.weight[5,:7]", "transformer.blocks.1.att_proj.weight[37,:7]"} {
		a, err := readValues(t.Context(), hf, "model.layers.1.self_attn.k_proj.weight[5,:7]", false)
		if err != nil {
			t.Fatal(err)
		}
		b, err := readValues(t.Context(), legacy, name, false)
		if err != nil {
			t.Fatal(err)
		}
		x, _ := json.Marshal(a.Values)
		y, _ := json.Marshal(b.Values)
		if docs[i] = string(y); string(x) != string(y) || len(y) < 20 {
			t.Errorf("%s: found %s, want %s", name, y, x)
		}
	}
}
