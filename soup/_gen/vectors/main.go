// The generator of the kernels in vectors_amd64.s: AVX2 code for the loops over
// float64 in elementwise.go, rank.go and vectors.go of package soup.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

func main() {
	ConstraintExpr("amd64,!noasm")
	subtract()
	dot()
	dots()
	addScaled()
	addTo()
	scale()
	add()
	addAgreeing()
	divideEach()
	atLeast()
	within()
	Generate()
}

// function begins a kernel that is lines, for each i.
func function(name, signature string, lines ...string) {
	TEXT(name, NOSPLIT, "func"+signature)
	Pragma("noescape")
	doc := []string{name + " is", "", "\tfor i, v := range x {"}
	for _, line := range lines {
		doc = append(doc, "\t\t"+line)
	}
	Doc(append(doc, "\t}", "", "for a multiple of 16 elements.")...)
}

// at is element i, plus so many, of the array of float64 at base.
func at(base, i Register, elems int) operand.Mem {
	return operand.Mem{Base: base, Index: i, Scale: 8, Disp: 8 * elems}
}

// loop runs body for each four of the elements from 0 to that of n, which is a
// multiple of 16: for elements k to k+3 after i.
func loop(n Register, body func(i Register, k int)) {
	i := GP64()
	XORQ(i, i)
	Label("loop")
	CMPQ(i, n)
	JGE(operand.LabelRef("done"))
	for k := 0; k < 16; k += 4 {
		body(i, k)
	}
	ADDQ(operand.I8(16), i)
	JMP(operand.LabelRef("loop"))
	Label("done")
}

func base(param string) Register { return Load(Param(param).Base(), GP64()) }

func broadcast(param string) VecVirtual {
	p, err := Param(param).Resolve()
	if err != nil {
		panic(err)
	}
	y := YMM()
	VBROADCASTSD(p.Addr, y)
	return y
}

func subtract() {
	function("subtractAVX2", "(dst, x, y []float64)", "dst[i] = v - y[i]")
	dst, x, y := base("dst"), base("x"), base("y")
	loop(Load(Param("x").Len(), GP64()), func(i Register, k int) {
		v := YMM()
		VMOVUPD(at(x, i, k), v)
		VSUBPD(at(y, i, k), v, v)
		VMOVUPD(v, at(dst, i, k))
	})
	VZEROUPPER()
	RET()
}

func dot() {
	function("dotAVX2", "(x, y []float64, s *[8]float64)", "s[i%8] += float64(v * y[i])")
	x, y, s := base("x"), base("y"), Load(Param("s"), GP64())
	sums := []VecVirtual{YMM(), YMM()}
	for j, sum := range sums {
		VMOVUPD(operand.Mem{Base: s, Disp: 32 * j}, sum)
	}
	loop(Load(Param("x").Len(), GP64()), func(i Register, k int) {
		v, sum := YMM(), sums[k/4%2]
		VMOVUPD(at(x, i, k), v)
		VMULPD(at(y, i, k), v, v)
		VADDPD(v, sum, sum)
	})
	for j, sum := range sums {
		VMOVUPD(sum, operand.Mem{Base: s, Disp: 32 * j})
	}
	VZEROUPPER()
	RET()
}

func dots() {
	function("dotsAVX2", "(x, y, z []float64, s, t *[8]float64)",
		"s[i%8] += float64(v * y[i])", "t[i%8] += float64(v * z[i])")
	x, y, z := base("x"), base("y"), base("z")
	s, t := Load(Param("s"), GP64()), Load(Param("t"), GP64())
	sums := []VecVirtual{YMM(), YMM(), YMM(), YMM()}
	place := func(j int) operand.Mem { return operand.Mem{Base: []Register{s, t}[j/2], Disp: 32 * (j % 2)} }
	for j, sum := range sums {
		VMOVUPD(place(j), sum)
	}
	loop(Load(Param("x").Len(), GP64()), func(i Register, k int) {
		v, a, b := YMM(), YMM(), YMM()
		VMOVUPD(at(x, i, k), v)
		VMULPD(at(y, i, k), v, a)
		VADDPD(a, sums[k/4%2], sums[k/4%2])
		VMULPD(at(z, i, k), v, b)
		VADDPD(b, sums[2+k/4%2], sums[2+k/4%2])
	})
	for j, sum := range sums {
		VMOVUPD(sum, place(j))
	}
	VZEROUPPER()
	RET()
}

func addScaled() {
	function("addScaledAVX2", "(dst, x, base []float64, k float64)", "dst[i] += float64(k * (v - base[i]))")
	dst, x, b, factor := base("dst"), base("x"), base("base"), broadcast("k")
	loop(Load(Param("x").Len(), GP64()), func(i Register, k int) {
		v := YMM()
		VMOVUPD(at(x, i, k), v)
		VSUBPD(at(b, i, k), v, v)
		VMULPD(factor, v, v)
		VADDPD(at(dst, i, k), v, v)
		VMOVUPD(v, at(dst, i, k))
	})
	VZEROUPPER()
	RET()
}

func addTo() {
	function("addToAVX2", "(x, base []float64)", "x[i] = moved(base[i], v)")
	x, b := base("x"), base("base")
	zero := YMM()
	VXORPD(zero, zero, zero)
	loop(Load(Param("x").Len(), GP64()), func(i Register, k int) {
		v, from, sum, none := YMM(), YMM(), YMM(), YMM()
		VMOVUPD(at(x, i, k), v)
		VMOVUPD(at(b, i, k), from)
		VADDPD(from, v, sum)
		Comment("Where nothing is added the base stays as it is.")
		VCMPPD(operand.U8(0), zero, v, none)
		VBLENDVPD(none, from, sum, sum)
		VMOVUPD(sum, at(x, i, k))
	})
	VZEROUPPER()
	RET()
}
