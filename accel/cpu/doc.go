// Package cpu has the kernels of the forward pass: products of activations and
// stored weights, attention, norms, softmax, SwiGLU.
//
// The plain Go of this package is the definition. On amd64, kernels generated
// by _gen take over for float32, and for products in float64, with AVX2 and FMA
// or with AVX-512, to the same bits; with -tags noasm, or elsewhere, there are
// none.
//
// Products of shapes that do not fit are errors. The other functions panic on
// them with a constant message: their caller has made both sides, and no file
// has a say in it.
package cpu
