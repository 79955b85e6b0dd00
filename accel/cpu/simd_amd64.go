//go:build amd64 && !noasm

package cpu

import "golang.org/x/sys/cpu"

//go:generate go run -C _gen . -part ops -out ../ops_amd64.s -stubs ../ops_amd64.go -pkg cpu

// level is a set of kernels.
type level uint8

const (
	plain  level = iota // none: the definitions in Go
	avx2                // AVX2 and FMA
	avx512              // AVX-512 F, DQ, BW and VL
)

// simd is the kernels in use: the best that the processor has. Tests change it.
var simd = best()

func best() level {
	switch x := &cpu.X86; {
	case x.HasAVX512F && x.HasAVX512DQ && x.HasAVX512BW && x.HasAVX512VL:
		return avx512
	case x.HasAVX2 && x.HasFMA:
		return avx2
	}
	return plain
}
