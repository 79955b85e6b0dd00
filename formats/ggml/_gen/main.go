// The generator of the kernels in simd_amd64.s: AVX2 and F16C code for what
// package ggml does in plain Go. It is a module of its own, so that users of
// olmotool see nothing of avo.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

func main() {
	ConstraintExpr("amd64,!noasm")
	cpuid()
	decodeBF16()
	encodeBF16()
	decodeF16()
	encodeF16()
	keptHalves()
	decodeQ8_0()
	encodeQ8_0()
	Generate()
}

// constants are those that are in the file already: kernels share them.
var constants = map[string]operand.Mem{}

func constant(name string, c operand.Constant) operand.Mem {
	if _, ok := constants[name]; !ok {
		constants[name] = ConstData(name, c)
	}
	return constants[name]
}

// all returns a register with x in each of its 32-bit lanes.
func all(name string, x uint32) VecVirtual {
	y := YMM()
	VPBROADCASTD(constant(name, operand.U32(x)), y)
	return y
}

// all16 returns a register with x in each of its 16-bit lanes.
func all16(name string, x uint16) VecVirtual {
	y := YMM()
	VPBROADCASTW(constant(name, operand.U16(x)), y)
	return y
}

// at is element i, of size bytes, of the array at base, plus so many elements.
func at(base, i Register, size uint8, elems int) operand.Mem {
	return operand.Mem{Base: base, Index: i, Scale: size, Disp: elems * int(size)}
}

// loop runs body with i = 0, 16, 32, …, n−16. n is a multiple of 16.
func loop(i, n Register, body func()) {
	XORQ(i, i)
	Label("loop")
	CMPQ(i, n)
	JGE(operand.LabelRef("done"))
	body()
	ADDQ(operand.I8(16), i)
	JMP(operand.LabelRef("loop"))
	Label("done")
}

func cpuid() {
	TEXT("hasF16C", NOSPLIT, "func() bool")
	Doc("hasF16C reports whether the processor converts half-precision values:",
		"bit 29 of ECX of leaf 1 of CPUID.")
	MOVL(operand.U32(1), EAX)
	XORL(ECX, ECX)
	CPUID()
	SHRL(operand.U8(29), ECX)
	ANDL(operand.U32(1), ECX)
	Store(ECX.As8(), ReturnIndex(0))
	RET()
}
