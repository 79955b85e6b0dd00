//go:build unix

package inspect

import (
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// Sockets, pipes, links that lead in a circle or nowhere, and what may not be read:
// each is reported, and the model is described.
func TestSpecialFiles(t *testing.T) {
	dir := copyModel(t, "olmo2-mha")
	t.Chdir(dir) // the name of a socket must be short
	l, err := net.Listen("unix", "socket")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, err := range []error{
		syscall.Mkfifo("pipe", 0o666), os.Symlink(".", "loop"), os.Symlink("dangling", "dangling"), os.Mkdir("locked", 0),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	defer os.Chmod("locked", 0o700)
	r := source(t, dir)
	got := map[string]string{}
	for _, f := range r.Findings {
		got[filepath.Base(f.Where)] = f.Code
	}
	want := map[string]string{"socket": "special-file", "pipe": "special-file", "loop": "linked-directory", "dangling": "unreadable"}
	if os.Getuid() != 0 { // root may read everything
		want["locked"] = "unreadable"
	}
	for name, code := range want {
		if got[name] != code {
			t.Errorf("%s: found %q, want %q", name, got[name], code)
		}
	}
	if r.Parameters != 63776 || len(r.Findings) != len(want) {
		t.Errorf("%d parameters, %v", r.Parameters, r.Findings)
	}
}
