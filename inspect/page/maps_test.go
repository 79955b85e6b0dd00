package page

import (
	"math"
	"reflect"
	"strings"
	"testing"

	"olmotool/formats"
	"olmotool/inspect"
	"olmotool/inspect/stats"
)

func TestPlaceOf(t *testing.T) {
	for _, c := range []struct {
		in, module, name string
		layer            int
	}{
		{"model.layers.7.mlp.up_proj.weight", "model.layers mlp.up_proj", "up_proj", 7},
		{"model.layers.0.self_attn.q_proj.bias", "model.layers self_attn.q_proj.bias", "q_proj.bias", 0},
		{"blk.12.attn_q.weight", "blk attn_q", "attn_q", 12},
		{"transformer.blocks.3.ff_out.weight", "transformer.blocks ff_out", "ff_out", 3},
		{"model.layers.1.mlp.experts.9.up.weight", "model.layers mlp.experts.9.up", "experts.9.up", 1},
		{"a.1.weight", "a weight", "weight", 1},
		{"lm_head.weight", "", "", -1},
		{"a.99999999999.b", "", "", -1},
		{"0.weight", "", "", -1},
		{"a.0", "", "", -1},
		{"", "", "", -1},
	} {
		p, ok := placeOf(c.in)
		if ok != (c.layer >= 0) || ok && (p.module != c.module || p.name != c.name || p.layer != c.layer) {
			t.Errorf("%q: found %v, %v", c.in, p, ok)
		}
	}
}

// TestMaps colours by the median of a module, and shares by the largest.
func TestMaps(t *testing.T) {
	v := &view{Report: &inspect.Report{}}
	for _, x := range []struct {
		name  string
		rms   float64
		zeros int64
	}{
		{"l.1.q_proj", 4, 0},
		{"l.0.up_proj", 7, 1},
		{"l.0.q_proj", 2, 4},
		{"l.10.q_proj", 1, 2},
		{"l.2.q_proj", math.NaN(), 0},
		{"l.3.q_proj", 64, 0},
		{"l.4.q_proj", 0, 0},
		{"head", 5, 1},
	} {
		s := &stats.Stats{Elements: 10, RMS: x.rms, AbsMax: 1, Zeros: x.zeros, Quantiles: []float64{0}}
		v.Model.Tensors = append(v.Model.Tensors, Tensor{x.name, formats.Tensor{Data: nothing(0)}, s, nil})
	}
	v.arrange()
	var names []string
	for _, m := range v.Maps {
		names = append(names, m.Name)
	}
	if !reflect.DeepEqual(names, []string{"root mean square", "largest magnitude", "outliers", "zeros"}) || !reflect.DeepEqual(v.Level, []string{"denormals", "not finite"}) {
		t.Fatalf("found %q, and zero everywhere %q", names, v.Level)
	}
	text := func(m layerMap) string {
		var b strings.Builder
		b.WriteString(strings.Join(m.Columns, " "))
		for _, r := range m.Rows {
			b.WriteString("; " + r.Layer)
			for _, c := range r.Cells {
				b.WriteString(" " + c.Text + c.Class + "@" + c.Strength)
			}
		}
		for _, c := range m.Outside {
			b.WriteString("; " + c.Name + " " + c.Text)
		}
		return b.String()
	}
	if got, want := text(v.Maps[0]), "q_proj up_proj; 0 2@0 7@0; 1 4@0.50 @; 2 NaN@0 @; 3 64@1.00 @; 4 0below@1.00 @; 10 1below@0.50 @; head 5"; got != want {
		t.Errorf("found %s\n want %s", got, want)
	}
	if got, want := text(v.Maps[3]), "q_proj up_proj; 0 0.4@1.00 0.1@0.25; 1 0@0 @; 2 0@0 @; 3 0@0 @; 4 0@0 @; 10 0.2@0.50 @; head 0.1"; got != want {
		t.Errorf("found %s\n want %s", got, want)
	}
}

func TestTree(t *testing.T) {
	var ts []Tensor
	for _, name := range []string{"m.layers.10.a.w", "m.layers.2.a.w", "m.layers.2.a.b", "m.norm.w", "head.w", "head", ""} {
		ts = append(ts, Tensor{Name: name, Tensor: formats.Tensor{DType: formats.F32, Shape: []int64{2}, Data: nothing(8)}})
	}
	var b strings.Builder
	var walk func(n *node)
	walk = func(n *node) {
		b.WriteString(n.Label)
		if n.Children != nil {
			b.WriteString("(")
			for i, c := range n.Children {
				if i > 0 {
					b.WriteString(" ")
				}
				walk(c)
			}
			b.WriteString(")")
		}
	}
	root := newTree(ts, make([]*card, len(ts)))
	walk(root)
	if got, want := b.String(), "(m(layers(2.a(w b) 10.a.w) norm.w) head.w head )"; got != want {
		t.Errorf("found %s, want %s", got, want)
	}
	if m := root.Children[0]; m.Tensors != 4 || m.Elements != 8 || m.Bytes != 32 || m.Width != "57.1%" || !m.Open || m.Children[0].Open {
		t.Errorf("found %+v", m)
	}
}

func TestOutline(t *testing.T) {
	for _, c := range []struct {
		counts []int64
		want   string
	}{
		{nil, ""},
		{[]int64{0, 0}, ""},
		{[]int64{5}, "M0 64H0V0H256V64z"},
		{[]int64{0, 1, 1, 1000}, "M0 64H64V63H192V0H256V64z"},
		{[]int64{1, 2, 0, 0}, "M0 64H0V32H64V0H128V64H256V64z"},
		{[]int64{math.MaxInt64, 1}, "M0 64H0V0H128V63H256V64z"},
	} {
		if got := outline(c.counts); got != c.want {
			t.Errorf("%v: found %s, want %s", c.counts, got, c.want)
		}
	}
}
