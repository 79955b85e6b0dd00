//go:build unix

package main

import (
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
	"syscall"
)

// environment are the system's errors that lie in neither the command line nor
// the input.
var environment = []syscall.Errno{
	syscall.ENOSPC, syscall.EDQUOT, syscall.EROFS, syscall.EFBIG, syscall.EIO,
	syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM, syscall.EXDEV, syscall.EBUSY,
}

func init() {
	// A write beyond the limit of file sizes shall fail, not kill.
	signal.Ignore(syscall.SIGXFSZ)
}

// peakRSS returns the most memory that the process has had resident, in bytes.
func peakRSS() int64 {
	if n := highWater(); n > 0 {
		return n
	}
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	if runtime.GOOS == "darwin" {
		return int64(u.Maxrss) // bytes there, kilobytes elsewhere
	}
	return int64(u.Maxrss) << 10
}

// highWater is what Linux says of this program; 0 elsewhere. The kernel's ru_maxrss
// is of the process, which may have been another, larger program before.
func highWater() int64 {
	b, err := os.ReadFile("/proc/self/status")
	if err != nil || runtime.GOOS != "linux" {
		return 0
	}
	_, rest, _ := strings.Cut(string(b), "\nVmHWM:")
	line, _, _ := strings.Cut(rest, "\n")
	n, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(line, "kB")), 10, 64)
	if err != nil {
		return 0
	}
	return n << 10
}
