//go:build unix

package shards

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestPipe reads an index whose one file is a named pipe, which must not be
// waited for.
func TestPipe(t *testing.T) {
	dir := t.TempDir()
	const file = "w.safetensors"
	if err := syscall.Mkfifo(filepath.Join(dir, file), 0o666); err != nil {
		t.Fatal(err)
	}
	index := filepath.Join(dir, "m.safetensors.index.json")
	if err := os.WriteFile(index, []byte(naming(file)), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadIndex(index); err == nil || !strings.Contains(err.Error(), "found no regular file, expected one") {
		t.Errorf("got %v", err)
	}
}
