//go:build unix

package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A signal while a command scores a soup ends the command and the search, and
// nothing is left of what it was given; a score that was there before is kept.
func TestSignalSearch(t *testing.T) {
	dir := t.TempDir()
	pid := filepath.Join(t.TempDir(), "pid")
	cmd := exec.Command("olmotool", "soup", "random:tiny,seed=1", "random:tiny,seed=2", "-o", filepath.Join(dir, "x"), "--greedy",
		"--cache", filepath.Join(dir, "scores"), "--eval-cmd", `test -f `+pid+`.first || { touch `+pid+`.first; echo 1; exit; }; sleep 60 & echo $! >`+pid+`; wait`)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill() })
	var sleeper int
	for deadline := time.Now().Add(20 * time.Second); sleeper == 0; time.Sleep(5 * time.Millisecond) {
		b, _ := os.ReadFile(pid)
		sleeper, _ = strconv.Atoi(strings.TrimSpace(string(b)))
		if time.Now().After(deadline) {
			t.Fatalf("the command did not run; stderr: %s", &stderr)
		}
	}
	if found, _ := filepath.Glob(filepath.Join(dir, ".olmotool.*.tmp", "x", "config.json")); len(found) != 1 {
		t.Errorf("found the candidates %q, want one", found)
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	err := cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != exitInterrupted || stderr.String() != "error: interrupted\n" {
		t.Errorf("%v, want exit code 130; stderr: %s", err, &stderr)
	}
	es, err := os.ReadDir(dir)
	if err != nil || len(es) != 1 || es[0].Name() != "scores" {
		t.Errorf("found %v, want the scores alone; %v", es, err)
	}
	for deadline := time.Now().Add(5 * time.Second); syscall.Kill(sleeper, 0) == nil; time.Sleep(5 * time.Millisecond) {
		if b, _ := os.ReadFile("/proc/" + strconv.Itoa(sleeper) + "/stat"); bytes.Contains(b, []byte(") Z ")) {
			break // ended, and nobody has asked how
		}
		if time.Now().After(deadline) {
			t.Fatalf("what the command started is still running")
		}
	}
}
