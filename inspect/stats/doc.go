// Package stats says what the values of tensors are like: extremes, mean and
// deviation, quantiles, zeros, what is not finite and where, rows and columns
// that are all zero, which exponents are in use, and whether a narrower element
// type would hold the values as they are.
//
// [All] reads every byte of its tensors once, in order and a piece at a time in
// each thread; [Of] does so for one. What comes out depends on the values alone:
// neither the number of threads nor the machine changes a bit of it.
//
// # How
//
// An element type of at most 16 bits has so few values that counting each is the
// fastest way to know them all. Everything but the place of things follows from
// the counts, and follows exactly: quantiles too. Of wider types the sign, the
// exponent and the first bits of the fraction are counted; minimum, maximum and
// counts are exact, sums are taken over fixed blocks and joined in their order,
// and quantiles are exact where a second pass is asked for or costs nothing.
//
// Quantised tensors are decoded to float32 and looked at as such.
package stats
