package formats

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// FilePlan says what every byte of an output file will be, before the first is
// read or written. Containers make plans; a writer carries them out, in
// whatever order and from as many goroutines as it likes.
type FilePlan struct {
	Name     string // relative to the output directory; empty for a single-file output
	Segments []Segment
}

// Segment is a run of bytes of a planned file.
type Segment struct {
	// Size is the number of bytes; known from the start for every segment.
	Size int64

	// Data gives the bytes, from offset 0. Exactly one of Data and Late is set.
	Data io.ReaderAt

	// Late gives bytes that depend on those of earlier segments (checksums).
	// It is called once, after the Sum of every earlier segment of the file
	// has seen all its bytes, and returns exactly Size bytes.
	Late func() ([]byte, error)

	// Sum, if set, is given all bytes of the segment, in order.
	Sum io.Writer

	// Tensor, if set, is the tensor whose bytes, all of them, are Data.
	Tensor *Tensor
}

// Size returns the size of the whole file.
func (p *FilePlan) Size() int64 {
	var n int64
	for _, s := range p.Segments {
		n += s.Size
	}
	return n
}

// Offset returns where segment i begins.
func (p *FilePlan) Offset(i int) int64 {
	var n int64
	for _, s := range p.Segments[:i] {
		n += s.Size
	}
	return n
}

// WriteTo carries the plan out in order, for small files and tests.
func (p *FilePlan) WriteTo(w io.Writer) (int64, error) {
	var total int64
	for i, s := range p.Segments {
		r := io.Reader(io.NewSectionReader(s.Data, 0, s.Size))
		if s.Late != nil {
			b, err := s.Late()
			if err != nil {
				return total, err
			}
			if int64(len(b)) != s.Size {
				return total, fmt.Errorf("segment %d: got %d late bytes, planned %d", i, len(b), s.Size)
			}
			r = bytes.NewReader(b)
		}
		if s.Sum != nil {
			r = io.TeeReader(r, s.Sum)
		}
		n, err := io.Copy(w, r)
		total += n
		if err != nil {
			return total, err
		}
		if n != s.Size {
			return total, fmt.Errorf("segment %d: %w", i, errors.Join(io.ErrUnexpectedEOF, fmt.Errorf("got %d bytes, planned %d", n, s.Size)))
		}
	}
	return total, nil
}
