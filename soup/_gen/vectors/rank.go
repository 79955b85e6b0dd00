package main

import (
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// Magnitudes are compared as integers, which have no sign.

// keys returns a register of lanes with all bits but that of the sign.
func keys() VecVirtual {
	y := YMM()
	VPCMPEQD(y, y, y)
	VPSRLQ(operand.U8(1), y, y)
	return y
}

func broadcastQ(param string) VecVirtual {
	p, err := Param(param).Resolve()
	if err != nil {
		panic(err)
	}
	y := YMM()
	VPBROADCASTQ(p.Addr, y)
	return y
}

func atLeast() {
	function("atLeastAVX2", "(x []float64, below int64)",
		"if int64(key(v)) <= below {",
		"\tx[i] = 0",
		"}")
	x, below, magnitude := base("x"), broadcastQ("below"), keys()
	loop(Load(Param("x").Len(), GP64()), func(i Register, k int) {
		v, size := YMM(), YMM()
		VMOVUPD(at(x, i, k), v)
		VPAND(magnitude, v, size)
		VPCMPGTQ(below, size, size)
		VPAND(size, v, v)
		VMOVUPD(v, at(x, i, k))
	})
	VZEROUPPER()
	RET()
}

func within() {
	table := GLOBL("packLanes", RODATA|NOPTR)
	for set := range 16 {
		n := 0
		for lane := range 4 {
			if set>>lane&1 == 1 {
				for half := range 2 {
					DATA(set*32+n*8+half*4, operand.U32(2*lane+half))
				}
				n++
			}
		}
		for ; n < 4; n++ {
			DATA(set*32+n*8, operand.U64(0))
		}
	}
	function("withinAVX2", "(keys []uint64, x []float64, below, high int64) (inside, above int)",
		"switch k := int64(key(v)); {",
		"case k > high:",
		"\tabove++",
		"case k > below:",
		"\tkeys[inside] = uint64(k)",
		"\tinside++",
		"}")
	to, x := base("keys"), base("x")
	first, packs := GP64(), GP64()
	MOVQ(to, first)
	LEAQ(table, packs)
	below, high, magnitude, above := broadcastQ("below"), broadcastQ("high"), keys(), YMM()
	VPXOR(above, above, above)
	loop(Load(Param("x").Len(), GP64()), func(i Register, k int) {
		v, more, in, order := YMM(), YMM(), YMM(), YMM()
		set, count := GP64(), GP64()
		VPAND(at(x, i, k), magnitude, v)
		VPCMPGTQ(high, v, more)
		VPSUBQ(more, above, above)
		VPCMPGTQ(below, v, in)
		VPANDN(in, more, in)
		VMOVMSKPD(in, set.As32())
		Comment("The lanes inside to the front, and all of them stored: what follows overwrites the others.")
		POPCNTQ(set, count)
		SHLQ(operand.U8(5), set)
		VMOVDQU(operand.Mem{Base: packs, Index: set, Scale: 1}, order)
		VPERMD(v, order, v)
		VMOVDQU(v, operand.Mem{Base: to})
		LEAQ(operand.Mem{Base: to, Index: count, Scale: 8}, to)
	})
	SUBQ(first, to)
	SHRQ(operand.U8(3), to)
	Store(to.(GPVirtual), Return("inside"))
	x0, x1, sum := XMM(), XMM(), GP64()
	VEXTRACTI128(operand.U8(1), above, x0)
	VPADDQ(above.AsX(), x0, x0)
	VPSHUFD(operand.U8(0b01_00_11_10), x0, x1)
	VPADDQ(x1, x0, x0)
	VMOVQ(x0, sum)
	Store(sum, Return("above"))
	VZEROUPPER()
	RET()
}
