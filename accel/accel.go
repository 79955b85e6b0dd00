// Package accel is the arithmetic of the forward pass as a device offers it: it
// knows arrays, and has never heard of a checkpoint.
//
// [Matrix] holds activations, float32 or, where the truth is wanted, float64.
// [Weight] is a run of rows of a weight matrix in the element type in which it
// is stored. The one operation in which devices differ is [Multiplier]:
// activations times weights. The rest of the forward pass, package cpu has for
// all of them, so that a difference between two devices can only be the
// multiplication.
//
// # Promises
//
// The result for a row of activations depends on that row and the weights
// alone: not on the number of threads, on the other rows, or on the pieces in
// which the weights arrive.
package accel

import "fmt"

// Float is a type of activations.
type Float interface{ float32 | float64 }

// Matrix is Rows × Cols numbers, row after row without gaps. A matrix of
// activations has a row for each token.
type Matrix[T Float] struct {
	Rows, Cols int
	Data       []T
}

// NewMatrix returns a matrix of zeros.
func NewMatrix[T Float](rows, cols int) Matrix[T] {
	return Matrix[T]{rows, cols, make([]T, rows*cols)}
}

// Row returns row i; it shares the matrix's memory.
func (m Matrix[T]) Row(i int) []T { return m.Data[i*m.Cols : (i+1)*m.Cols : (i+1)*m.Cols] }

// Slice returns rows [lo, hi); they share the matrix's memory.
func (m Matrix[T]) Slice(lo, hi int) Matrix[T] {
	return Matrix[T]{hi - lo, m.Cols, m.Data[lo*m.Cols : hi*m.Cols : hi*m.Cols]}
}

// Type is the element type of stored weights.
type Type uint8

// The types that kernels decode while they multiply.
const (
	F32 Type = iota
	F64
	F16
	BF16
)

// Size returns the bytes of an element.
func (t Type) Size() int { return [...]int{4, 8, 2, 2}[t] }

func (t Type) String() string { return [...]string{"F32", "F64", "F16", "BF16"}[t] }

// Weight is rows of a weight matrix, [out, in], as they lie in a file:
// Rows × Cols little-endian elements, of no particular alignment.
type Weight struct {
	Type       Type
	Rows, Cols int
	Bytes      []byte
}

// Multiplier multiplies activations by weights.
type Multiplier[T Float] interface {
	// MatMul sets columns [at, at+w.Rows) of y to x·wᵀ. A product of other
	// shapes is an error, see [Check].
	MatMul(y Matrix[T], at int, x Matrix[T], w Weight) error
}

// Check returns an error if the shapes of a multiplication do not fit.
func Check[T Float](y Matrix[T], at int, x Matrix[T], w Weight) error {
	if x.Cols != w.Cols || x.Rows != y.Rows || at < 0 || at+w.Rows > y.Cols {
		return fmt.Errorf("found [%d %d] = [%d %d] times the transpose of [%d %d] at column %d, expected shapes that fit",
			y.Rows, y.Cols, x.Rows, x.Cols, w.Rows, w.Cols, at)
	}
	if want := w.Rows * w.Cols * w.Type.Size(); len(w.Bytes) != want {
		return fmt.Errorf("found %d bytes of weights, expected %d for %s [%d %d]", len(w.Bytes), want, w.Type, w.Rows, w.Cols)
	}
	return nil
}
