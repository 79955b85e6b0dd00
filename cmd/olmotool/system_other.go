//go:build !unix

package main

import "syscall"

// environment are the system's errors that lie in neither the command line nor
// the input, by their numbers on Windows: too many open files, out of memory,
// write protected, disk full (two), file too large, device error.
var environment = []syscall.Errno{4, 8, 19, 39, 112, 223, 1117}

// peakRSS is not known here.
func peakRSS() int64 { return 0 }
