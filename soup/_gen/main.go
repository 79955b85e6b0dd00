// The generator of the kernels in simd_amd64.s: AVX2 code for the loops of
// package soup over blocks of elements. It is a module of its own, so that users
// of olmotool see nothing of avo.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

func main() {
	ConstraintExpr("amd64,!noasm")
	accumulate()
	divide(true)
	divide(false)
	widenBF16()
	widenF32()
	widenMinusBF16()
	roundToOdd()
	roundBF16()
	Generate()
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

// ones returns a register of lanes in which the bits [from, to) of 64 are set.
func ones(from, to uint8) VecVirtual {
	y := YMM()
	VPCMPEQD(y, y, y)
	VPSRLQ(operand.U8(64-to+from), y, y)
	if from > 0 {
		VPSLLQ(operand.U8(from), y, y)
	}
	return y
}

func accumulate() {
	TEXT("accumulateAVX2", NOSPLIT, "func(sums []float64, x []float32, w float64, seen *[16]uint32)")
	Pragma("noescape")
	Doc("accumulateAVX2 is",
		"",
		"\tfor i, v := range x {",
		"\t\tb := math.Float32bits(v) & 0x7fffffff",
		"\t\tseen[i%8] = max(seen[i%8], b)",
		"\t\tseen[8+i%8] = max(seen[8+i%8], -b)",
		"\t\tsums[i] += float64(w * float64(v))",
		"\t}",
		"",
		"for a multiple of 16 elements.")
	sums, x, n, i := Load(Param("sums").Base(), GP64()), Load(Param("x").Base(), GP64()), Load(Param("x").Len(), GP64()), GP64()
	seen := Load(Param("seen"), GP64())
	w, magnitude, zero, largest, smallest := YMM(), YMM(), YMM(), YMM(), YMM()
	wm, err := Param("w").Resolve()
	if err != nil {
		panic(err)
	}
	VBROADCASTSD(wm.Addr, w)
	VPCMPEQD(magnitude, magnitude, magnitude)
	VPSRLD(operand.U8(1), magnitude, magnitude)
	VPXOR(zero, zero, zero)
	VMOVDQU(operand.Mem{Base: seen}, largest)
	VMOVDQU(operand.Mem{Base: seen, Disp: 32}, smallest)
	loop(i, n, func() {
		for k := 0; k < 16; k += 8 {
			b, less := YMM(), YMM()
			VPAND(at(x, i, 4, k), magnitude, b)
			VPMAXUD(b, largest, largest)
			VPSUBD(b, zero, less)
			VPMAXUD(less, smallest, smallest)
		}
		for k := 0; k < 16; k += 4 {
			v := YMM()
			VCVTPS2PD(at(x, i, 4, k), v)
			VMULPD(w, v, v)
			VADDPD(at(sums, i, 8, k), v, v)
			VMOVUPD(v, at(sums, i, 8, k))
		}
	})
	VMOVDQU(largest, operand.Mem{Base: seen})
	VMOVDQU(smallest, operand.Mem{Base: seen, Disp: 32})
	VZEROUPPER()
	RET()
}

func divide(odd bool) {
	name, line := "divideNearestAVX2", "\t\tdst[i] = float32(s / d)"
	if odd {
		name, line = "divideAVX2", "\t\tdst[i] = toOdd(s / d)"
	}
	TEXT(name, NOSPLIT, "func(dst []float32, sums []float64, d float64)")
	Pragma("noescape")
	Doc(name+" is",
		"",
		"\tfor i, s := range sums {",
		line,
		"\t}",
		"",
		"for a multiple of 16 elements.")
	dst, sums, n, i := Load(Param("dst").Base(), GP64()), Load(Param("sums").Base(), GP64()), Load(Param("sums").Len(), GP64()), GP64()
	dm, err := Param("d").Resolve()
	if err != nil {
		panic(err)
	}
	d := YMM()
	VBROADCASTSD(dm.Addr, d)
	var rest, last VecVirtual
	if odd {
		rest, last = ones(0, 29), ones(29, 30)
	}
	loop(i, n, func() {
		for k := 0; k < 16; k += 4 {
			q, f := YMM(), XMM()
			VMOVUPD(at(sums, i, 8, k), q)
			VDIVPD(d, q, q)
			if odd {
				Comment("What is beyond a float32 goes, and leaves its last bit set if it was not zero.")
				t := YMM()
				VPAND(rest, q, t)
				VPADDQ(rest, t, t)
				VPAND(last, t, t)
				VPANDN(q, rest, q)
				VPOR(t, q, q)
			}
			VCVTPD2PSY(q, f)
			VMOVUPS(f, at(dst, i, 4, k))
		}
	})
	VZEROUPPER()
	RET()
}
