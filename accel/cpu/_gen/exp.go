package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// The constants of package cpu's exp32.
const (
	expLeast, expMost                 = -104, 89
	toInteger                         = 0x1.8p23
	log2e                             = 0x1.715476p+0
	ln2High, ln2Low                   = 0x1.62e43p-1, -0x1.05c61p-29
	expC2, expC3, expC4, expC5, expC6 = 0x1.fffffcp-2, 0x1.555492p-3, 0x1.5558b4p-5, 0x1.12399ap-7, 0x1.6a48cap-10
)

// all returns memory with x in each lane of a register of any width.
func all(name string, x uint32) operand.Mem {
	if _, ok := constants[name]; !ok {
		constants[name] = GLOBL(name, NOPTR|RODATA)
		for k := range 8 {
			DATA(8*k, operand.U64(uint64(x)<<32|uint64(x)))
		}
	}
	return constants[name]
}

func allF32(name string, x float32) operand.Mem { return all(name, math.Float32bits(x)) }

// limits are the least and the largest argument of exp, in registers, because
// the instruction returns its second number if one is NaN, and only that can be
// in memory.
type limits struct{ least, most VecVirtual }

func expLimits(m machine) limits {
	return limits{load(m, allF32("expLeast", expLeast)), load(m, allF32("expMost", expMost))}
}

// exp makes eˣ of x.
func exp(m machine, l limits, x VecVirtual) VecVirtual {
	VMAXPS(x, l.least, x)
	VMINPS(x, l.most, x)
	Comment("t = x·log₂e, an integer in its last bits; n is t as a number.")
	t := load(m, allF32("toInteger", toInteger))
	VFMADD231PS(allF32("log2e", log2e), x, t)
	n := m.vec()
	VSUBPS(allF32("toInteger", toInteger), t, n)
	Comment("x is now r.")
	VFNMADD231PS(allF32("ln2High", ln2High), n, x)
	VFNMADD231PS(allF32("ln2Low", ln2Low), n, x)
	p := load(m, allF32("expC6", expC6))
	VFMADD213PS(allF32("expC5", expC5), x, p)
	VFMADD213PS(allF32("expC4", expC4), x, p)
	VFMADD213PS(allF32("expC3", expC3), x, p)
	VFMADD213PS(allF32("expC2", expC2), x, p)
	VFMADD213PS(allF32("one", 1), x, p)
	VFMADD213PS(allF32("one", 1), x, p)
	Comment("2ⁿ in two factors.")
	VPSUBD(allF32("toInteger", toInteger), t, t)
	half := m.vec()
	VPSRAD(operand.U8(1), t, half)
	VPSUBD(half, t, t)
	for _, n := range []VecVirtual{half, t} {
		VPADDD(all("bias", 127), n, n)
		VPSLLD(operand.U8(23), n, n)
		VMULPS(n, p, p)
	}
	return p
}

func silu(m machine) {
	kernel(m, "silu", "y, x []float32", "for i, v := range x {", "\ty[i] = v / (1 + exp32(-v))", "}")
	y, x, n, l, zero := slice("y"), slice("x"), length("x"), expLimits(m), m.vec()
	f32.zero(m, zero)
	groups(n, func(i Register) {
		each(m, func(k int) {
			v, negative := load(m, at(x, i, 4, k)), m.vec()
			VSUBPS(v, zero, negative)
			e := exp(m, l, negative)
			VADDPS(allF32("one", 1), e, e)
			VDIVPS(e, v, v)
			VMOVUPS(v, at(y, i, 4, k))
		})
	})
	end()
}

func expSum(m machine) {
	kernel(m, "expSum", "x []float32, a float32, l *[16]float64",
		"for i, v := range x {",
		"\tx[i] = exp32(v - a)",
		"\tl[i%16] += float64(x[i])",
		"}")
	x, n, a, l := slice("x"), length("x"), spread(m, "a"), Load(Param("l"), GP64())
	acc, lim := loadLanes(m, l), expLimits(m)
	groups(n, func(i Register) {
		each(m, func(k int) {
			v := load(m, at(x, i, 4, k))
			VSUBPS(a, v, v)
			e := exp(m, lim, v)
			VMOVUPS(e, at(x, i, 4, k))
			low, high := m.vec(), m.vec()
			if m.bytes == 64 {
				h := YMM()
				VEXTRACTF64X4(operand.U8(1), e, h)
				VCVTPS2PD(h, high)
				VCVTPS2PD(e.AsY(), low)
			} else {
				h := XMM()
				VEXTRACTF128(operand.U8(1), e, h)
				VCVTPS2PD(h, high)
				VCVTPS2PD(e.AsX(), low)
			}
			first := 8 * k / m.bytes
			VADDPD(low, acc[first], acc[first])
			VADDPD(high, acc[first+1], acc[first+1])
		})
	})
	storeLanes(m, acc, l)
	end()
}
