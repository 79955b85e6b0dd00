package soup

import (
	"context"
	"math/big"
)

// BaseUse says whether a method works on differences from a base model.
type BaseUse uint8

// Uses of a base.
const (
	NoBase BaseUse = iota
	OptionalBase
	NeedsBase
)

// Method is a way to merge, independent of any model.
type Method struct {
	Name string
	Doc  string // a formula, and a sentence
	Base BaseUse
	// Min and Max are how many models it takes, the base not counted; Max 0: any.
	Min, Max int
	Params   []Param
	// ByRow, if set, says whether a tensor is computed in ranges of whole rows of
	// the last dimension; one of one dimension is one row.
	ByRow func(t *Tensor) bool
	// Prepare finds out what has to be known of whole tensors, reading them as
	// often as it must, a range at a time, and returns how to compute a range.
	Prepare func(ctx context.Context, t *Tensor) (Range, error)

	// combine, if set, says that the method is a linear combination, and which:
	// it is then computed exactly, and Prepare is not called.
	combine func(t *Tensor) (*combination, error)
}

// Param is a parameter of a method, by the name that recipes use.
type Param struct {
	Name     string
	Doc      string
	PerModel bool // each model has its own
	Bool     bool // 0 or 1
	Required bool // no default
	Default  float64
}

// Range computes elements [at, at+len(dst)) of a merged tensor: x[i] are the
// same elements of model i, base those of the base, nil if there is none. It is
// a pure function, called from several goroutines.
type Range func(dst []float64, x [][]float64, base []float64, at int64)

// Tensor is one tensor of all models, as a method sees it.
type Tensor struct {
	Name  string
	Shape []int64
	// Seed is for methods that draw at random: it depends on the user's seed and
	// the tensor's name.
	Seed uint64

	in     []*input             // of each model, in order
	base   *input               // nil if there is none
	params []map[string]float64 // of each model
	global map[string]float64
	exact  []map[string]*big.Rat // params, as the recipe has them
	full   bool                  // the result is stored as float64

	threads int // that read it for what is to be known of the whole; 0: all cores
}

// Param returns a parameter that all models share.
func (t *Tensor) Param(name string) float64 { return t.global[name] }

// ModelParam returns a parameter of model i.
func (t *Tensor) ModelParam(i int, name string) float64 { return t.params[i][name] }
