package view

import (
	"fmt"
	"io"

	"olmotool/formats"
)

// units is Data that is computed some whole units of bytes at a time.
type units struct {
	size, unit int64
	// fill sets p to the bytes at off; both begin and end at whole units.
	fill func(p []byte, off int64) error
}

func (u *units) Size() int64 { return u.size }

func (u *units) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, fmt.Errorf("read at negative offset %d", off)
	}
	if off >= u.size {
		if len(p) == 0 {
			return 0, nil
		}
		return 0, io.EOF
	}
	var eof error
	if int64(len(p)) > u.size-off {
		p, eof = p[:u.size-off], io.EOF
	}
	lo := off / u.unit * u.unit
	hi := (off + int64(len(p)) + u.unit - 1) / u.unit * u.unit
	if lo == off && hi == off+int64(len(p)) {
		if err := u.fill(p, off); err != nil {
			return 0, err
		}
		return len(p), eof
	}
	b := make([]byte, hi-lo)
	if err := u.fill(b, lo); err != nil {
		return 0, err
	}
	return copy(p, b[off-lo:]), eof
}

// computed returns t with the bytes of fill, in units of that size.
func computed(t formats.Tensor, unit int64, fill func(p []byte, off int64) error) formats.Tensor {
	t.Data = &units{t.Bytes(), unit, fill}
	t.Origin.Offset = -1
	return t
}
