package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"olmotool/formats"
	"olmotool/inspect/stats"
	"olmotool/internal/human"
)

// tensorStats are the statistics of a tensor under its canonical name, or its own
// if it has none.
type tensorStats struct {
	name   string
	tensor formats.Tensor
	*stats.Stats
}

// statsOf reads tensors and returns their statistics, and what they tell of the
// model. Those of a type that cannot be looked at are nil.
func statsOf(ctx context.Context, ts []formats.Tensor, canonical map[string]string, o stats.Options) ([]tensorStats, []formats.Finding, error) {
	list, all := make([]tensorStats, len(ts)), make([]*stats.Stats, len(ts))
	err := stats.All(ctx, ts, o, func(i int, s *stats.Stats) error {
		name := canonical[ts[i].Origin.Name]
		if name == "" {
			name = ts[i].Name
		}
		list[i], all[i] = tensorStats{name, ts[i], s}, s
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	return list, stats.Findings(ts, all), nil
}

// sparkWidth is the width of the histograms in a table.
const sparkWidth = 16

// statsTable lists statistics, a line for each tensor.
func statsTable(list []tensorStats) table {
	t := table{columns: []column{
		{name: "TENSOR"},
		{name: "DTYPE"},
		{name: "MIN", right: true},
		{name: "MAX", right: true},
		{name: "MEAN", right: true},
		{name: "STD", right: true},
		{name: "ZEROS", right: true},
		{name: "0.1 %"},
		{name: strings.Repeat(" ", sparkWidth-2) + "TO"},
		{name: "99.9 %"},
		{},
	}}
	for _, s := range list {
		if s.Stats == nil {
			t.add(s.name, s.tensor.DType.String(), "", "", "", "", "", "", "", "", "not looked at")
			continue
		}
		low, high := "", ""
		if s.Histogram.Counts != nil {
			low, high = human.Number(s.Histogram.Low), human.Number(s.Histogram.High)
		}
		t.add(s.name, s.tensor.DType.String(), human.Number(s.Min), human.Number(s.Max), human.Number(s.Mean), human.Number(s.Std),
			human.Count(s.Zeros), low, sparkline(s.Histogram.Counts, sparkWidth), high, notFinite(s.Stats))
	}
	return t
}

// notFinite says how many elements are not finite; nothing if all are.
func notFinite(s *stats.Stats) string {
	var words []string
	if s.NaN > 0 {
		words = append(words, human.Count(s.NaN)+" NaN")
	}
	if s.Inf > 0 {
		words = append(words, human.Count(s.Inf)+" infinite")
	}
	return strings.Join(words, ", ")
}

// layerStats is a table of layers and modules, each cell what metric says of the
// weight; its tensors that are in no layer are left out. Without layers it has no
// rows.
func layerStats(list []tensorStats, metric func(*stats.Stats) float64) table {
	t := table{columns: []column{{name: "LAYER", right: true}}}
	var modules []string
	at := map[[2]string]*stats.Stats{}
	var layers []string
	for _, s := range list {
		layer, module, ok := layerOf(s.name)
		if !ok || s.Stats == nil {
			continue
		}
		if !slices.Contains(modules, module) {
			if len(modules) == maxModules {
				continue
			}
			modules = append(modules, module)
			t.columns = append(t.columns, column{name: module, right: true})
		}
		if len(layers) == 0 || layers[len(layers)-1] != layer {
			layers = append(layers, layer)
		}
		at[[2]string{layer, module}] = s.Stats
	}
	slices.SortFunc(layers, byNumber)
	for _, layer := range slices.Compact(layers) {
		cells := []string{layer}
		for _, m := range modules {
			cell := ""
			if s := at[[2]string{layer, m}]; s != nil {
				cell = human.Number(metric(s))
			}
			cells = append(cells, cell)
		}
		t.add(cells...)
	}
	return t
}

// maxModules is how many columns a table of modules has; models of experts have
// hundreds.
const maxModules = 16

// layerOf splits a canonical name into layer and module: "model.layers.7.mlp.up_proj.weight"
// into 7 and up_proj.
func layerOf(name string) (layer, module string, ok bool) {
	rest, ok := strings.CutPrefix(name, "model.layers.")
	if !ok {
		return "", "", false
	}
	layer, module, ok = strings.Cut(rest, ".")
	module = strings.TrimSuffix(module, ".weight")
	for _, group := range []string{"self_attn.", "mlp."} {
		module = strings.TrimPrefix(module, group)
	}
	return layer, module, ok
}

// byNumber orders numbers written without leading zeros.
func byNumber(a, b string) int {
	if len(a) != len(b) {
		return len(a) - len(b)
	}
	return strings.Compare(a, b)
}

// sparkline draws counts as a line of bars, those of neighbours together where
// there are more than width. A bin that has any has a bar.
func sparkline(counts []int64, width int) string {
	if len(counts) == 0 {
		return ""
	}
	width = min(width, len(counts))
	sums := make([]int64, width)
	for i, n := range counts {
		sums[i*width/len(counts)] += n
	}
	bars := []rune("▁▂▃▄▅▆▇█")
	most := slices.Max(sums)
	var b strings.Builder
	for _, n := range sums {
		switch {
		case n == 0:
			b.WriteRune(' ')
		default:
			b.WriteRune(bars[min(len(bars)-1, int(float64(n)/float64(most)*float64(len(bars))))])
		}
	}
	return b.String()
}

// layerTables are the tables of a model: the root mean square and the largest
// magnitude of each module.
func layerTables(list []tensorStats) (titles []string, tables []table) {
	for _, m := range []struct {
		title string
		of    func(*stats.Stats) float64
	}{
		{"root mean square", func(s *stats.Stats) float64 { return s.RMS }},
		{"largest magnitude", func(s *stats.Stats) float64 { return s.AbsMax }},
	} {
		if t := layerStats(list, m.of); len(t.rows) > 0 {
			titles, tables = append(titles, fmt.Sprintf("%s of the modules of each layer", m.title)), append(tables, t)
		}
	}
	return titles, tables
}
