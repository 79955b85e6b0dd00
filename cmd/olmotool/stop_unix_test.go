//go:build unix

package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// running is a conversion in a process of its own that has begun to write.
type running struct {
	*exec.Cmd
	dir    string // of the destination, otherwise empty
	stderr bytes.Buffer
}

// begin starts one that has more to write than it will be given time for, and
// waits until there is something in the directory. On one core, so that the
// machine stays of use to others.
func begin(t *testing.T, dst string, args ...string) *running {
	t.Helper()
	r := &running{dir: t.TempDir()}
	args = append([]string{"convert", "random:7b", filepath.Join(r.dir, dst), "--threads", "1"}, args...)
	r.Cmd = exec.Command("olmotool", args...)
	r.Stderr = &r.stderr
	if err := r.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Process.Kill() })
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		for _, path := range r.files(t) {
			if fi, err := os.Stat(path); err == nil && fi.Size() > 1<<20 {
				return r
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("nothing was written; stderr: %s", &r.stderr)
		}
	}
}

// files lists what is below the directory of the destination.
func (r *running) files(t *testing.T) (found []string) {
	t.Helper()
	filepath.WalkDir(r.dir, func(path string, _ os.DirEntry, err error) error {
		if err == nil && path != r.dir {
			found = append(found, path)
		}
		return nil
	})
	return found
}

// A signal in the middle ends the run with code 130, and nothing is left of it.
func TestSignal(t *testing.T) {
	for _, c := range []struct {
		name   string
		signal os.Signal
		dst    string
		args   []string
	}{
		{"int", os.Interrupt, "hf", []string{"--max-shard-size", "1GB"}},
		{"term", syscall.SIGTERM, "x.safetensors", nil},
		{"hup", syscall.SIGHUP, "x.pt", []string{"--no-hash"}},
		{"set", os.Interrupt, "x.safetensors", []string{"--provenance"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := begin(t, c.dst, c.args...)
			if err := r.Process.Signal(c.signal); err != nil {
				t.Fatal(err)
			}
			err := r.Wait()
			if code := r.ProcessState.ExitCode(); code != exitInterrupted {
				t.Errorf("%v, want exit code 130; stderr: %s", err, &r.stderr)
			}
			if left := r.files(t); left != nil {
				t.Errorf("left behind: %q", left)
			}
			if out := r.stderr.String(); out != "error: interrupted\n" {
				t.Errorf("stderr %q", out)
			}
		})
	}
}

// A run that is killed leaves its temporaries, and they do not look like an
// output.
func TestKill(t *testing.T) {
	r := begin(t, "hf")
	if err := r.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	r.Wait()
	es, err := os.ReadDir(r.dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(es) != 1 || !strings.HasPrefix(es[0].Name(), ".hf.") || !strings.HasSuffix(es[0].Name(), ".tmp") {
		t.Errorf("found %v, want one temporary directory", es)
	}
	// They are not in the way of the next run.
	if err := exec.Command("olmotool", "convert", "random:tiny", filepath.Join(r.dir, "hf")).Run(); err != nil {
		t.Error(err)
	}
}

// More than a file may have, or a full disk: code 4, and nothing is left.
func TestNoRoom(t *testing.T) {
	for _, c := range []struct{ name, script string }{
		{"file", `ulimit -f 100; exec olmotool convert random:tiny "$1/x.safetensors"`},
		{"directory", `ulimit -f 100; exec olmotool convert random:tiny "$1/x" --to olmo --no-hash`},
		{"provenance", `ulimit -f 100; exec olmotool convert random:tiny "$1/x.pt" --provenance`},
		{"logits", `ulimit -f 100; exec olmotool logits random:tiny -o "$1/x.safetensors" --seed 0 --length 64`},
		{"page", `ulimit -f 4; exec olmotool verify random:tiny random:tiny --html "$1/x.html" --quiet`},
	} {
		t.Run(c.name, func(t *testing.T) { noRoom(t, t.TempDir(), "sh", "-c", c.script, "sh") })
	}
}

// noRoom runs a command, with dir as its last argument, that must fail for want
// of room in dir.
func noRoom(t *testing.T, dir, command string, args ...string) {
	t.Helper()
	cmd := exec.Command(command, append(args, dir)...)
	out, err := cmd.CombinedOutput()
	if code := cmd.ProcessState.ExitCode(); code != exitEnvironment {
		t.Errorf("%v, want exit code 4; output:\n%s", err, out)
	}
	if n := bytes.Count(out, []byte("\n")); n != 1 || !bytes.HasPrefix(out, []byte("error: "+dir)) {
		t.Errorf("want one line that names the output, found:\n%s", out)
	}
	es, err := os.ReadDir(dir)
	if err != nil || len(es) > 0 {
		t.Errorf("left behind: %v, %v", es, err)
	}
}

// A signal in the middle of computing ends the run with code 130, and nothing is
// left of what it would have written.
func TestSignalComputing(t *testing.T) {
	for _, args := range [][]string{
		{"logits", "random:7b", "-o", "DIR/x.safetensors", "--seed", "0"},
		{"verify", "random:7b", "random:7b", "--html", "DIR/x.html"},
		{"soup", "random:7b", "random:7b,seed=1", "-o", "DIR/x.safetensors", "--log-level", "error"},
		{"soup", "random:7b,seed=1", "--method", "ties", "--param", "weight=1", "--param", "density=0.5", "--base", "random:7b", "-o", "DIR/x", "--report", "DIR/x.html", "--log-level", "error"},
	} {
		r := &running{dir: t.TempDir()}
		for i := range args {
			args[i] = strings.Replace(args[i], "DIR", r.dir, 1)
		}
		r.Cmd = exec.Command("olmotool", append(args, "--threads", "1")...)
		r.Stderr = &r.stderr
		if err := r.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { r.Process.Kill() })
		for deadline := time.Now().Add(20 * time.Second); r.files(t) == nil; time.Sleep(5 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%s: nothing was begun; stderr: %s", args[0], &r.stderr)
			}
		}
		time.Sleep(100 * time.Millisecond)
		if err := r.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		err := r.Wait()
		if code := r.ProcessState.ExitCode(); code != exitInterrupted || r.stderr.String() != "error: interrupted\n" {
			t.Errorf("%s: %v, want exit code 130; stderr: %s", args[0], err, &r.stderr)
		}
		if left := r.files(t); left != nil {
			t.Errorf("%s left behind: %q", args[0], left)
		}
	}
}
