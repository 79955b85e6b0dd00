package formats

import (
	"errors"
	"fmt"
	"io"
	"testing"
)

type closer struct {
	n      int
	err    error
	closed *[]int
}

func (c closer) Close() error { *c.closed = append(*c.closed, c.n); return c.err }

// Close closes everything, in order and once, and returns the first error.
func TestClose(t *testing.T) {
	var closed []int
	c := Checkpoint{Closers: []io.Closer{
		closer{1, nil, &closed}, closer{2, errors.New("second"), &closed}, closer{3, errors.New("third"), &closed},
	}}
	if err := c.Close(); err == nil || err.Error() != "second" {
		t.Errorf("error %v, want that of the second", err)
	}
	if err := c.Close(); err != nil || fmt.Sprint(closed) != "[1 2 3]" {
		t.Errorf("closed %v: %v", closed, err)
	}
}
