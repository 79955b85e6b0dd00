package torch

import (
	"bytes"
	"fmt"
	"io"

	"olmotool/formats"
)

// window is the part of a file that a pickle lies in, read as far as somebody
// asked: where a pickle ends is known only when it has been read.
type window struct {
	file string
	in   string // the member of an archive that the pickle is; else empty
	r    io.ReaderAt
	base int64 // where the pickle begins
	end  int64 // where the file ends
	buf  []byte
}

// minWindow is what is read first.
const minWindow = 4 << 10

// at returns the n bytes at pos, which is not before base. It fails when the
// file has fewer.
func (w *window) at(pos, n int64) ([]byte, error) {
	if left := w.end - pos; n < 0 || n > left {
		return nil, fmt.Errorf("found %d bytes to the end, expected %d", left, uint64(n))
	}
	if pos+n-w.base > maxPickle {
		return nil, fmt.Errorf("found a pickle of more than %d bytes, expected at most that", int64(maxPickle))
	}
	if err := w.grow(pos + n - w.base); err != nil {
		return nil, err
	}
	return w.buf[pos-w.base : pos-w.base+n], nil
}

// grow reads on until buf holds n bytes, doubling it each time. The file is
// known to have them.
func (w *window) grow(n int64) error {
	have := int64(len(w.buf))
	if n <= have {
		return nil
	}
	n = min(max(n, 2*have, minWindow), w.end-w.base)
	buf := make([]byte, n)
	copy(buf, w.buf)
	if err := formats.ReadFull(w.r, buf[have:], w.base+have); err != nil {
		return err
	}
	w.buf = buf
	return nil
}

// line returns the bytes at pos up to the next newline, without it.
func (w *window) line(pos int64) ([]byte, error) {
	for n := int64(256); ; n *= 4 {
		n = min(n, w.end-pos, maxLine+1)
		b, err := w.at(pos, n)
		if err != nil {
			return nil, err
		}
		if i := bytes.IndexByte(b, '\n'); i >= 0 {
			return b[:i], nil
		}
		if n == maxLine+1 {
			return nil, fmt.Errorf("found a line of more than %d bytes, expected a newline", maxLine)
		}
		if n == w.end-pos {
			return nil, fmt.Errorf("found no newline to the end, expected one")
		}
	}
}

// place names a position for an error.
func (w *window) place(pos int64) string {
	if w.in == "" {
		return fmt.Sprintf("byte %d", pos)
	}
	return fmt.Sprintf("%s, byte %d", w.in, pos)
}
