package scan

import (
	"regexp"
)

const numpyMagic = "\x93NUMPY"

// objects finds the type of Python objects in the header of an array.
var objects = regexp.MustCompile(`['"][|<>=]?O[0-9]*['"]`)

// numpy looks at an array: one of Python objects is a pickle behind a header.
func (t *target) numpy(c content) {
	s := t.source(c)
	head := s.bytes(0, 12)
	if head == nil {
		t.malformed("malformed-array", c.where, 0, "found %d bytes, expected the header of an array", c.size)
		return
	}
	at, n := int64(10), int64(number(head[8:10]))
	if head[6] >= 2 {
		at, n = 12, int64(number(head[8:12]))
	}
	if n > c.size-at {
		t.malformed("malformed-array", c.where, 8, "found a header of %d bytes with %d to the end, expected one that fits", n, c.size-at)
		return
	}
	if n > window || objects.Match(s.bytes(at, int(n))) {
		in := c.in(at+n, c.size-at-n, "")
		in.cut = c.cut
		t.pickles(in, false)
	} else if isPickleMagic(s.upTo(at+n, 2)) {
		in := c.in(at+n, c.size-at-n, "")
		in.rest = true
		t.pickles(in, true)
	}
}
