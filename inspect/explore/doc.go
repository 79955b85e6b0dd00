// Package explore lets a person walk through a checkpoint in the terminal: the
// tree of its modules, and of the tensor that is chosen its place, statistics,
// histogram and values.
//
// [Run] is the whole of it. Nothing waits: headers are known, values are read for
// the part that is seen, and statistics are computed beside and given up when one
// walks on. So a model may be larger than the memory, and lie on a slow disk.
//
// tree.go has the modules, state.go what keys do, view.go and detail.go draw.
package explore
