package main

import (
	"strings"
	"testing"

	"olmotool/inspect"
	"olmotool/inspect/stats"
)

// TestStatsTables prints those of a real checkpoint.
func TestStatsTables(t *testing.T) {
	src, err := openSource(t.Context(), "../../testdata/layouts/olmo2-mha/olmo", "")
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	r := inspect.Source(src)
	list, _, err := statsOf(t.Context(), r.Tensors, r.Canonical, stats.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(list) != len(r.Tensors) {
		t.Fatalf("found %d of %d tensors", len(list), len(r.Tensors))
	}
	var b strings.Builder
	all := statsTable(list)
	if err := all.write(&b); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	if len(lines) != len(list)+1 || !strings.ContainsAny(lines[1], "▁▂▃▄▅▆▇█") {
		t.Errorf("found\n%s", b.String())
	}
}

func TestLayerStats(t *testing.T) {
	of := func(name string, x float64) tensorStats { return tensorStats{name: name, Stats: &stats.Stats{RMS: x}} }
	list := []tensorStats{
		of("model.embed_tokens.weight", 1),
		of("model.layers.10.mlp.up_proj.weight", 2),
		of("model.layers.9.self_attn.q_proj.weight", 3),
		of("model.layers.9.mlp.up_proj.weight", 4),
		{name: "model.layers.9.mlp.down_proj.weight"}, // not looked at
		of("model.layers.11.mlp.up_proj.bias", 5),
	}
	titles, tables := layerTables(list)
	if len(titles) != 2 || titles[0] != "root mean square of the modules of each layer" {
		t.Fatalf("found %q", titles)
	}
	var b strings.Builder
	if err := tables[0].write(&b); err != nil {
		t.Fatal(err)
	}
	want := `
LAYER  up_proj  q_proj  up_proj.bias
    9        4       3
   10        2
   11                              5
`
	if b.String() != want[1:] {
		t.Errorf("found\n%swant%s", b.String(), want)
	}
	if _, tables := layerTables(list[:1]); tables != nil {
		t.Error("a table of no layers")
	}
}

func TestSparkline(t *testing.T) {
	for _, c := range []struct {
		counts []int64
		width  int
		want   string
	}{
		{nil, 4, ""},
		{[]int64{0, 0}, 4, "  "},
		{[]int64{0, 1, 50, 100}, 4, " ▁▅█"},
		{[]int64{1, 1, 0, 0, 4, 4}, 3, "▃ █"},
		{[]int64{7}, 4, "█"},
		{[]int64{1, 1 << 62}, 2, "▁█"},
	} {
		if got := sparkline(c.counts, c.width); got != c.want {
			t.Errorf("%v: found %q, want %q", c.counts, got, c.want)
		}
	}
}
