//go:build unix

package olmo

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestSpecialFiles: nothing waits for the other end of a pipe, wherever it lies.
func TestSpecialFiles(t *testing.T) {
	fifo := func(dir, name string) {
		t.Helper()
		if err := syscall.Mkfifo(filepath.Join(dir, name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const pipe = "found a named pipe, expected a regular file"
	config := map[string]string{"config.json": "@" + tinyHF + "config.json"}
	for _, c := range []struct {
		name  string
		files map[string]string
		fifo  string
		open  string
		from  string
		want  string
	}{
		{"path", nil, "x", "x", "", pipe},
		{"path as gguf", nil, "x", "x", "gguf", pipe},
		{"path as hf", nil, "x", "x", "hf", "config.json: no such file or directory"},
		{"weights", config, "model.safetensors", "", "", pipe},
		{"weights as path", config, "model.safetensors", "model.safetensors", "", pipe},
		{"pickle", config, "pytorch_model.bin", "", "", pipe},
		{"index", config, "model.safetensors.index.json", "", "", pipe},
		{"config", map[string]string{"model.safetensors": ""}, "config.json", "", "", "config.json: " + pipe},
		{"config.yaml", map[string]string{"model.pt": ""}, "config.yaml", "", "", "config.yaml: " + pipe},
		{"gguf", nil, "x.gguf", "", "", pipe},
	} {
		dir := layOut(t, c.files)
		fifo(dir, c.fifo)
		done := make(chan error, 1)
		go func() {
			_, err := Open(filepath.Join(dir, c.open), c.from)
			done <- err
		}()
		select {
		case err := <-done:
			wantError(t, err, dir, c.want)
		case <-time.After(5 * time.Second):
			t.Fatalf("%s: waits", c.name)
		}
	}

	// Beside the weights too.
	src := copyDir(t, testdata+"models/olmo2-mha", "config.json", "model.safetensors")
	m := open(t, src, "")
	fifo(src, "tokenizer.json")
	fifo(src, "additional_chat_templates")
	for _, f := range plan(t, m, "olmo", PlanOptions{}).Files {
		if strings.Contains(f.Name, "token") {
			t.Errorf("got %s", f.Name)
		}
	}
	fifo(src, "generation_config.json")
	_, err := m.Plan("hf", PlanOptions{})
	wantError(t, err, "generation_config.json: "+pipe)
}

func TestSocketAndDevice(t *testing.T) {
	dir, err := os.MkdirTemp("", "s") // the path of a socket must be short
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	l, err := net.Listen("unix", dir+"/s")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, err = Open(dir+"/s", "")
	wantError(t, err, dir+"/s: found a socket, expected a regular file")
	_, err = Open("/dev/null", "")
	wantError(t, err, "/dev/null: found a device, expected a regular file")
}
