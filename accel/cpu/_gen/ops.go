package main

import (
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

func init() { parts["ops"] = ops }

func ops() {
	for _, m := range []machine{avx2, avx512} {
		sumSquares(m)
		maximum(m)
		scale(m)
		divide(m)
		binary(m, "mul", "*", VMULPS)
		binary(m, "add", "+", VADDPS)
		rotate(m)
		roundBF16(m)
		silu(m)
		expSum(m)
	}
}

// group is how many elements the kernels of rows take at a time, whatever the
// width of registers.
const group = 16

// kernel begins a function whose documentation is a loop.
func kernel(m machine, name, params string, doc ...string) {
	TEXT(name+m.name, NOSPLIT, "func("+params+")")
	Pragma("noescape")
	lines := []string{name + m.name + " is", ""}
	for _, d := range doc {
		lines = append(lines, "\t"+d)
	}
	Doc(append(lines, "", "for a multiple of 16 elements.")...)
}

// each runs body for each register of a group with the element at which the
// register begins.
func each(m machine, body func(k int)) {
	for k := 0; k < group; k += m.bytes / 4 {
		body(k)
	}
}

// groups runs body with i = 0, 16, 32, …, n−16, and ends the function.
func groups(n Register, body func(i Register)) {
	i := GP64()
	XORQ(i, i)
	Label("loop")
	CMPQ(i, n)
	JGE(operand.LabelRef("done"))
	body(i)
	ADDQ(operand.I8(group), i)
	JMP(operand.LabelRef("loop"))
	Label("done")
}

func end() {
	VZEROUPPER()
	RET()
}

func slice(name string) Register  { return Load(Param(name).Base(), GP64()) }
func length(name string) Register { return Load(Param(name).Len(), GP64()) }

// spread returns a register with the parameter in all its lanes.
func spread(m machine, name string) VecVirtual {
	a, err := Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	y := m.vec()
	VBROADCASTSS(a.Addr, y)
	return y
}

func load(m machine, src operand.Mem) VecVirtual {
	x := m.vec()
	VMOVUPS(src, x)
	return x
}

func scale(m machine) {
	kernel(m, "scale", "y, x []float32, a float32", "for i, v := range x {", "\ty[i] = v * a", "}")
	y, x, n, a := slice("y"), slice("x"), length("x"), spread(m, "a")
	groups(n, func(i Register) {
		each(m, func(k int) {
			v := m.vec()
			VMULPS(at(x, i, 4, k), a, v)
			VMOVUPS(v, at(y, i, 4, k))
		})
	})
	end()
}

func divide(m machine) {
	kernel(m, "divide", "x []float32, a float32", "for i := range x {", "\tx[i] /= a", "}")
	x, n, a := slice("x"), length("x"), spread(m, "a")
	groups(n, func(i Register) {
		each(m, func(k int) {
			v := load(m, at(x, i, 4, k))
			VDIVPS(a, v, v)
			VMOVUPS(v, at(x, i, 4, k))
		})
	})
	end()
}

func binary(m machine, name, sign string, op func(ops ...operand.Op)) {
	kernel(m, name, "y, x []float32", "for i, v := range x {", "\ty[i] "+sign+"= v", "}")
	y, x, n := slice("y"), slice("x"), length("x")
	groups(n, func(i Register) {
		each(m, func(k int) {
			v := load(m, at(y, i, 4, k))
			op(at(x, i, 4, k), v, v)
			VMOVUPS(v, at(y, i, 4, k))
		})
	})
	end()
}

func rotate(m machine) {
	kernel(m, "rotate", "a, b, cos, sin []float32",
		"for i, c := range cos {",
		"\ts := sin[i]",
		"\ta[i], b[i] = float32(a[i]*c)-float32(b[i]*s), float32(b[i]*c)+float32(a[i]*s)",
		"}")
	a, b, c, s, n := slice("a"), slice("b"), slice("cos"), slice("sin"), length("cos")
	groups(n, func(i Register) {
		each(m, func(k int) {
			va, vb := load(m, at(a, i, 4, k)), load(m, at(b, i, 4, k))
			ac, as, bc, bs := m.vec(), m.vec(), m.vec(), m.vec()
			VMULPS(at(c, i, 4, k), va, ac)
			VMULPS(at(s, i, 4, k), va, as)
			VMULPS(at(c, i, 4, k), vb, bc)
			VMULPS(at(s, i, 4, k), vb, bs)
			VSUBPS(bs, ac, ac)
			VADDPS(as, bc, bc)
			VMOVUPS(ac, at(a, i, 4, k))
			VMOVUPS(bc, at(b, i, 4, k))
		})
	})
	end()
}

func maximum(m machine) {
	kernel(m, "maximum", "x []float32, l *[16]float32",
		"for i, v := range x {",
		"\tif v > l[i%16] {",
		"\t\tl[i%16] = v",
		"\t}",
		"}")
	x, n, l := slice("x"), length("x"), Load(Param("l"), GP64())
	acc := map[int]VecVirtual{}
	each(m, func(k int) { acc[k] = load(m, operand.Mem{Base: l, Disp: 4 * k}) })
	groups(n, func(i Register) {
		each(m, func(k int) {
			v := load(m, at(x, i, 4, k))
			Comment("The second number if one is NaN, so NaN does not stay.")
			VMAXPS(acc[k], v, acc[k])
		})
	})
	each(m, func(k int) { VMOVUPS(acc[k], operand.Mem{Base: l, Disp: 4 * k}) })
	end()
}

func sumSquares(m machine) {
	kernel(m, "sumSquares", "x []float32, l *[16]float64",
		"for i, v := range x {",
		"\tl[i%16] += float64(v) * float64(v)",
		"}")
	x, n, l := slice("x"), length("x"), Load(Param("l"), GP64())
	acc := loadLanes(m, l)
	groups(n, func(i Register) {
		for k := range acc {
			d := m.vec()
			VCVTPS2PD(at(x, i, 4, k*m.bytes/8), d)
			Comment("The square is exact.")
			VFMADD231PD(d, d, acc[k])
		}
	})
	storeLanes(m, acc, l)
	end()
}

// loadLanes returns the registers of sixteen sums in float64.
func loadLanes(m machine, l Register) []VecVirtual {
	acc := make([]VecVirtual, group*8/m.bytes)
	for k := range acc {
		acc[k] = m.vec()
		VMOVUPD(operand.Mem{Base: l, Disp: k * m.bytes}, acc[k])
	}
	return acc
}

func storeLanes(m machine, acc []VecVirtual, l Register) {
	for k := range acc {
		VMOVUPD(acc[k], operand.Mem{Base: l, Disp: k * m.bytes})
	}
}

func roundBF16(m machine) {
	kernel(m, "roundBF16", "x []float32", "for i, v := range x {", "\tx[i] = bf16(v)", "}")
	x, n := slice("x"), length("x")
	groups(n, func(i Register) {
		each(m, func(k int) {
			v, t := load(m, at(x, i, 4, k)), m.vec()
			Comment("(b + 0x7fff + b>>16&1) &^ 0xffff, and NaN as it is.")
			VPSRLD(operand.U8(16), v, t)
			if m.bytes == 64 {
				VPANDD(all("lastBit", 1), t, t)
				VPADDD(all("belowHalf", 0x7fff), t, t)
				VPADDD(v, t, t)
				VPANDD(all("highHalf", 0xffff0000), t, t)
				nan := K()
				VCMPPS(operand.U8(3), v, v, nan)
				VMOVAPS(v, nan, t)
			} else {
				VPAND(all("lastBit", 1), t, t)
				VPADDD(all("belowHalf", 0x7fff), t, t)
				VPADDD(v, t, t)
				VPAND(all("highHalf", 0xffff0000), t, t)
				nan := YMM()
				VCMPPS(operand.U8(3), v, v, nan)
				VBLENDVPS(nan, v, t, t)
			}
			VMOVUPS(t, at(x, i, 4, k))
		})
	})
	end()
}
