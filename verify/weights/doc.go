// Package weights compares every weight of two models and says what is wrong
// where they differ.
//
// [Compare] takes a reference, REF, and a candidate, CAND, in canonical form, so
// layouts, shards and names have no part in it. Each tensor must pass a rule,
// chosen by the types that it has on both sides:
//
//	W1  the same tensors, of the same shapes
//	W2  one type on both sides: the same bytes, payloads of NaN included
//	W3  another plain type: REF rounded to nearest even, bit by bit; widening is
//	    exact (a NaN must be a NaN: processors differ in what its bits become)
//	W4  rows that a layout stores in another order (q and k of an OLMo 1 in GGUF)
//	    are put back by the canonical form, and then W2
//	W5  a quantised type: the bytes of our quantiser, which are those of ggml's
//	    reference; types without one: the error bound of the type
//	W6  NaN and infinities: none that REF does not have
//	W7  config and tokenizer agree in what changes the function
//
// The type is CAND's choice, tensor by tensor: a GGUF has its norms in F32. A
// type whose blocks cannot be decoded is reported as not compared, and never
// passes. A tied head counts as the embedding, so a tied model and one with a
// copy are equal. More or fewer rows of embedding and head than REF has are no
// padding to be overlooked: the softmax sees every row.
//
// What does not pass is diagnosed: the mistakes that conversions make are tried,
// one after the other, as views of REF's tensors, until one is found that CAND
// equals. A few samples rule most of them out; what is claimed has been confirmed
// on every element, or the diagnosis says on how many rows it holds.
//
// Both sides are read in pieces, by all threads; a tensor is never in memory,
// and the answer does not depend on the number of threads.
package weights
