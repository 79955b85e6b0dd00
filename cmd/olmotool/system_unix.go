//go:build unix

package main

import (
	"os/signal"
	"runtime"
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
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	if runtime.GOOS == "darwin" {
		return int64(u.Maxrss) // bytes there, kilobytes elsewhere
	}
	return int64(u.Maxrss) << 10
}
