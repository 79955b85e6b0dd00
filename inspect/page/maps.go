package page

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"

	"olmotool/inspect/rounding"
	"olmotool/internal/human"
)

// layerMap is a table of layers and modules in colours.
type layerMap struct {
	ID         int
	Name, Note string
	Columns    []string
	Rows       []mapRow
	Outside    []mapCell // tensors of no layer
}

type mapRow struct {
	Layer string
	Cells []mapCell
}

// mapCell is a tensor in a map; without a text there is none.
type mapCell struct {
	Name, Text string
	Class      string // "below" if it is below the others
	Strength   string // of the colour, 0 to 1
	Card       *card
}

// metric is a number of each tensor; NaN where it has none.
type metric struct {
	name, note string
	of         func(Tensor) float64
	// Shares are coloured from zero to the largest; others by how they compare to
	// the same module in other layers.
	share bool
}

// metrics are the maps that a page may have.
func metrics() []metric {
	share := func(n func(Tensor) int64) func(Tensor) float64 {
		return func(t Tensor) float64 { return part(n(t), t.Stats.Elements) }
	}
	ms := []metric{
		{"root mean square", "The root mean square of the elements.", func(t Tensor) float64 { return t.Stats.RMS }, false},
		{"largest magnitude", "The largest magnitude of an element.", func(t Tensor) float64 { return t.Stats.AbsMax }, false},
		{"outliers", "The largest magnitude over the root mean square: what quantisation suffers from.", func(t Tensor) float64 {
			if t.Stats.RMS == 0 {
				return 0
			}
			return t.Stats.AbsMax / t.Stats.RMS
		}, false},
		{"zeros", "The share of elements that are zero.", share(func(t Tensor) int64 { return t.Stats.Zeros }), true},
		{"denormals", "The share of elements that are denormal in their type.", share(func(t Tensor) int64 { return t.Stats.Denormals }), true},
		{"not finite", "The share of elements that are NaN or infinite.", share(func(t Tensor) int64 { return t.Stats.NaN + t.Stats.Inf }), true},
	}
	for k, d := range rounding.Types {
		ms = append(ms, metric{"loss in " + d.String(), "What rounding to " + d.String() + " would lose: the relative error √(Σ(y−x)²/Σx²), of a sample of at most " +
			human.Count(rounding.SampleElems) + " elements of each tensor.", func(t Tensor) float64 {
			if t.Loss == nil {
				return math.NaN()
			}
			return t.Loss[k]
		}, true})
	}
	return ms
}

const (
	byModule = " Blue is larger and brown is smaller than in the other layers, by their median; the colour is full at four times that, or a quarter."
	byLevel  = " The colour is full at the largest."
)

// place is where in a map a tensor belongs.
type place struct {
	layer  int
	module string // with what comes before the layer, which tells two models apart
	name   string
}

// placeOf cuts a name at the first part that is a number: "model.layers.7.mlp.up_proj.weight"
// is up_proj of layer 7.
func placeOf(name string) (p place, ok bool) {
	parts := strings.Split(name, ".")
	for i, s := range parts[:len(parts)-1] {
		if n := layerNumber(s); n >= 0 && i > 0 {
			rest := parts[i+1:]
			if k := len(rest) - 1; k > 0 && rest[k] == "weight" {
				rest = rest[:k]
			}
			p.layer, p.module = n, strings.Join(parts[:i], ".")+" "+strings.Join(rest, ".")
			if len(rest) > 1 && (rest[0] == "self_attn" || rest[0] == "mlp") {
				rest = rest[1:]
			}
			p.name = strings.Join(rest, ".")
			return p, true
		}
	}
	return p, false
}

// inOrder are modules in the order in which a layer uses them, by what their names
// have; others come last, in the order of the file.
var inOrder = []string{
	"input_layernorm", "attn_norm", "q_proj", "attn_q", "w_q", "k_proj", "attn_k", "w_k", "v_proj", "attn_v", "w_v", "att_proj", "q_norm", "k_norm",
	"o_proj", "attn_out", "w_out", "post_attention", "pre_feedforward", "gate_proj", "ffn_gate", "w1", "up_proj", "ffn_up", "w3", "ff_proj",
	"down_proj", "ffn_down", "w2", "ff_out", "post_f", "ff_norm", "feed_forward_norm",
}

func orderOf(module string) int {
	for i, part := range inOrder {
		if strings.Contains(module, part) {
			return i
		}
	}
	return len(inOrder)
}

// makeMaps makes a map of each metric that is not zero everywhere.
func (v *view) makeMaps() {
	g := newGrid(v.Model.Tensors)
	if len(g.layers) == 0 {
		return
	}
	for _, m := range metrics() {
		values, zero, none := make([]float64, len(v.Model.Tensors)), true, true
		for i, t := range v.Model.Tensors {
			values[i] = math.NaN()
			if t.Stats != nil {
				values[i] = m.of(t)
				zero = zero && (values[i] == 0 || math.IsNaN(values[i]))
				none = none && math.IsNaN(values[i])
			}
		}
		switch {
		case none:
		case zero:
			v.Level = append(v.Level, m.name)
		default:
			v.Maps = append(v.Maps, v.newMap(len(v.Maps), m, g, values))
		}
	}
}

// grid says which tensor is where in a map.
type grid struct {
	layers  []int
	modules []place
	at      map[place]int // by layer and module
	outside []int
}

func newGrid(ts []Tensor) *grid {
	g := &grid{at: map[place]int{}}
	seen := map[string]bool{}
	for i, t := range ts {
		p, ok := placeOf(t.Name)
		if !ok {
			g.outside = append(g.outside, i)
			continue
		}
		if !seen[p.module] && len(g.modules) == maxModules {
			continue
		}
		if !seen[p.module] {
			seen[p.module] = true
			g.modules = append(g.modules, p)
		}
		g.layers = append(g.layers, p.layer)
		g.at[place{layer: p.layer, module: p.module}] = i
	}
	slices.SortStableFunc(g.modules, func(a, b place) int { return cmp.Compare(orderOf(a.name), orderOf(b.name)) })
	slices.Sort(g.layers)
	g.layers = slices.Compact(g.layers)
	g.layers = g.layers[:min(len(g.layers), maxLayers)]
	g.outside = g.outside[:min(len(g.outside), maxModules)]
	return g
}

// newMap makes the map of a metric, leaving out modules that have none.
func (v *view) newMap(id int, m metric, g *grid, values []float64) layerMap {
	out := layerMap{ID: id, Name: m.name, Note: m.note + byModule, Rows: make([]mapRow, len(g.layers))}
	if m.share {
		out.Note = m.note + byLevel
	}
	var most float64
	for _, x := range values {
		if x > most && !math.IsInf(x, 0) {
			most = x
		}
	}
	for _, i := range g.outside {
		if !math.IsNaN(values[i]) {
			out.Outside = append(out.Outside, mapCell{Name: short(v.Model.Tensors[i].Name), Text: human.Number(values[i]), Card: v.cards[i]})
		}
	}
	for i, n := range g.layers {
		out.Rows[i].Layer = strconv.Itoa(n)
	}
	for _, module := range g.modules {
		at := make([]int, len(g.layers))
		var column []float64
		for i, n := range g.layers {
			k, ok := g.at[place{layer: n, module: module.module}]
			if at[i] = -1; ok && v.Model.Tensors[k].Stats != nil {
				at[i] = k
				if !math.IsNaN(values[k]) {
					column = append(column, values[k])
				}
			}
		}
		if len(column) == 0 {
			continue
		}
		slices.Sort(column)
		out.Columns = append(out.Columns, short(module.name))
		for i, k := range at {
			var c mapCell
			if k >= 0 {
				c = mapCell{Text: human.Number(values[k]), Card: v.cards[k]}
				s := values[k] / most
				if !m.share {
					s = math.Log2(values[k]/column[len(column)/2]) / 2
				}
				c.Strength, c.Class = strength(s)
			}
			out.Rows[i].Cells = append(out.Rows[i].Cells, c)
		}
	}
	return out
}

// strength is the colour of a value from -1 to 1; none of what is not known.
func strength(s float64) (string, string) {
	class := ""
	if s < 0 {
		class, s = "below", -s
	}
	if math.IsNaN(s) || s < 0.005 {
		return "0", ""
	}
	return strconv.FormatFloat(min(s, 1), 'f', 2, 64), class
}
