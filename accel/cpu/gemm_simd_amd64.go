//go:build amd64 && !noasm

package cpu

import (
	"sync"
	"unsafe"

	"golang.org/x/sys/cpu"

	"olmotool/accel"
)

//go:generate go run -C _gen . -part gemm -out ../gemm_amd64.s -stubs ../gemm_amd64.go -pkg cpu

// current returns the kernels in use, those of simd, if they do what they should.
func current[T accel.Float]() *gemmKernel[T] {
	var kn any
	if unsafe.Sizeof(T(0)) == 4 {
		kn = verified32[simd]()
	} else {
		kn = verified64[simd]()
	}
	return kn.(*gemmKernel[T])
}

// Kernels that disagree with plain Go are not used, but the next best.
var (
	verified32 = verified([...]*gemmKernel[float32]{plain: &plain32, avx2: &avx2F32, avx512: &avx512F32})
	verified64 = verified([...]*gemmKernel[float64]{plain: &plain64, avx2: &avx2F64, avx512: &avx512F64})
)

func verified[T accel.Float](kernels [3]*gemmKernel[T]) (use [3]func() *gemmKernel[T]) {
	for l, kn := range kernels {
		use[l] = sync.OnceValue(func() *gemmKernel[T] {
			if l == int(plain) || agrees(kn, kernels[plain]) {
				return kn
			}
			return use[l-1]()
		})
	}
	return use
}

var (
	avx2F32 = gemmKernel[float32]{
		name: "AVX2", rows: 6, fewer: 2, tokens: 16,
		mul:  [2][3]mulFunc[float32]{{mul6x16F32AVX2, mul6x8F32AVX2}, {mul2x16F32AVX2, mul2x8F32AVX2}},
		turn: turnF32AVX2, side: 8, decode: decodeF32,
	}
	avx512F32 = gemmKernel[float32]{
		name: "AVX-512", rows: 12, fewer: 4, tokens: 32,
		mul:  [2][3]mulFunc[float32]{{mul12x32F32AVX512, mul12x16F32AVX512, mul12x8F32AVX512}, {mul4x32F32AVX512, mul4x16F32AVX512, mul4x8F32AVX512}},
		turn: turnF32AVX2, side: 8, decode: decodeF32,
	}
	avx2F64 = gemmKernel[float64]{
		name: "AVX2", rows: 6, fewer: 2, tokens: 8,
		mul:  [2][3]mulFunc[float64]{{mul6x8F64AVX2, mul6x4F64AVX2}, {mul2x8F64AVX2, mul2x4F64AVX2}},
		turn: turnF64AVX2, side: 4, decode: decodeF64,
	}
	avx512F64 = gemmKernel[float64]{
		name: "AVX-512", rows: 12, fewer: 4, tokens: 16,
		mul:  [2][3]mulFunc[float64]{{mul12x16F64AVX512, mul12x8F64AVX512, mul12x4F64AVX512}, {mul4x16F64AVX512, mul4x8F64AVX512, mul4x4F64AVX512}},
		turn: turnF64AVX2, side: 4, decode: decodeF64,
	}

	decodeF32 = [4]func([]float32, []byte) int{accel.F32: copyF32, accel.F64: decodeF64ToF32AVX2, accel.F16: halves(decodeF16ToF32AVX2), accel.BF16: decodeBF16ToF32AVX2}
	decodeF64 = [4]func([]float64, []byte) int{accel.F32: decodeF32ToF64AVX2, accel.F64: copyF64, accel.F16: halves(decodeF16ToF64AVX2), accel.BF16: decodeBF16ToF64AVX2}
)

// halves returns f if the processor converts half-precision values.
func halves[T accel.Float](f func([]T, []byte) int) func([]T, []byte) int {
	if !cpu.X86.HasF16C {
		return nil
	}
	return f
}

func copyF32(dst []float32, src []byte) int { return copy(bytesOf(dst), src) / 4 }
func copyF64(dst []float64, src []byte) int { return copy(bytesOf(dst), src) / 8 }
