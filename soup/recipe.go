package soup

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/big"

	"olmotool/formats"
)

// Recipe says how models are merged.
type Recipe struct {
	Method *Method
	// Value returns what is said of a parameter for a tensor, by its canonical name:
	// of model i, or with model -1 of one that all models share. It is nil where
	// nothing is said and the method's default holds; a boolean is 1 or 0. The
	// number is not changed.
	Value func(param, tensor string, model int) *big.Rat
	// Models is how many models Value speaks of; 0 if it does not matter.
	Models int
	// DType is the element type of the result. If it is not valid, every tensor has
	// the type that holds all values of its inputs, as torch promotes them.
	DType formats.DType
	// Seed is that of methods that draw at random.
	Seed uint64
}

// Weighted returns the recipe of a linear merge with these weights, which are
// divided by their sum if they are to be normalised.
func Weighted(weights []*big.Rat, normalize bool) Recipe {
	return Recipe{
		Method: &linear,
		Models: len(weights),
		Value: func(param, _ string, model int) *big.Rat {
			switch {
			case param == "weight" && model >= 0:
				return weights[model]
			case param == "normalize" && !normalize:
				return new(big.Rat)
			}
			return nil
		},
	}
}

// Uniform returns the recipe of the mean of n models.
func Uniform(n int) Recipe {
	w := make([]*big.Rat, n)
	for i := range w {
		w[i] = big.NewRat(1, 1)
	}
	return Weighted(w, true)
}

// check checks the recipe against the number of models.
func (r *Recipe) check(models int, base bool) error {
	m := r.Method
	switch {
	case r.Models != 0 && r.Models != models:
		return usagef("found weights for %d models, expected as many as there are models: %d", r.Models, models)
	case m.Base == NeedsBase && !base:
		return usagef("method %s: found no base, expected one: it merges differences from it", m.Name)
	case m.Base == NoBase && base:
		return usagef("method %s: found a base, expected none: it has no use for one", m.Name)
	case models < m.Min || m.Max > 0 && models > m.Max:
		return usagef("method %s: found %d models, expected %s", m.Name, models, m.count())
	}
	return nil
}

// count says how many models a method takes.
func (m *Method) count() string {
	besides := ""
	if m.Base != NoBase {
		besides = " besides the base"
	}
	switch m.Max {
	case 0:
		return fmt.Sprintf("at least %d%s", m.Min, besides)
	case m.Min:
		return fmt.Sprintf("%d%s", m.Min, besides)
	}
	return fmt.Sprintf("%d to %d%s", m.Min, m.Max, besides)
}

// settle gives a tensor, which has the models of those indices, its parameters
// and its seed.
func (r *Recipe) settle(t *Tensor, models []int) error {
	t.global = map[string]float64{}
	for range models {
		t.params, t.exact = append(t.params, map[string]float64{}), append(t.exact, map[string]*big.Rat{})
	}
	for _, p := range r.Method.Params {
		if !p.PerModel {
			v, err := r.value(p, t.Name, -1)
			if err != nil {
				return err
			}
			t.global[p.Name], _ = v.Float64()
			continue
		}
		for k, i := range models {
			v, err := r.value(p, t.Name, i)
			if err != nil {
				return err
			}
			t.exact[k][p.Name] = v
			t.params[k][p.Name], _ = v.Float64()
		}
	}
	h := fnv.New64a()
	h.Write([]byte(t.Name))
	t.Seed = mix64(mix64(r.Seed+golden) ^ h.Sum64())
	return nil
}

// value returns a parameter, the default if nothing is said of it.
func (r *Recipe) value(p Param, tensor string, model int) (*big.Rat, error) {
	of := ""
	if model >= 0 {
		of = fmt.Sprintf(" of model %d", model+1)
	}
	var v *big.Rat
	if r.Value != nil {
		v = r.Value(p.Name, tensor, model)
	}
	if v == nil {
		if p.Required {
			return nil, usagef("method %s: found no %s%s for tensor %.120q, expected a number", r.Method.Name, p.Name, of, tensor)
		}
		v = new(big.Rat).SetFloat64(p.Default)
	}
	switch f, _ := v.Float64(); {
	case p.Bool && f != 0 && f != 1:
		return nil, usagef("method %s: found %s %s%s, expected true or false", r.Method.Name, p.Name, v.RatString(), of)
	case math.IsInf(f, 0):
		return nil, usagef("method %s: found %s %.40s…%s, expected a smaller number", r.Method.Name, p.Name, v.RatString(), of)
	}
	return v, nil
}
