package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// broadcastD returns a register of lanes of 32 bits with this value.
func broadcastD(v uint32) VecVirtual {
	r, x, y := GP32(), XMM(), YMM()
	MOVL(operand.U32(v), r)
	VMOVD(r, x)
	VPBROADCASTD(x, y)
	return y
}

// largest stores the largest lane of y, of 32 bits, as the result.
func largest(y VecVirtual) {
	x, z, r := XMM(), XMM(), GP32()
	VEXTRACTI128(operand.U8(1), y, x)
	VPMAXUD(y.AsX(), x, x)
	for _, order := range []uint8{0b01_00_11_10, 0b10_11_00_01} { // halves, then pairs
		VPSHUFD(operand.U8(order), x, z)
		VPMAXUD(z, x, x)
	}
	VMOVD(x, r)
	Store(r, ReturnIndex(0))
}

func widenBF16() {
	TEXT("widenBF16AVX2", NOSPLIT, "func(dst []float64, src []byte) uint32")
	Pragma("noescape")
	Doc("widenBF16AVX2 is",
		"",
		"\tvar most uint32",
		"\tfor i := range dst {",
		"\t\tb := uint32(src[2*i])<<16 | uint32(src[2*i+1])<<24",
		"\t\tmost = max(most, b&0x7fffffff)",
		"\t\tdst[i] = float64(math.Float32frombits(b))",
		"\t}",
		"\treturn most",
		"",
		"for a multiple of 16 elements.")
	dst, n, src, i := Load(Param("dst").Base(), GP64()), Load(Param("dst").Len(), GP64()), Load(Param("src").Base(), GP64()), GP64()
	magnitude, most := broadcastD(math.MaxInt32), YMM()
	VPXOR(most, most, most)
	loop(i, n, func() {
		for k := 0; k < 16; k += 8 {
			low, high := widened(src, i, k, magnitude, most)
			VMOVUPD(low, at(dst, i, 8, k))
			VMOVUPD(high, at(dst, i, 8, k+4))
		}
	})
	largest(most)
	VZEROUPPER()
	RET()
}

func widenMinusBF16() {
	TEXT("widenMinusBF16AVX2", NOSPLIT, "func(dst []float64, src []byte, base []float64) uint32")
	Pragma("noescape")
	Doc("widenMinusBF16AVX2 is widenBF16AVX2, and then",
		"",
		"\tfor i, v := range base {",
		"\t\tdst[i] -= v",
		"\t}")
	dst, n, src, i := Load(Param("dst").Base(), GP64()), Load(Param("dst").Len(), GP64()), Load(Param("src").Base(), GP64()), GP64()
	base := Load(Param("base").Base(), GP64())
	magnitude, most := broadcastD(math.MaxInt32), YMM()
	VPXOR(most, most, most)
	loop(i, n, func() {
		for k := 0; k < 16; k += 8 {
			low, high := widened(src, i, k, magnitude, most)
			VSUBPD(at(base, i, 8, k), low, low)
			VSUBPD(at(base, i, 8, k+4), high, high)
			VMOVUPD(low, at(dst, i, 8, k))
			VMOVUPD(high, at(dst, i, 8, k+4))
		}
	})
	largest(most)
	VZEROUPPER()
	RET()
}

// widened widens eight elements of bfloat16 from number i+k on, and keeps the
// largest magnitude.
func widened(src, i Register, k int, magnitude, most VecVirtual) (low, high VecVirtual) {
	b, size := YMM(), YMM()
	low, high = YMM(), YMM()
	VPMOVZXWD(at(src, i, 2, k), b)
	VPSLLD(operand.U8(16), b, b)
	VPAND(magnitude, b, size)
	VPMAXUD(size, most, most)
	VCVTPS2PD(b.AsX(), low)
	VEXTRACTI128(operand.U8(1), b, b.AsX())
	VCVTPS2PD(b.AsX(), high)
	return low, high
}

func widenF32() {
	TEXT("widenF32AVX2", NOSPLIT, "func(dst []float64, src []float32) uint32")
	Pragma("noescape")
	Doc("widenF32AVX2 is",
		"",
		"\tvar most uint32",
		"\tfor i, v := range src {",
		"\t\tmost = max(most, math.Float32bits(v)&0x7fffffff)",
		"\t\tdst[i] = float64(v)",
		"\t}",
		"\treturn most",
		"",
		"for a multiple of 16 elements.")
	dst, src, n, i := Load(Param("dst").Base(), GP64()), Load(Param("src").Base(), GP64()), Load(Param("src").Len(), GP64()), GP64()
	magnitude, most := broadcastD(math.MaxInt32), YMM()
	VPXOR(most, most, most)
	loop(i, n, func() {
		for k := 0; k < 16; k += 8 {
			size := YMM()
			VPAND(at(src, i, 4, k), magnitude, size)
			VPMAXUD(size, most, most)
		}
		for k := 0; k < 16; k += 4 {
			v := YMM()
			VCVTPS2PD(at(src, i, 4, k), v)
			VMOVUPD(v, at(dst, i, 8, k))
		}
	})
	largest(most)
	VZEROUPPER()
	RET()
}

func roundToOdd() {
	TEXT("roundToOddAVX2", NOSPLIT, "func(dst []float32, src []float64)")
	Pragma("noescape")
	Doc("roundToOddAVX2 is",
		"",
		"\tfor i, v := range src {",
		"\t\tdst[i] = toOdd(v)",
		"\t}",
		"",
		"for a multiple of 16 elements.")
	dst, src, n, i := Load(Param("dst").Base(), GP64()), Load(Param("src").Base(), GP64()), Load(Param("src").Len(), GP64()), GP64()
	magnitude, nan := ones(0, 63), broadcastD(0x7fc00000)
	loop(i, n, func() {
		for k := 0; k < 16; k += 4 {
			v, f, back, differ, size, beyond, not := YMM(), XMM(), YMM(), YMM(), YMM(), YMM(), XMM()
			VMOVUPD(at(src, i, 8, k), v)
			VCVTPD2PSY(v, f)
			VCVTPS2PD(f, back)
			VCMPPD(operand.U8(4), back, v, differ) // not equal
			VPAND(magnitude, v, size)
			VPAND(magnitude, back, back)
			VCMPPD(operand.U8(1), back, size, beyond) // size < back
			VCMPPS(operand.U8(3), f, f, not)          // NaN
			Comment("Where it is no float32: one less if that is beyond it, and the last bit set.")
			less, odd := halves(beyond), halves(differ)
			VPADDD(less, f, f)
			VPSRLD(operand.U8(31), odd, odd)
			VPOR(odd, f, f)
			VBLENDVPS(not, nan.AsX(), f, f)
			VMOVUPS(f, at(dst, i, 4, k))
		}
	})
	VZEROUPPER()
	RET()
}

// halves makes lanes of 32 bits of those of 64, which are all ones or all zeros.
func halves(y VecVirtual) VecVirtual {
	x := XMM()
	VEXTRACTF128(operand.U8(1), y, x)
	VSHUFPS(operand.U8(0b10_00_10_00), x, y.AsX(), x)
	return x
}

func roundBF16() {
	TEXT("roundBF16AVX2", NOSPLIT, "func(dst []byte, src []float64) int")
	Pragma("noescape")
	Doc("roundBF16AVX2 rounds elements to the nearest bfloat16, groups of 16 up to the",
		"first that has one that is not zero and below 2^-126, or not below 2^127. It",
		"returns how many.")
	dst, src, n, i := Load(Param("dst").Base(), GP64()), Load(Param("src").Base(), GP64()), Load(Param("src").Len(), GP64()), GP64()
	magnitude, zero := ones(0, 63), YMM()
	VPXOR(zero, zero, zero)
	// As float64 has them, 45 bits are to be rounded away, and exponents are more.
	const rest = 52 - 7
	half, least, span := broadcastQ(1<<(rest-1)-1), broadcastQ((1023-126)<<52), broadcastQ((127+126)<<52-1)
	exponents := broadcastQ((1023 - 127) << 7)
	order := YMM()
	VPMOVZXBD(bytesOf(0, 4, 1, 5, 2, 6, 3, 7), order)
	XORQ(i, i)
	Label("loop")
	CMPQ(i, n)
	JGE(operand.LabelRef("done"))
	bad := YMM()
	VPXOR(bad, bad, bad)
	var r [4]VecVirtual
	for k := range r {
		v, size, none, from, far := YMM(), YMM(), YMM(), YMM(), YMM()
		VMOVDQU(at(src, i, 8, 4*k), v)
		VPAND(magnitude, v, size)
		VPCMPEQQ(zero, size, none)
		VPSUBQ(least, size, from)
		VPCMPGTQ(span, from, far)
		VPOR(from, far, far)
		VPANDN(far, none, far)
		VPOR(far, bad, bad)
		Comment("To even: what is half way goes up if the last bit is set.")
		r[k] = YMM()
		VPSLLQ(operand.U8(63-rest), size, r[k])
		VPSRLQ(operand.U8(63), r[k], r[k])
		VPADDQ(half, r[k], r[k])
		VPADDQ(size, r[k], r[k])
		VPSRLQ(operand.U8(rest), r[k], r[k])
		VPSUBQ(exponents, r[k], r[k])
		VPANDN(r[k], none, r[k])
		VPANDN(v, magnitude, v)
		VPSRLQ(operand.U8(63-15), v, v)
		VPOR(v, r[k], r[k])
	}
	set := GP32()
	VMOVMSKPD(bad, set)
	TESTL(set, set)
	JNE(operand.LabelRef("done"))
	VPACKUSDW(r[1], r[0], r[0])
	VPACKUSDW(r[3], r[2], r[2])
	VPACKUSDW(r[2], r[0], r[0])
	VPERMD(r[0], order, r[0])
	VMOVDQU(r[0], at(dst, i, 2, 0))
	ADDQ(operand.I8(16), i)
	JMP(operand.LabelRef("loop"))
	Label("done")
	Store(i, ReturnIndex(0))
	VZEROUPPER()
	RET()
}

// broadcastQ returns a register of lanes of 64 bits with this value.
func broadcastQ(v uint64) VecVirtual {
	r, x, y := GP64(), XMM(), YMM()
	MOVQ(operand.U64(v), r)
	VMOVQ(r, x)
	VPBROADCASTQ(x, y)
	return y
}

// bytesOf returns eight bytes of memory.
func bytesOf(b ...byte) operand.Mem {
	m := GLOBL("order", RODATA|NOPTR)
	for i, v := range b {
		DATA(i, operand.U8(v))
	}
	return m
}
