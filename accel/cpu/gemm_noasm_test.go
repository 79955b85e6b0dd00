//go:build !amd64 || noasm

package cpu

import "olmotool/accel"

// versions are the kernels that this machine can run.
func versions[T accel.Float]() []*gemmKernel[T] { return []*gemmKernel[T]{plainKernel[T]()} }
