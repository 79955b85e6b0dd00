// Package shards holds what checkpoints of several files have in common on the
// Hugging Face hub, be they safetensors or .bin: an index in JSON that says
// which file has which tensor, the names of the files, and the rule by which
// tensors are dealt out to them.
//
// [OpenIndex] joins the files of an index to one checkpoint; the caller says how
// to open one file, because this package knows no container. [Split], [Name]
// and [NewIndex] lay out a checkpoint to be written, and [EncodeIndex] gives the
// bytes of its index: files, boundaries and bytes are those of transformers.
//
// An index comes from strangers. It can name only files in its own directory,
// and a file there may be a symbolic link only within that directory or into
// the blobs of the Hugging Face cache that it is part of. A model of which one
// file is missing, or has other tensors than the index says, is refused; what
// can be read in spite of a wrong remark about it is read, with a finding.
package shards
