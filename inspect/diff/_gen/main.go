// The generator of the kernels in simd_amd64.s: AVX2 code for the loops of
// package diff over elements that differ. It is a module of its own, so that users
// of olmotool see nothing of avo.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

func main() {
	ConstraintExpr("amd64,!noasm")
	moments()
	distances()
	Generate()
}

func moments() {
	TEXT("momentsAVX2", NOSPLIT, "func(m *[6][4]float64, x []float32, y []float32)")
	Pragma("noescape")
	Doc("momentsAVX2 is moments.add, but for the largest of values that are no numbers,",
		"for a multiple of 4 elements.")
	m, x, n, y, i := Load(Param("m"), GP64()), Load(Param("x").Base(), GP64()), Load(Param("x").Len(), GP64()), Load(Param("y").Base(), GP64()), GP64()
	var s [6]VecVirtual
	for k := range s {
		s[k] = YMM()
		VMOVUPD(operand.Mem{Base: m, Disp: 32 * k}, s[k])
	}
	magnitude := YMM()
	VPCMPEQQ(magnitude, magnitude, magnitude)
	VPSRLQ(operand.U8(1), magnitude, magnitude)
	XORQ(i, i)
	Label("loop")
	CMPQ(i, n)
	JGE(operand.LabelRef("done"))
	a, b, d, t := YMM(), YMM(), YMM(), YMM()
	VCVTPS2PD(operand.Mem{Base: x, Index: i, Scale: 4}, a)
	VCVTPS2PD(operand.Mem{Base: y, Index: i, Scale: 4}, b)
	VSUBPD(a, b, d)
	for k, p := range [][2]VecVirtual{{a, a}, {b, b}, {a, b}, {d, d}} {
		VMULPD(p[0], p[1], t)
		VADDPD(t, s[k], s[k])
	}
	VANDPD(magnitude, d, d)
	VADDPD(d, s[4], s[4])
	VMAXPD(d, s[5], s[5])
	ADDQ(operand.I8(4), i)
	JMP(operand.LabelRef("loop"))
	Label("done")
	for k := range s {
		VMOVUPD(s[k], operand.Mem{Base: m, Disp: 32 * k})
	}
	VZEROUPPER()
	RET()
}

func distances() {
	TEXT("distancesAVX2", NOSPLIT, "func(h *[18][16]uint16, a []byte, b []byte, infinite uint16)")
	Pragma("noescape")
	Doc("distancesAVX2 adds pairs of 16-bit floats, a multiple of 16 of them, to h: row 0",
		"counts those at no distance, row k from 1 to 15 those at 2^k or more, and row 17",
		"those of the same bits; row 16 is not zero if there is a NaN. Each count is of",
		"16 lanes.")
	h, a, n, b, i := Load(Param("h"), GP64()), Load(Param("a").Base(), GP64()), Load(Param("a").Len(), GP64()), Load(Param("b").Base(), GP64()), GP64()
	inf, err := Param("infinite").Resolve()
	if err != nil {
		panic(err)
	}
	row := func(k int) operand.Mem { return operand.Mem{Base: h, Disp: 32 * k} }
	infinite, magnitude, zero, nan, none, same := YMM(), YMM(), YMM(), YMM(), YMM(), YMM()
	VPBROADCASTW(inf.Addr, infinite)
	VPCMPEQW(magnitude, magnitude, magnitude)
	VPSRLW(operand.U8(1), magnitude, magnitude)
	VPXOR(zero, zero, zero)
	VMOVDQU(row(16), nan)
	VMOVDQU(row(0), none)
	VMOVDQU(row(17), same)
	XORQ(i, i)
	Label("loop")
	CMPQ(i, n)
	JGE(operand.LabelRef("done"))
	u, v := YMM(), YMM()
	VMOVDQU(operand.Mem{Base: a, Index: i, Scale: 1}, u)
	VMOVDQU(operand.Mem{Base: b, Index: i, Scale: 1}, v)
	t := YMM()
	VPCMPEQW(u, v, t)
	VPSUBW(t, same, same)
	for _, x := range []VecVirtual{u, v} {
		Comment("Sign and magnitude become a number.")
		sign := YMM()
		VPSRAW(operand.U8(15), x, sign)
		VPAND(magnitude, x, x)
		VPCMPGTW(infinite, x, t)
		VPOR(t, nan, nan)
		VPXOR(sign, x, x)
		VPSUBW(sign, x, x)
	}
	VPMAXSW(u, v, t)
	VPMINSW(u, v, u)
	VPSUBW(u, t, u)
	VPCMPEQW(zero, u, t)
	VPSUBW(t, none, none)
	for k := 1; k < 16; k++ {
		VPSRLW(operand.U8(1), u, u)
		VPTEST(u, u)
		JZ(operand.LabelRef("next"))
		VPCMPGTW(zero, u, t)
		c := YMM()
		VMOVDQU(row(k), c)
		VPSUBW(t, c, c)
		VMOVDQU(c, row(k))
	}
	Label("next")
	ADDQ(operand.I8(32), i)
	JMP(operand.LabelRef("loop"))
	Label("done")
	VMOVDQU(nan, row(16))
	VMOVDQU(none, row(0))
	VMOVDQU(same, row(17))
	VZEROUPPER()
	RET()
}
