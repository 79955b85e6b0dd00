//go:build !amd64 || noasm

package cpu

import "olmotool/accel"

// current returns the kernels in use: without assembly, plain Go.
func current[T accel.Float]() *gemmKernel[T] { return plainKernel[T]() }
