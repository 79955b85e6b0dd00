// Package ggufmeta writes down what a GGUF says of a model besides its tensors
// and the numbers of its architecture: its name, where it comes from, how to
// sample from it, and its tokenizer.
//
// Two functions return the records in the order of the file: [General] those
// before the architecture's, [Tokenizer] those behind. [FileName] is the name
// that such a file has by default. All read a [Source], which is a model
// directory, and follow convert_hf_to_gguf.py of llama.cpp and the libraries
// that it uses (gguf-py, transformers, tokenizers), so that the bytes are the
// same: the way a name is taken apart into size, version and purpose, the order
// of precedence of model card, configuration and directory, the ids that special
// tokens get.
//
// In two places they differ on purpose. The name of the pre-tokenizer is found
// by the structure of the tokenizer, so that a retrained vocabulary has one too;
// and what would stop the official converter with a Python error, or make it
// write nonsense, is a *formats.Error that names file and place.
//
// All files are taken for hostile. Time and memory are linear in their size.
package ggufmeta
