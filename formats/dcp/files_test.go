package dcp

import (
	"bytes"
	"os"
	"testing"

	"olmotool/formats"
)

// A file that has become another since the checkpoint was opened is not read.
func TestChanged(t *testing.T) {
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
