// Package gguf reads and writes the GGUF container: key-values and tensors in
// one file or in a set of shards. It knows no model; what the keys mean is for
// others to say.
//
// [Open] reads a file, or the whole set when the path is a shard of one, and
// returns a checkpoint with its key-values. [Plan] and [PlanSplit] say what the
// bytes of an output will be; they are those of gguf-py's GGUFWriter for the
// same key-values and tensors. [Lookup], [Set] and [Delete] work on a list of
// key-values, which keeps its order.
//
// # What is read
//
// Versions 2 and 3, in little-endian and big-endian order; tensor data is given
// little-endian in either case. Version 1, last written in August 2023, and the
// tensor types that have been taken out of the format are refused by name.
//
// The reader is as strict as llama.cpp's and in places stricter: keys and tensor
// names occur once, a tensor begins exactly where the one before it ends, and
// all data lies in the file. Counts and lengths are held against the bytes that
// are left before anything is allocated for them. The padding behind the last
// tensor may be missing, because some writers leave it out. What is odd but
// harmless is a finding.
//
// # Shapes
//
// GGUF stores the innermost dimension first; here a shape has it last, as
// everywhere in olmotool. The number of dimensions is kept: [4096] and [1 4096]
// differ, and a scalar has none.
package gguf
