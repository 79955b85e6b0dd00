package torch

import (
	"fmt"
	"io"

	"olmotool/formats"
)

// swapped is data with the bytes of each unit in the other order.
type swapped struct {
	formats.Data
	unit int64
}

func (s *swapped) ReadAt(p []byte, off int64) (int, error) {
	n, eof, err := clipRead(p, off, s.Size())
	if n == 0 {
		return 0, err
	}
	err = wholeUnits(p[:n], off, s.unit, func(p []byte, off int64) error {
		if err := formats.ReadFull(s.Data, p, off); err != nil {
			return err
		}
		for u := s.unit; len(p) > 0; p = p[u:] {
			for i, j := int64(0), u-1; i < j; i, j = i+1, j-1 {
				p[i], p[j] = p[j], p[i]
			}
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return n, eof
}

// swapUnit is how many bytes are swapped together: complex numbers are two.
func swapUnit(d formats.DType) int64 {
	switch d {
	case formats.C32, formats.C64, formats.C128:
		return d.BlockBytes() / 2
	}
	return d.BlockBytes()
}

// wholeUnits calls read for the units of so many bytes that p at off is part
// of: a unit that p cuts is read aside.
func wholeUnits(p []byte, off, unit int64, read func(p []byte, off int64) error) error {
	var one [16]byte
	for len(p) > 0 {
		in := off % unit
		n := int64(len(p)) / unit * unit
		if in == 0 && n > 0 {
			if err := read(p[:n], off); err != nil {
				return err
			}
		} else {
			if err := read(one[:unit], off-in); err != nil {
				return err
			}
			n = int64(copy(p, one[in:unit]))
		}
		p, off = p[n:], off+n
	}
	return nil
}

// clipRead returns how much of p a read at off fills in data of that size, and
// io.EOF in eof when the data ends before p does.
func clipRead(p []byte, off, size int64) (n int, eof, err error) {
	switch {
	case off < 0:
		return 0, nil, fmt.Errorf("read at negative offset %d", off)
	case len(p) == 0:
		return 0, nil, nil
	case off >= size:
		return 0, io.EOF, io.EOF
	case int64(len(p)) > size-off:
		return int(size - off), io.EOF, nil
	}
	return len(p), nil, nil
}
