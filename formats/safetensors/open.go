package safetensors

import (
	"encoding/binary"
	"io"
	"strings"

	"olmotool/formats"
)

// Open describes the tensors of one file, in the order of their data; those
// without data that lie at the same place are in the order of their names. The
// caller closes the checkpoint. Errors about the content are *formats.Error;
// the bytes that they mention are counted from the start of the file.
func Open(path string) (*formats.Checkpoint, error) {
	f, size, err := formats.OpenRegular(path)
	if err != nil {
		return nil, err
	}
	c, err := OpenAt(f, size, path)
	if err != nil {
		f.Close()
		return nil, err
	}
	c.Closers = []io.Closer{f}
	return c, nil
}

// OpenAt is Open of a file of that size which r reads. path names it in errors.
// Closing the checkpoint leaves r open.
func OpenAt(r io.ReaderAt, size int64, path string) (*formats.Checkpoint, error) {
	text, err := readHeader(r, size, path)
	if err != nil {
		return nil, err
	}
	h, err := parseHeader(text, path)
	if err != nil {
		return nil, err
	}
	base := prefixBytes + int64(len(text))
	if err := h.checkLayout(size-base, path); err != nil {
		return nil, err
	}
	c := &formats.Checkpoint{
		Path:     path,
		Files:    []formats.File{{Path: path, Bytes: size}},
		Metadata: h.metadata,
		Findings: h.findings(base, path),
		Tensors:  make([]formats.Tensor, len(h.tensors)),
	}
	for i, t := range h.tensors {
		c.Tensors[i] = formats.Tensor{
			Name:   t.name,
			DType:  t.dtype,
			Shape:  t.shape,
			Data:   io.NewSectionReader(r, base+t.begin, t.end-t.begin),
			Origin: formats.Origin{Name: t.name, File: path, Offset: base + t.begin},
		}
	}
	return c, nil
}

// readHeader returns the text of the header after checking its length.
func readHeader(r io.ReaderAt, size int64, path string) (string, error) {
	if size < prefixBytes {
		return "", formats.Errorf(path, "header length", "found a file of %d bytes, expected at least %d", size, prefixBytes)
	}
	var prefix [prefixBytes]byte
	if err := formats.ReadFull(r, prefix[:], 0); err != nil {
		return "", formats.Errorf(path, "header length", "%w", err)
	}
	n := binary.LittleEndian.Uint64(prefix[:])
	if n > maxHeader {
		return "", formats.Errorf(path, "header length", "found %d, expected at most %d", n, maxHeader)
	}
	if int64(n) > size-prefixBytes {
		return "", formats.Errorf(path, "header length", "found %d, expected at most the %d bytes that follow", n, size-prefixBytes)
	}
	var text strings.Builder
	text.Grow(int(n))
	if _, err := io.CopyN(&text, io.NewSectionReader(r, prefixBytes, int64(n)), int64(n)); err != nil {
		return "", formats.Errorf(path, "header", "%w", err)
	}
	return text.String(), nil
}
