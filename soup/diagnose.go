package soup

import (
	"context"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"olmotool/formats"
)

// DiagnoseOptions say how to diagnose a soup.
type DiagnoseOptions struct {
	// Sample, if it is not 0, is how many elements of each matrix are looked at: rows
	// out of its middle, one at least. Vectors and the result are left out then.
	Sample  int64
	Threads int // 0: all cores
	// Progress, if set, is told of bytes of the models as they are read, from several
	// goroutines.
	Progress func(n int64)
}

// MaxDiagnosed is how many models are diagnosed at most, with the base: there are
// figures for each two of them in each tensor, which take some hundred megabytes
// for twice as many.
const MaxDiagnosed = 64

// Diagnostics say how models lie to each other as vectors of weights, and what
// becomes of them in a soup.
type Diagnostics struct {
	Method       string   `json:"method"`
	Models       []string `json:"models"` // paths
	Base         string   `json:"base,omitempty"`
	Coefficients []string `json:"coefficients,omitempty"` // as those of [Result]
	// Sampled is how many elements were looked at, where it is not all of them.
	Sampled int64 `json:"sampled,omitempty"`
	// Partial are tensors that not all models have: they are left out.
	Partial  []string          `json:"partial,omitempty"`
	Findings []formats.Finding `json:"findings"`

	// Matrices are all tensors of more than one dimension together; if there are
	// none, all tensors. The weights of norms are near to one in every model.
	Matrices Figures `json:"matrices"`
	// Layers are the matrices of each layer.
	Layers []LayerFigures `json:"layers"`
	// Modules are the tensors of the same name in all layers.
	Modules []ModuleFigures `json:"modules"`
	Tensors []TensorFigures `json:"tensors"`
}

// LayerFigures are those of the matrices of a layer.
type LayerFigures struct {
	Layer   int     `json:"layer"`
	Figures Figures `json:"figures"`
}

// ModuleFigures are those of tensors that do the same in all layers.
type ModuleFigures struct {
	Module  string  `json:"module"` // "self_attn.q_proj"
	Figures Figures `json:"figures"`
}

// TensorFigures are those of one tensor.
type TensorFigures struct {
	Name    string  `json:"name"`
	Shape   []int64 `json:"shape"`
	Layer   int     `json:"layer"` // -1: outside of the layers
	Module  string  `json:"module"`
	Figures Figures `json:"figures"`
}

// Diagnose reads the models of a soup once, and the soup with them. What a method
// has to know of whole tensors it finds in passes before. The figures do not
// depend on the number of threads.
func (r *Result) Diagnose(ctx context.Context, o DiagnoseOptions) (*Diagnostics, error) {
	if o.Threads <= 0 {
		o.Threads = runtime.GOMAXPROCS(0)
	}
	m := r.from
	if k := len(m.all); k > MaxDiagnosed {
		return nil, usagef("found %d models, expected at most %d to diagnose", k, MaxDiagnosed)
	}
	n := len(m.models)
	d := &diagnosing{m: m, o: o, out: &Diagnostics{
		Method: m.recipe.Method.Name, Findings: []formats.Finding{}, Layers: []LayerFigures{}, Modules: []ModuleFigures{}, Tensors: []TensorFigures{},
	}, differ: make([]atomic.Bool, n*n), matrices: newMeasured(n)}
	for _, x := range m.models {
		d.out.Models = append(d.out.Models, x.Source.Path)
	}
	if m.hasBase {
		d.out.Base = m.all[n].Source.Path
	}
	for _, c := range r.Coefficients {
		d.out.Coefficients = append(d.out.Coefficients, c.RatString())
	}
	noMatrix := !slices.ContainsFunc(m.matched, func(x matched) bool { return len(x.shape) > 1 })
	for k, x := range m.matched {
		if len(x.models) < n {
			d.out.Partial = append(d.out.Partial, x.name)
			continue
		}
		if o.Sample > 0 && len(x.shape) < 2 {
			continue
		}
		if err := d.tensor(ctx, x, m.views[k], noMatrix || len(x.shape) > 1); err != nil {
			return nil, err
		}
	}
	return d.finish(), nil
}

// diagnosing is a diagnosis under way.
type diagnosing struct {
	m      *merging
	o      DiagnoseOptions
	out    *Diagnostics
	differ []atomic.Bool // of the pairs of models

	matrices *measured
	layers   collected[int]
	modules  collected[string]
}

// collected are the sums of tensors that belong together, in the order in which they
// came.
type collected[K comparable] struct {
	of   map[K]*measured
	keys []K
}

func (g *collected[K]) add(key K, s *measured) {
	sum := g.of[key]
	if sum == nil {
		if g.of == nil {
			g.of = map[K]*measured{}
		}
		sum = newMeasured(s.gram.models())
		g.of[key], g.keys = sum, append(g.keys, key)
	}
	sum.add(s)
}

// tensor measures one.
func (d *diagnosing) tensor(ctx context.Context, x matched, v *view, matrix bool) error {
	p := &pass{in: x.in, models: len(d.m.models), out: x.out, unit: v.unit, differ: d.differ, progress: d.o.Progress}
	lo, hi := int64(0), x.in[0].Len()
	if d.o.Sample > 0 {
		if hi > 0 {
			row := hi / x.shape[0]
			rows := min(max(d.o.Sample/row, 1), x.shape[0])
			lo = (x.shape[0] - rows) / 2 * row
			hi = lo + rows*row
		}
	} else {
		k, err := v.prepared()
		if err != nil {
			return v.name(err)
		}
		p.kernel = aside(k)
	}
	s, err := p.run(ctx, lo, hi, d.o.Threads)
	if err != nil {
		return v.name(err)
	}
	t := TensorFigures{Name: x.name, Shape: x.shape, Figures: s.figures(d.m.hasBase)}
	t.Layer, t.Module = place(x.name)
	d.out.Tensors = append(d.out.Tensors, t)
	d.modules.add(t.Module, s)
	if !matrix {
		return nil
	}
	d.matrices.add(s)
	if t.Layer >= 0 {
		d.layers.add(t.Layer, s)
	}
	return nil
}

// aside is a kernel that counts what is lost for itself: the result counts when
// it is read.
func aside(k kernel) kernel {
	switch k := k.(type) {
	case *ranged:
		c := *k
		c.lost = new(formats.CastStats)
		return &c
	case *combined:
		c := *k
		c.lost = new(formats.CastStats)
		return &c
	}
	return nil
}

// finish computes the figures of what belongs together, and finds what is odd.
func (d *diagnosing) finish() *Diagnostics {
	out, base := d.out, d.m.hasBase
	if d.o.Sample > 0 {
		out.Sampled = d.matrices.elements
	}
	out.Matrices = d.matrices.figures(base)
	slices.Sort(d.layers.keys)
	for _, k := range d.layers.keys {
		out.Layers = append(out.Layers, LayerFigures{k, d.layers.of[k].figures(base)})
	}
	for _, k := range d.modules.keys {
		out.Modules = append(out.Modules, ModuleFigures{k, d.modules.of[k].figures(base)})
	}
	d.find()
	return out
}

// place takes a tensor's name apart: the first part of it that is a number is the
// layer, and what follows the module; -1 and the name if there is none.
func place(name string) (layer int, module string) {
	parts := strings.Split(strings.TrimSuffix(name, ".weight"), ".")
	for i, p := range parts[:len(parts)-1] {
		if k, err := strconv.Atoi(p); err == nil && k >= 0 && p[0] != '+' {
			return k, strings.Join(parts[i+1:], ".")
		}
	}
	return -1, strings.TrimPrefix(strings.Join(parts, "."), "model.")
}
