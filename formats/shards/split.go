package shards

import (
	"fmt"

	"olmotool/formats"
)

// Split deals tensors out to files of at most max bytes of data, in their order
// and by the rule of transformers and huggingface_hub: a file is closed when
// the next tensor does not fit any more; a tensor that is itself larger than
// max gets a file of its own, which comes before the file that is being filled.
// Tensors must not share storage.
func Split(tensors []formats.Tensor, max int64) [][]formats.Tensor {
	var shards [][]formats.Tensor
	var current []formats.Tensor
	var size int64
	for _, t := range tensors {
		n := t.Bytes()
		if n > max {
			shards = append(shards, []formats.Tensor{t})
			continue
		}
		if n > max-size {
			shards = append(shards, current)
			current, size = nil, 0
		}
		current = append(current, t)
		size += n
	}
	if len(current) > 0 {
		shards = append(shards, current)
	}
	return shards
}

// Name returns the name of file i, counted from 1, of n: "model.safetensors"
// if it is the only one, else as in "model-00001-of-00003.safetensors". ext
// begins with a point.
func Name(prefix, ext string, i, n int) string {
	if n == 1 {
		return prefix + ext
	}
	return fmt.Sprintf("%s-%05d-of-%05d%s", prefix, i, n, ext)
}

// IndexName returns the name of the index of files that [Name] names.
func IndexName(prefix, ext string) string { return prefix + ext + indexSuffix }
