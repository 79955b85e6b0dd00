//go:build amd64 && !noasm

package ggml

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

//go:generate go run -C _gen . -out ../simd_amd64.s -stubs ../simd_amd64.go -pkg ggml

// simd says whether the kernels are used. Tests turn it off.
var simd = cpu.X86.HasAVX2 && cpu.X86.HasFMA && hasF16C()

// group is how many elements the kernels of plain types take at a time.
const group = 16

// The functions below do as much as kernels can of what the twin of the same
// name does, from the beginning, and return the number of elements. What is
// left is the twin's: the elements beyond the last group, or everything.

// groups returns how many of n elements are in groups for the kernels.
func groups(n int) int {
	if !simd {
		return 0
	}
	return n &^ (group - 1)
}

func decodeF32Fast(dst []float32, src []byte) int {
	n := groups(min(len(dst), len(src)/4))
	copy(bytesOf(dst[:n]), src)
	return n
}

func encodeF32Fast(dst []byte, src []float32) int {
	n := groups(min(len(src), len(dst)/4))
	copy(dst, bytesOf(src[:n]))
	return n
}

// bytesOf returns the memory of x, which on this machine is little-endian.
func bytesOf(x []float32) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(x))), 4*len(x))
}

func decodeBF16Fast(dst []float32, src []byte) int {
	n := groups(min(len(dst), len(src)/2))
	decodeBF16AVX2(dst[:n], src)
	return n
}

func encodeBF16Fast(dst []byte, src []float32) int {
	n := groups(min(len(src), len(dst)/2))
	encodeBF16AVX2(dst, src[:n])
	return n
}

func decodeF16Fast(dst []float32, src []byte) int {
	n := groups(min(len(dst), len(src)/2))
	for i := 0; i < n; i += group {
		if i += decodeF16AVX2(dst[i:n], src[2*i:]); i == n {
			break
		}
		decodeF16(dst[i:i+group], src[2*i:])
	}
	return n
}

func encodeF16Fast(dst []byte, src []float32) int {
	n := groups(min(len(src), len(dst)/2))
	encodeF16AVX2(dst, src[:n])
	return n
}

func keptFast(dst []byte, src []float32, infinite uint16) int {
	n := groups(min(len(src), len(dst)/2))
	return keptAVX2(dst, src[:n], infinite)
}

func decodeQ8_0Fast(dst []float32, src []byte) int {
	n := groups(min(len(dst)/q8Elems, len(src)/q8Bytes) * q8Elems)
	decodeQ8_0AVX2(dst[:n], src)
	return n
}

func encodeQ8_0Fast(dst []byte, src []float32) int {
	n := groups(min(len(src)/q8Elems, len(dst)/q8Bytes) * q8Elems)
	for i := 0; i < n; i += q8Elems {
		if i += encodeQ8_0AVX2(dst[i/q8Elems*q8Bytes:], src[i:n]); i == n {
			break
		}
		encodeQ8_0(dst[i/q8Elems*q8Bytes:], src[i:i+q8Elems])
	}
	return n
}
