package gguf

import (
	"fmt"
	"io"

	"olmotool/formats"
)

// File is an open GGUF file, or an open set of shards.
type File struct {
	*formats.Checkpoint

	// The version, byte order and alignment of the file; of a set, of its
	// first shard. Tensor data reads as little-endian whatever the order.
	Version   uint32
	BigEndian bool
	Alignment int64 // of tensor data, in bytes

	// KVs are the key-values in the order of the file; of a set, those of its
	// first shard without the split.* keys, which say nothing of the whole.
	KVs []KV
}

// Open opens a GGUF file. If it is a shard, whichever, the whole set is opened:
// its other shards lie beside it under the names that [PlanSplit] gives them.
func Open(path string) (*File, error) {
	f, err := openOne(path)
	if err != nil {
		return nil, err
	}
	s, err := splitOf(f)
	if err == nil && s.count > 1 {
		return openSet(path, f, s)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// openOne opens one file, shard or not.
func openOne(path string) (*File, error) {
	r, size, err := formats.OpenRegular(path)
	if err != nil {
		return nil, err
	}
	f, err := read(path, r, size)
	if err != nil {
		r.Close()
		return nil, err
	}
	f.Closers = []io.Closer{r}
	return f, nil
}

// read makes a File of the size bytes of r.
func read(path string, r io.ReaderAt, size int64) (*File, error) {
	h, err := readHeader(path, r, size)
	if err != nil {
		return nil, err
	}
	f := &File{
		Checkpoint: &formats.Checkpoint{
			Path:     path,
			Tensors:  make([]formats.Tensor, len(h.tensors)),
			Files:    []formats.File{{Path: path, Bytes: size}},
			Findings: h.findings,
		},
		Version: h.version, BigEndian: h.bigEndian, Alignment: h.alignment, KVs: h.kvs,
	}
	unsure := ""
	for i, x := range h.tensors {
		t, err := formats.NewTensor(x.name, x.dtype, x.shape, io.NewSectionReader(r, x.at, x.size))
		if err != nil {
			return nil, formats.Errorf(path, "", "%w", err)
		}
		t.Origin = formats.Origin{Name: x.name, File: path, Offset: x.at}
		if h.bigEndian {
			t = swap(t)
			if unsure == "" && (x.dtype == formats.BF16 || x.dtype.IsBlock()) {
				unsure = x.name
			}
		}
		f.Tensors[i] = t
	}
	if unsure != "" {
		f.Findings = append(f.Findings, formats.Finding{
			Severity: formats.Warning, Code: "big-endian-blocks", Where: fmt.Sprintf("%s: tensor %q", path, unsure),
			Message: "read as big-endian, as the format says; gguf-py leaves BF16 and block types little-endian in a big-endian file",
		})
	}
	return f, nil
}
