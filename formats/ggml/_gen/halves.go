package main

import (
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

func decodeBF16() {
	TEXT("decodeBF16AVX2", NOSPLIT, "func(dst []float32, src []byte)")
	Pragma("noescape")
	Doc("decodeBF16AVX2 is",
		"",
		"\tfor i := range dst {",
		"\t\tdst[i] = math.Float32frombits(uint32(binary.LittleEndian.Uint16(src[2*i:])) << 16)",
		"\t}",
		"",
		"for a multiple of 16 elements.")
	dst, n, src, i := Load(Param("dst").Base(), GP64()), Load(Param("dst").Len(), GP64()), Load(Param("src").Base(), GP64()), GP64()
	loop(i, n, func() {
		for k := 0; k < 16; k += 8 {
			x := YMM()
			VPMOVZXWD(at(src, i, 2, k), x)
			VPSLLD(operand.U8(16), x, x)
			VMOVDQU(x, at(dst, i, 4, k))
		}
	})
	VZEROUPPER()
	RET()
}

func encodeBF16() {
	TEXT("encodeBF16AVX2", NOSPLIT, "func(dst []byte, src []float32)")
	Pragma("noescape")
	Doc("encodeBF16AVX2 is",
		"",
		"\tfor i, x := range src {",
		"\t\tbinary.LittleEndian.PutUint16(dst[2*i:], uint16(bf16(math.Float32bits(x))>>16))",
		"\t}",
		"",
		"for a multiple of 16 elements.")
	dst, src, n, i := Load(Param("dst").Base(), GP64()), Load(Param("src").Base(), GP64()), Load(Param("src").Len(), GP64()), GP64()
	absBits, infBits := all("absBits", 0x7fffffff), all("infBits", 0x7f800000)
	quiet, below, one := all("quietBit", 0x400000), all("belowHalf", 0x7fff), all("one", 1)
	loop(i, n, func() {
		var r [2]VecVirtual
		for k := range r {
			x, nan, t := YMM(), YMM(), YMM()
			VMOVDQU(at(src, i, 4, 8*k), x)
			VPAND(absBits, x, nan)
			VPCMPGTD(infBits, nan, nan)
			Comment("Rounded to nearest even: b + 0x7fff + b>>16&1.")
			VPSRLD(operand.U8(16), x, t)
			VPAND(one, t, t)
			VPADDD(below, t, t)
			VPADDD(x, t, t)
			Comment("NaN: b | 0x400000.")
			VPOR(quiet, x, x)
			VPBLENDVB(nan, x, t, t)
			VPSRLD(operand.U8(16), t, t)
			r[k] = t
		}
		pack16(r[0], r[1])
		VMOVDQU(r[0], at(dst, i, 2, 0))
	})
	VZEROUPPER()
	RET()
}

// pack16 makes of the 32-bit lanes of a and b, below 1<<16, the 16-bit lanes of
// a. Packing works on halves of registers, which VPERMQ puts in order.
func pack16(a, b VecVirtual) {
	VPACKUSDW(b, a, a)
	VPERMQ(operand.U8(0b11_01_10_00), a, a)
}

func decodeF16() {
	TEXT("decodeF16AVX2", NOSPLIT, "func(dst []float32, src []byte) int")
	Pragma("noescape")
	Doc("decodeF16AVX2 is",
		"",
		"\tfor i := range dst {",
		"\t\tdst[i] = F16ToF32(binary.LittleEndian.Uint16(src[2*i:]))",
		"\t}",
		"",
		"for a multiple of 16 elements. It stops before the first 16 with a NaN, which",
		"the instruction would make quiet, and returns how many elements it has done.")
	dst, n, src, i := Load(Param("dst").Base(), GP64()), Load(Param("dst").Len(), GP64()), Load(Param("src").Base(), GP64()), GP64()
	absBits, infBits := all16("absBits16", 0x7fff), all16("infBits16", 0x7c00)
	loop(i, n, func() {
		h, t := YMM(), YMM()
		VMOVDQU(at(src, i, 2, 0), h)
		VPAND(absBits, h, t)
		VPCMPGTW(infBits, t, t)
		VPTEST(t, t)
		JNZ(operand.LabelRef("done"))
		for k := 0; k < 16; k += 8 {
			x := YMM()
			VCVTPH2PS(at(src, i, 2, k), x)
			VMOVUPS(x, at(dst, i, 4, k))
		}
	})
	Store(i, ReturnIndex(0))
	VZEROUPPER()
	RET()
}

func encodeF16() {
	TEXT("encodeF16AVX2", NOSPLIT, "func(dst []byte, src []float32)")
	Pragma("noescape")
	Doc("encodeF16AVX2 is",
		"",
		"\tfor i, x := range src {",
		"\t\tbinary.LittleEndian.PutUint16(dst[2*i:], F32ToF16(x))",
		"\t}",
		"",
		"for a multiple of 16 elements.")
	dst, src, n, i := Load(Param("dst").Base(), GP64()), Load(Param("src").Base(), GP64()), Load(Param("src").Len(), GP64()), GP64()
	loop(i, n, func() {
		for k := 0; k < 16; k += 8 {
			x := YMM()
			VMOVUPS(at(src, i, 4, k), x)
			Comment("0 is to nearest even, whatever MXCSR says.")
			VCVTPS2PH(operand.U8(0), x, at(dst, i, 2, k))
		}
	})
	VZEROUPPER()
	RET()
}

func keptHalves() {
	TEXT("keptAVX2", NOSPLIT, "func(dst []byte, src []float32, infinite uint16) int")
	Pragma("noescape")
	Doc("keptAVX2 is",
		"",
		"\tfor i, x := range src {",
		"\t\th := binary.LittleEndian.Uint16(dst[2*i:]) & 0x7fff",
		"\t\tif h >= infinite || h == 0 && x != 0 {",
		"\t\t\treturn i &^ 15",
		"\t\t}",
		"\t}",
		"\treturn len(src)",
		"",
		"for a multiple of 16 elements.")
	dst, src, n, i := Load(Param("dst").Base(), GP64()), Load(Param("src").Base(), GP64()), Load(Param("src").Len(), GP64()), GP64()
	largest := YMM()
	{
		v, x := GP32(), XMM()
		Load(Param("infinite"), v)
		DECL(v)
		VMOVD(v, x)
		VPBROADCASTW(x, largest)
	}
	absBits, zero := all16("absBits16", 0x7fff), YMM()
	VPXOR(zero, zero, zero)
	loop(i, n, func() {
		h, over, a, b := YMM(), YMM(), YMM(), YMM()
		VMOVDQU(at(dst, i, 2, 0), h)
		VPAND(absBits, h, h)
		VPCMPGTW(largest, h, over)
		VPCMPEQW(zero, h, h)
		Comment("Zeros of src, without their signs, as 16-bit masks.")
		VMOVDQU(at(src, i, 4, 0), a)
		VMOVDQU(at(src, i, 4, 8), b)
		VPSLLD(operand.U8(1), a, a)
		VPSLLD(operand.U8(1), b, b)
		VPCMPEQD(zero, a, a)
		VPCMPEQD(zero, b, b)
		VPACKSSDW(b, a, a)
		VPERMQ(operand.U8(0b11_01_10_00), a, a)
		VPANDN(h, a, a)
		VPOR(over, a, a)
		VPTEST(a, a)
		JNZ(operand.LabelRef("done"))
	})
	Store(i, ReturnIndex(0))
	VZEROUPPER()
	RET()
}
