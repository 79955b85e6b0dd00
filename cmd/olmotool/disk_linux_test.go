package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// A disk that is full. Where no file system may be mounted, which takes root,
// the limit on the size of files must do.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("none", dir, "tmpfs", 0, "size=200k"); err != nil {
		t.Logf("no file system of its own: %v", err)
		noRoom(t, dir, "sh", "-c", `ulimit -f 100; exec olmotool convert random:tiny "$1/x" --max-shard-size 10KB`, "sh")
		return
	}
	t.Cleanup(func() { syscall.Unmount(dir, 0) })
	for _, args := range []string{
		"convert random:tiny $1/x.safetensors",
		"convert random:tiny $1/x --max-shard-size 10KB",
		"convert random:tiny $1/x --max-shard-size 10KB --no-hash --threads 8",
		"convert random:tiny $1/x.pt --provenance --verify",
	} {
		noRoom(t, dir, "sh", "-c", "exec olmotool "+args, "sh")
	}
}

// Directories in which the system lets nobody make a file, not even root.
func TestNotWritable(t *testing.T) {
	for _, dst := range []string{"/sys/x", "/sys/x.safetensors"} {
		cmd := exec.Command("olmotool", "convert", "random:tiny", dst)
		out, err := cmd.CombinedOutput()
		if code := cmd.ProcessState.ExitCode(); code != exitEnvironment {
			t.Errorf("%s: %v, want exit code 4; output:\n%s", dst, err, out)
		}
	}
	// One that permissions close, which stop everybody but root.
	dir := filepath.Join(t.TempDir(), "closed")
	if err := os.Mkdir(dir, 0o555); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("olmotool", "convert", "random:tiny", filepath.Join(dir, "x"))
	if out, err := cmd.CombinedOutput(); os.Geteuid() != 0 && cmd.ProcessState.ExitCode() != exitEnvironment {
		t.Errorf("%v, want exit code 4; output:\n%s", err, out)
	}
}

// Standard output that cannot be written to is no success.
func TestFullStdout(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	for _, args := range [][]string{{"inspect", "random:tiny"}, {"digest", "random:tiny", "--json"}, {"version"}} {
		cmd := exec.Command("olmotool", args...)
		cmd.Stdout = full
		if cmd.Run(); cmd.ProcessState.ExitCode() != exitEnvironment {
			t.Errorf("%q: exit code %d, want 4", args, cmd.ProcessState.ExitCode())
		}
	}
}
