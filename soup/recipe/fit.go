package recipe

import (
	"math/big"
	"strconv"
	"strings"

	"olmotool/formats"
	"olmotool/soup"
)

// Recipe fits the recipe to models that have these tensors, by their canonical
// names. It fails if the slices are not those of all layers, and tells of filters
// that fit none of the tensors: a slip of the pen, or parts that other models have.
func (f *File) Recipe(tensors []string) (soup.Recipe, []formats.Finding, error) {
	x := fitted{f, 0}
	for _, t := range tensors {
		if layer, ok := layerOf(t); ok {
			x.layers = max(x.layers, layer+1)
		}
	}
	last := f.slices[len(f.slices)-1]
	if last.hi >= 0 && last.hi != x.layers {
		return soup.Recipe{}, nil, formats.Errorf(f.Path, place(last.at), "found slices of %d layers, expected %d: slices have to be whole models", last.hi, x.layers)
	}
	return soup.Recipe{Method: f.Method, Value: x.value, Models: len(f.Models), DType: f.DType}, f.unused(tensors), nil
}

// fitted is a recipe for models of a known number of layers.
type fitted struct {
	file   *File
	layers int
}

// value is that of [soup.Recipe].
func (x fitted) value(param, tensor string, model int) *big.Rat {
	s, t := x.slice(tensor)
	places := []settings{s.params, x.file.global}
	if model >= 0 {
		places = []settings{s.perModel[model], s.params, x.file.global}
	}
	for _, set := range places {
		if set := set[param]; set != nil {
			if v := set.value(tensor, t); v != nil {
				return v
			}
		}
	}
	return nil
}

// slice returns the slice that a tensor is of, and where in it. The embedding is
// of the first, what comes after the layers of the last.
func (x fitted) slice(tensor string) (*slice, position) {
	all := x.file.slices
	layer, ok := layerOf(tensor)
	switch {
	case ok:
		for i := range all {
			s := &all[i]
			hi := s.hi
			if hi < 0 {
				hi = x.layers
			}
			if layer < s.lo || layer >= hi {
				continue
			}
			if n := hi - s.lo; n > 1 {
				return s, position{layer - s.lo, n - 1}
			}
			return s, position{1, 1}
		}
	case strings.HasPrefix(tensor, "model.embed_tokens."):
		return &all[0], position{0, 1}
	}
	return &all[len(all)-1], position{0, 1}
}

// layerOf returns the layer that a tensor is in, by its canonical name.
func layerOf(tensor string) (int, bool) {
	rest, ok := strings.CutPrefix(tensor, "model.layers.")
	if !ok {
		return 0, false
	}
	n, _, _ := strings.Cut(rest, ".")
	layer, err := strconv.Atoi(n)
	return layer, err == nil && layer >= 0
}

// unused tells of filters that fit none of the tensors.
func (f *File) unused(tensors []string) []formats.Finding {
	var out []formats.Finding
	look := func(set settings) {
		for _, q := range f.Method.Params {
			s := set[q.Name]
			if s == nil {
				continue
			}
			for _, r := range s.rules {
				fits := false
				for _, t := range tensors {
					fits = fits || strings.Contains(t, r.filter)
				}
				if !fits {
					out = append(out, formats.Finding{
						Severity: formats.Warning, Code: "unused-filter", Where: f.Path + ": " + place(s.at),
						Message: "the filter " + strconv.Quote(oneLine(r.filter)) + " of " + q.Name + " is part of no tensor's name",
					})
				}
			}
		}
	}
	look(f.global)
	for _, s := range f.slices {
		look(s.params)
		for _, set := range s.perModel {
			look(set)
		}
	}
	return out
}
