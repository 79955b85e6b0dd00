package scan

import (
	"bytes"
	"context"
	"errors"
	"io"

	"olmotool/formats"
)

// source reads a content through a window, mostly forward.
type source struct {
	ctx  context.Context
	r    io.ReaderAt
	size int64
	at   int64 // offset of buf
	buf  []byte
	work *int64 // what may still be read of the file, counting what is read again
	err  error  // the first, of the medium or of ctx
}

// errWork ends a file whose parts are read again and again.
var errWork = errors.New("found parts that would be read again and again, expected a file that is read a few times; the rest is not looked at")

// bytes returns the n bytes at pos, at most window; nil if they are not all
// there. They are valid until the next call.
func (s *source) bytes(pos int64, n int) []byte {
	if i := pos - s.at; i >= 0 && i+int64(n) <= int64(len(s.buf)) {
		return s.buf[i : i+int64(n)]
	}
	if s.err != nil || n > window || pos < 0 || pos > s.size || int64(n) > s.size-pos {
		return nil
	}
	if s.err = s.ctx.Err(); s.err != nil {
		return nil
	}
	if cap(s.buf) == 0 {
		s.buf = make([]byte, min(window, s.size))
	}
	s.at, s.buf = pos, s.buf[:min(int64(cap(s.buf)), s.size-pos)]
	if n > len(s.buf) { // cannot be: the buffer holds a window or all
		return nil
	}
	if *s.work -= int64(len(s.buf)); *s.work < 0 {
		s.err = errWork
	} else {
		s.err = formats.ReadFull(s.r, s.buf, pos)
	}
	if s.err != nil {
		s.buf = s.buf[:0]
		return nil
	}
	return s.buf[:n]
}

// upTo returns the bytes at pos, at most n and at most to the end.
func (s *source) upTo(pos int64, n int) []byte {
	return s.bytes(pos, int(min(int64(n), window, max(s.size-pos, 0))))
}

// newline returns the offset of the first newline at pos or behind; -1 if there
// is none.
func (s *source) newline(pos int64) int64 {
	for pos < s.size {
		b := s.buf[min(max(pos-s.at, 0), int64(len(s.buf))):]
		if pos < s.at || len(b) == 0 {
			if b = s.upTo(pos, window); b == nil {
				return -1
			}
		}
		if i := bytes.IndexByte(b, '\n'); i >= 0 {
			return pos + int64(i)
		}
		pos += int64(len(b))
	}
	return -1
}
