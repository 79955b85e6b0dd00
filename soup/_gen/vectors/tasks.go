package main

import (
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// What methods that sum up differences do with them.

func scale() {
	function("scaleAVX2", "(x []float64, k float64)", "x[i] = v * k")
	x, factor := base("x"), broadcast("k")
	loop(Load(Param("x").Len(), GP64()), func(i Register, k int) {
		v := YMM()
		VMULPD(at(x, i, k), factor, v)
		VMOVUPD(v, at(x, i, k))
	})
	VZEROUPPER()
	RET()
}

func add() {
	function("addAVX2", "(dst, x []float64)", "dst[i] += v")
	dst, x := base("dst"), base("x")
	loop(Load(Param("x").Len(), GP64()), func(i Register, k int) {
		v := YMM()
		VMOVUPD(at(dst, i, k), v)
		VADDPD(at(x, i, k), v, v)
		VMOVUPD(v, at(dst, i, k))
	})
	VZEROUPPER()
	RET()
}

func addAgreeing() {
	function("addAgreeingAVX2", "(dst, weight, x, sum []float64, w float64)",
		"if v != 0 && math.Signbit(v) == math.Signbit(sum[i]) {",
		"\tdst[i], weight[i] = dst[i]+v, weight[i]+w",
		"} else {",
		"\tdst[i], weight[i] = dst[i]+0, weight[i]+0",
		"}")
	dst, weight, x, sum, w := base("dst"), base("weight"), base("x"), base("sum"), broadcast("w")
	zero := YMM()
	VXORPD(zero, zero, zero)
	loop(Load(Param("x").Len(), GP64()), func(i Register, k int) {
		v, differ, keep, one := YMM(), YMM(), YMM(), YMM()
		VMOVUPD(at(x, i, k), v)
		VPXOR(at(sum, i, k), v, differ)
		VPCMPGTQ(differ, zero, differ) // lanes that are negative
		VCMPPD(operand.U8(4), zero, v, keep)
		VANDNPD(keep, differ, keep)
		VANDPD(keep, v, v)
		VADDPD(at(dst, i, k), v, v)
		VMOVUPD(v, at(dst, i, k))
		VANDPD(keep, w, one)
		VADDPD(at(weight, i, k), one, one)
		VMOVUPD(one, at(weight, i, k))
	})
	VZEROUPPER()
	RET()
}

func divideEach() {
	function("divideEachAVX2", "(x, y []float64)",
		"if y[i] != 0 {",
		"\tx[i] = v / y[i]",
		"}")
	x, y := base("x"), base("y")
	zero := YMM()
	VXORPD(zero, zero, zero)
	loop(Load(Param("x").Len(), GP64()), func(i Register, k int) {
		v, d, q, none := YMM(), YMM(), YMM(), YMM()
		VMOVUPD(at(x, i, k), v)
		VMOVUPD(at(y, i, k), d)
		VCMPPD(operand.U8(0), zero, d, none)
		VDIVPD(d, v, q)
		VBLENDVPD(none, v, q, q)
		VMOVUPD(q, at(x, i, k))
	})
	VZEROUPPER()
	RET()
}
