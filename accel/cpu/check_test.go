package cpu

import (
	"slices"
	"testing"

	"olmotool/accel"
)

// refused fails for functions that do not panic with a message of this package.
func refused(t *testing.T, functions map[string]func()) {
	t.Helper()
	for name, f := range functions {
		func() {
			defer func() {
				if m, _ := recover().(string); !slices.Contains([]string{badShape, badWeight, badHeads, badPosition, badWindow}, m) {
					t.Errorf("%s: not refused", name)
				}
			}()
			f()
		}()
	}
}

// Shapes are refused before anything is computed, on the caller's goroutine.
func TestShapes(t *testing.T) {
	a, b := accel.NewMatrix[float32](3, 4), accel.NewMatrix[float32](4, 3)
	short := accel.Matrix[float32]{Rows: 3, Cols: 4, Data: make([]float32, 11)}
	refused(t, map[string]func(){
		"Add":               func() { Add(2, a, b, Exact) },
		"Add of short data": func() { Add(2, a, short, Exact) },
		"Add to short data": func() { Add(2, short, a, Exact) },
		"SwiGLU":            func() { SwiGLU(2, a, a, b, Exact) },
		"RMSNorm":           func() { RMSNorm(2, a, b, make([]float32, 4), 1, MultiplyThenCast, Exact) },
		"RMSNorm's weight":  func() { RMSNorm(2, a, a, make([]float32, 3), 1, MultiplyThenCast, Exact) },
		"LayerNorm":         func() { LayerNorm(2, a, short, 1, Exact) },
		"Rotate": func() {
			Rotate(2, short, 1, accel.NewMatrix[float32](1, 2), accel.NewMatrix[float32](1, 2), make([]int, 3), Exact)
		},
		"Attention": func() { Attention(2, short, short, a, a, AttentionOptions[float32]{Heads: 1, KVHeads: 1}) },
	})
}
