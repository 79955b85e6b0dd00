// Package formats is the vocabulary in which olmotool speaks of weights.
//
// A [Tensor] is a name, a [DType], a shape and a way to read any range of its
// bytes; a [Checkpoint] is an ordered list of tensors with the files they came
// from. Both are descriptions: making one reads no data, and holding a million
// of them costs nothing. Everything else composes over them, as everything in
// Go composes over io.Reader: the views of this package ([Rows], [JoinRows],
// [PermuteRows], [Cast]) take tensors and return one, and bytes flow only when
// somebody reads the last tensor of such a chain.
//
// Around it stand the containers, each in a package of its own (safetensors,
// torch, gguf): they turn files into tensors, and tensors into a [FilePlan],
// which says what every byte of an output file will be before the first is
// written. They know nothing of models. Package olmo does: it gives the
// tensors of any layout their canonical names and shapes, and has Open, which
// finds out what a path is.
//
// # Promises
//
// A view that does not change the dtype passes bytes through untouched, NaN
// payloads too. Sizes and offsets are int64 and every product and sum of them
// that a file can influence is checked. Nothing in this package panics on what
// it reads; errors that describe bad input are of type [*Error].
package formats
