package main

import (
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// A Q8_0 block.
const q8Elems, q8Bytes = 32, 34

func decodeQ8_0() {
	TEXT("decodeQ8_0AVX2", NOSPLIT, "func(dst []float32, src []byte)")
	Pragma("noescape")
	Doc("decodeQ8_0AVX2 is",
		"",
		"\tfor ; len(dst) > 0; dst, src = dst[32:], src[34:] {",
		"\t\td := F16ToF32(binary.LittleEndian.Uint16(src))",
		"\t\tfor i := range 32 {",
		"\t\t\tdst[i] = float32(int8(src[2+i])) * d",
		"\t\t}",
		"\t}",
		"",
		"for whole blocks.")
	dst, n, src := Load(Param("dst").Base(), GP64()), Load(Param("dst").Len(), GP64()), Load(Param("src").Base(), GP64())
	Label("loop")
	SUBQ(operand.I8(q8Elems), n)
	JLT(operand.LabelRef("done"))
	scale, x, d := GP32(), XMM(), YMM()
	MOVWLZX(operand.Mem{Base: src}, scale)
	VMOVD(scale, x)
	VCVTPH2PS(x, x)
	VBROADCASTSS(x, d)
	for k := 0; k < q8Elems; k += 8 {
		q := YMM()
		VPMOVSXBD(operand.Mem{Base: src, Disp: 2 + k}, q)
		VCVTDQ2PS(q, q)
		VMULPS(d, q, q)
		VMOVUPS(q, operand.Mem{Base: dst, Disp: 4 * k})
	}
	ADDQ(operand.I32(4*q8Elems), dst)
	ADDQ(operand.I8(q8Bytes), src)
	JMP(operand.LabelRef("loop"))
	Label("done")
	VZEROUPPER()
	RET()
}

func encodeQ8_0() {
	TEXT("encodeQ8_0AVX2", NOSPLIT, "func(dst []byte, src []float32) int")
	Pragma("noescape")
	Doc("encodeQ8_0AVX2 is",
		"",
		"\tfor i := 0; i < len(src); i += 32 {",
		"\t\tx, out := (*[32]float32)(src[i:]), (*[34]byte)(dst[i/32*34:])",
		"\t\tamax := maxMagnitude(x)",
		"\t\tif amax >= infBits {",
		"\t\t\treturn i",
		"\t\t}",
		"\t\td := math.Float32frombits(amax) / 127",
		"\t\tid := 1 / d",
		"\t\tif id > math.MaxFloat32 {",
		"\t\t\tclear(out[:])",
		"\t\t\tcontinue",
		"\t\t}",
		"\t\tbinary.LittleEndian.PutUint16(out[:], F32ToF16(d))",
		"\t\tfor j, v := range x {",
		"\t\t\tout[2+j] = roundHalfAway(float32(v * id))",
		"\t\t}",
		"\t}",
		"\treturn len(src)",
		"",
		"for whole blocks.")
	dst, src, n, i := Load(Param("dst").Base(), GP64()), Load(Param("src").Base(), GP64()), Load(Param("src").Len(), GP64()), GP64()
	absBits, order := all("absBits", 0x7fffffff), YMM()
	VMOVDQU(packOrder(), order)
	sign, below := all("signBit", 1<<31), all("belowOneHalf", 0x3effffff) // 0.5 − 2^−25
	div, one, zero := XMM(), XMM(), YMM()
	VMOVSS(ConstData("scale127", operand.F32(127)), div)
	VMOVSS(ConstData("oneFloat", operand.F32(1)), one)
	VPXOR(zero, zero, zero)

	XORQ(i, i)
	Label("loop")
	CMPQ(i, n)
	JGE(operand.LabelRef("done"))
	var x [4]VecVirtual
	m := YMM()
	for k := range x {
		x[k] = YMM()
		VMOVUPS(at(src, i, 4, 8*k), x[k])
		if k == 0 {
			VPAND(absBits, x[k], m)
			continue
		}
		a := YMM()
		VPAND(absBits, x[k], a)
		VPMAXSD(a, m, m)
	}
	Comment("The largest of the eight lanes: magnitudes are ordered as integers.")
	h, l, amax := XMM(), m.AsX(), GP32()
	VEXTRACTI128(operand.U8(1), m, h)
	VPMAXSD(h, l, l)
	VPSHUFD(operand.U8(0b01_00_11_10), l, h)
	VPMAXSD(h, l, l)
	VPSHUFD(operand.U8(0b10_11_00_01), l, h)
	VPMAXSD(h, l, l)
	VMOVD(l, amax)
	Comment("Infinite or NaN.")
	CMPL(amax, operand.U32(0x7f800000))
	JGE(operand.LabelRef("done"))

	Comment("Division rounds as the twin's; an infinite 1/d is a block of zeros.")
	d, id, t := XMM(), XMM(), GP32()
	VDIVSS(div, l, d)
	VDIVSS(d, one, id)
	VMOVD(id, t)
	CMPL(t, operand.U32(0x7f800000))
	JGE(operand.LabelRef("zero"))
	VCVTPS2PH(operand.U8(0), d, d)
	VPEXTRW(operand.U8(0), d, operand.Mem{Base: dst})
	id8 := YMM()
	VBROADCASTSS(id, id8)
	Comment("Half away from zero: cut off v + copysign(0.5 − 2^−25, v).")
	for _, x := range x {
		VMULPS(id8, x, x)
		half := YMM()
		VPAND(sign, x, half)
		VPOR(below, half, half)
		VADDPS(half, x, x)
		VCVTTPS2DQ(x, x)
	}
	VPACKSSDW(x[1], x[0], x[0])
	VPACKSSDW(x[3], x[2], x[2])
	VPACKSSWB(x[2], x[0], x[0])
	VPERMD(x[0], order, x[0])
	VMOVDQU(x[0], operand.Mem{Base: dst, Disp: 2})
	Label("next")
	ADDQ(operand.I8(q8Bytes), dst)
	ADDQ(operand.I8(q8Elems), i)
	JMP(operand.LabelRef("loop"))

	Label("zero")
	VMOVDQU(zero, operand.Mem{Base: dst})
	MOVW(operand.U16(0), operand.Mem{Base: dst, Disp: q8Elems})
	JMP(operand.LabelRef("next"))

	Label("done")
	Store(i, ReturnIndex(0))
	VZEROUPPER()
	RET()
}

// packOrder is the order in which groups of four bytes come out of the packing
// of four registers, which works on their halves.
func packOrder() operand.Mem {
	m := GLOBL("packOrder", RODATA|NOPTR)
	for i, k := range []uint32{0, 4, 1, 5, 2, 6, 3, 7} {
		DATA(4*i, operand.U32(k))
	}
	return m
}
