//go:build !amd64 || noasm

package cpu

import "olmotool/accel"

// Without kernels, the operations on rows are all plain Go.

func sumSquaresFast[T accel.Float](x []T, l *lanes) int  { return 0 }
func scaleFast[T accel.Float](y, x []T, a T) int         { return 0 }
func mulFast[T accel.Float](y, x []T) int                { return 0 }
func addFast[T accel.Float](y, x []T) int                { return 0 }
func siluFast[T accel.Float](y, x []T) int               { return 0 }
func rotateFast[T accel.Float](a, b, cos, sin []T) int   { return 0 }
func maximumFast[T accel.Float](x []T, m *T) int         { return 0 }
func expSumFast[T accel.Float](x []T, m T, l *lanes) int { return 0 }
func divideFast[T accel.Float](x []T, a T) int           { return 0 }
func roundFast[T accel.Float](x []T) int                 { return 0 }
