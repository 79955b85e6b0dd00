//go:build unix

package search

import (
	"os/exec"
	"syscall"
)

// endWhole makes the end of a command before its time the end of all that it
// started: the shell alone would leave them behind.
func endWhole(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
