//go:build unix

package main

import (
	"net"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// What is no regular file is refused by its kind, without waiting for it: a
// read of a pipe would.
func TestSpecialFiles(t *testing.T) {
	model := files{
		"weights/config.json":      fixture(t, "models", "olmo2-mha", "config.json"),
		"config/model.safetensors": fixture(t, "models", "olmo2-mha", "model.safetensors"),
	}
	t.Chdir(t.TempDir())
	model.write(t)
	for _, pipe := range []string{"pipe.safetensors", "meta.json", "weights/model.safetensors", "config/config.json"} {
		if err := syscall.Mkfifo(pipe, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: "socket", Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	const regular = `, expected a regular file\n$`
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"inspect", "pipe.safetensors"}, `^error: pipe.safetensors: found a named pipe` + regular},
		{[]string{"convert", "pipe.safetensors", "x"}, `^error: pipe.safetensors: found a named pipe` + regular},
		{[]string{"digest", "socket"}, `^error: socket: found a socket` + regular},
		{[]string{"inspect", "/dev/zero"}, `^error: /dev/zero: found a device` + regular},
		{[]string{"inspect", "/dev/null"}, `^error: /dev/null: found a device` + regular},
		{[]string{"inspect", "weights"}, `^error: weights.* found `},
		{[]string{"inspect", "config"}, `^error: config.* found `},
		{[]string{"convert", "random:config/config.json", "x"}, `^error: .*found a named pipe` + regular},
		{[]string{"convert", "random:tiny", "x.gguf", "--metadata", "meta.json"}, `^error: meta.json: found a named pipe` + regular},
		{[]string{"verify", "pipe.safetensors", "random:tiny"}, `^error: pipe.safetensors: found a named pipe` + regular},
		{[]string{"verify", "random:tiny", "socket"}, `^error: socket: found a socket` + regular},
		{[]string{"verify", "random:tiny", "--golden", "pipe.safetensors"}, `^error: pipe.safetensors: found a named pipe` + regular},
		{[]string{"verify", "random:tiny", "random:tiny", "--tokens-file", "meta.json"}, `^error: meta.json: found a named pipe` + regular},
		{[]string{"verify", "config", "random:tiny", "--text", "meta.json"}, `^error: config.* found `},
		{[]string{"logits", "random:tiny", "-o", "x", "--tokens-file", "/dev/zero"}, `^error: /dev/zero: found a device` + regular},
	} {
		var out, errs strings.Builder
		code := execute(t.Context(), c.args, nil, &out, &errs)
		if code != exitInput || !regexp.MustCompile(c.want).MatchString(errs.String()) {
			t.Errorf("%q: exit code %d, stderr %s", c.args, code, errs.String())
		}
	}
}

// A shard may be a symbolic link into the blobs of a cache, and to nowhere else.
func TestShardLinks(t *testing.T) {
	t.Chdir(t.TempDir())
	shard := safetensor(`{"w":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}`, "1234")
	files{
		"cache/blobs/1": shard, "elsewhere.safetensors": shard,
		"cache/snapshots/1/model.safetensors.index.json": `{"weight_map":{"w":"a.safetensors"}}`,
	}.write(t)
	const link = "cache/snapshots/1/a.safetensors"
	for to, want := range map[string]int{"../../blobs/1": exitOK, "../../../elsewhere.safetensors": exitInput, "/dev/zero": exitInput, "a.safetensors": exitInput, "nowhere": exitInput} {
		if err := os.Symlink(to, link); err != nil {
			t.Fatal(err)
		}
		var out, errs strings.Builder
		code := execute(t.Context(), []string{"convert", "cache/snapshots/1/model.safetensors.index.json", "out.safetensors", "--force"}, nil, &out, &errs)
		if code != want {
			t.Errorf("link to %s: exit code %d, %s", to, code, errs.String())
		}
		if err := os.Remove(link); err != nil {
			t.Fatal(err)
		}
	}
}
