package dcp

import (
	"bytes"
	"fmt"
	"os"
	"sync"
	"testing"

	"olmotool/formats"
)

// Of more files than may be open at a time all are read, by many readers at once.
func TestPool(t *testing.T) {
	g := spoil(t)
	at := g.items[keyOf("scalar", nil)]
	b, err := os.ReadFile(g.file(at.path))
	if err != nil {
		t.Fatal(err)
	}
	one := g.tensor("scalar")
	g.tensors, g.order, g.objects = nil, nil, nil
	const files = maxOpen + 100
	for i := range files {
		x := *one
		x.key = fmt.Sprintf("scalar%d", i)
		l := location{fmt.Sprintf("__%d_0.distcp", i), 0, at.length}
		if err := os.WriteFile(g.file(l.path), b[at.off:at.off+at.length], 0o666); err != nil {
			t.Fatal(err)
		}
		g.tensors, g.order = append(g.tensors, &x), append(g.order, keyOf(x.key, nil))
		g.items[keyOf(x.key, nil)] = l
	}
	g.write(t)
	c := open(t, g.dir)
	p := c.Closers[0].(*pool)
	if n := p.recent.Len(); n != 0 {
		t.Errorf("%d files are open before anything is read", n)
	}
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for _, x := range c.Tensors {
				got := make([]byte, 4)
				if err := formats.ReadFull(x.Data, got, 0); err != nil || !bytes.Equal(got, want["scalar"].bytes()) {
					t.Errorf("%s: got %x, %v", x.Name, got, err)
				}
			}
		})
	}
	readers.Wait()
	if n := p.recent.Len(); n != maxOpen {
		t.Errorf("%d files are open, want %d", n, maxOpen)
	}
	if err := c.Close(); err != nil || p.recent.Len() != 0 {
		t.Errorf("%d files are open after closing, %v", p.recent.Len(), err)
	}
	if err := formats.ReadFull(c.Tensors[0].Data, make([]byte, 4), 0); err == nil {
		t.Error("it can be read after closing")
	}
}

// A file that has become another since the checkpoint was opened is not read.
func TestPoolChanged(t *testing.T) {
	g := spoil(t)
	c := open(t, g.dir)
	if err := os.Truncate(g.file("__0_0.distcp"), 5); err != nil {
		t.Fatal(err)
	}
	err := formats.ReadFull(c.Tensors[0].Data, make([]byte, c.Tensors[0].Bytes()), 0)
	if err == nil || !bytes.Contains([]byte(err.Error()), []byte("found 5 bytes, expected")) {
		t.Errorf("got %v", err)
	}
}
