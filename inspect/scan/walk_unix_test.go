//go:build unix

package scan

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestSpecialFiles: nothing hangs on a pipe, and a socket is told of.
func TestSpecialFiles(t *testing.T) {
	dir, err := os.MkdirTemp("", "scan") // the path of a socket is short
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe.pkl"), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", filepath.Join(dir, "socket"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	r, err := Paths(context.Background(), []string{dir, filepath.Join(dir, "pipe.pkl"), os.DevNull}, 1)
	if err != nil {
		t.Fatal(err)
	}
	for i, code := range []string{"not-regular", "not-regular", "unreadable", "unreadable"} {
		if f := r.Files[i]; len(f.Findings) != 1 || f.Findings[0].Code != code || f.Unreadable != (i > 1) {
			t.Errorf("%s: found %v, %v, expected %s", f.Path, f.Findings, f.Unreadable, code)
		}
	}
}
