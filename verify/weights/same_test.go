package weights

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"olmotool/formats"
)

func TestSame(t *testing.T) {
	x := noise(t, 1, formats.F32, 700, 800) // more than two pieces
	var read int64
	ok := Pair{x, x}
	if err := Same(context.Background(), []Pair{ok, ok}, 1, func(n int64) { read += n }); err != nil || read != 2*x.Bytes() {
		t.Errorf("read %d of %d, %v", read, 2*x.Bytes(), err)
	}
	b := make([]byte, x.Bytes())
	if err := formats.ReadFull(x.Data, b, 0); err != nil {
		t.Fatal(err)
	}
	at := len(b) - 3
	was := b[at]
	b[at] ^= 0x55
	y := x
	y.Data = bytes.NewReader(b)
	cut := x
	cut.Data = bytes.NewReader(b[:100])
	for _, c := range []struct {
		pair Pair
		want string
	}{
		{Pair{x, y}, `tensor "x": byte 2239997: found ` + hex(b[at]) + ", expected " + hex(was)},
		{Pair{x, cut}, `tensor "x": read 100 of 1048576 bytes at 0`},
		{Pair{cut, x}, `tensor "x" of the source: read 100 of`},
	} {
		if err := Same(context.Background(), []Pair{ok, c.pair}, 1, nil); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("found %v, want %s", err, c.want)
		}
	}
}

func hex(b byte) string {
	return "0x" + string("0123456789abcdef"[b>>4]) + string("0123456789abcdef"[b&15])
}
