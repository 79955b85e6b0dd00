package inspect

import (
	"path/filepath"
	"testing"
)

// Of a distributed checkpoint the files are described by its .metadata, optimizer
// and all, and the sizes add up.
func TestDistributed(t *testing.T) {
	r := source(t, filepath.Join(data, "layouts/olmo2-mha/olmo-core"))
	var held, chunks int64
	for i, c := range r.Containers {
		kind := "distcp"
		if i == 0 {
			kind = "distcp-index"
		}
		if c.Kind != kind || len(c.Facts) == 0 {
			t.Errorf("%s: %s, %v", c.Path, c.Kind, c.Facts)
		}
		if n := c.TensorBytes + c.HeaderBytes + c.UnusedBytes; n != c.Bytes || c.UnusedBytes != 0 {
			t.Errorf("%s: %d of %d bytes accounted for, %d unused", c.Path, n, c.Bytes, c.UnusedBytes)
		}
		held += c.TensorBytes
		chunks += int64(c.Tensors)
	}
	if !r.Optimizer.Present || r.Optimizer.Bytes != 2340 || held != r.Bytes+r.Optimizer.Bytes || len(r.Containers) != 13 {
		t.Errorf("%d bytes in %d files, %d of the model, optimizer %v", held, len(r.Containers), r.Bytes, r.Optimizer)
	}
	if chunks <= int64(len(r.Tensors)) {
		t.Errorf("%d chunks of %d tensors", chunks, len(r.Tensors))
	}
	if r.Run.Step == nil || *r.Run.Step != 7 {
		t.Errorf("run %v", r.Run)
	}
}
