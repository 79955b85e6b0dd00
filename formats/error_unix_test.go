//go:build unix

package formats

import (
	"path/filepath"
	"syscall"
	"testing"
)

// Opening a named pipe would wait for a writer.
func TestOpenRegularPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o666); err != nil {
		t.Fatal(err)
	}
	_, _, err := OpenRegular(path)
	wantErr(t, err, path+": found a named pipe, expected a regular file")
	_, _, err = OpenRegular("/dev/null")
	wantErr(t, err, "/dev/null: found a device, expected a regular file")
}
