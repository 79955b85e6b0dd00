package main

import (
	"fmt"
	"strconv"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

func init() { parts["gemm"] = gemm }

func gemm() {
	for _, f := range []format{f32, f64} {
		for _, rows := range avx2.rows {
			multiply(f, avx2, rows, avx2, 2)
			multiply(f, avx2, rows, avx2, 1)
		}
		for _, rows := range avx512.rows {
			multiply(f, avx512, rows, avx512, 2)
			multiply(f, avx512, rows, avx512, 1)
			multiply(f, avx512, rows, avx2, 1)
		}
		turn(f)
	}
	decodes()
}

// kBlock is the constant of package cpu.
const kBlock = 256

// format is a type of activations.
type format struct {
	name, goType string
	size         int
	load         func(ops ...operand.Op)
	add          func(ops ...operand.Op)
	fma          func(ops ...operand.Op)
	spread       func(ops ...operand.Op)
}

var (
	f32 = format{"F32", "float32", 4, VMOVUPS, VADDPS, VFMADD231PS, VBROADCASTSS}
	f64 = format{"F64", "float64", 8, VMOVUPD, VADDPD, VFMADD231PD, VBROADCASTSD}
)

// machine is a set of instructions.
type machine struct {
	name   string
	bytes  int // of a register
	vec    func() VecVirtual
	rows   []int // of a block, and of a smaller one for what is left
	unroll int
}

var (
	avx2   = machine{"AVX2", 32, YMM, []int{6, 2}, 8}
	avx512 = machine{"AVX512", 64, ZMM, []int{12, 4}, 4}
)

// multiply makes the kernel for a block of outputs: so many rows of weights
// times so many registers of tokens. Packed activations have tiles of two
// registers of m; the kernel may take less of them.
func multiply(f format, m machine, rows int, reg machine, vecs int) {
	tile, width := 2*m.bytes, reg.bytes/f.size
	name := fmt.Sprintf("mul%dx%d%s%s", rows, vecs*width, f.name, m.name)
	TEXT(name, NOSPLIT, "func(y, x, w []"+f.goType+", chain int, add bool, next uintptr, stride, step int)")
	Pragma("noescape")
	Doc(fmt.Sprintf("%s is a mulFunc: %d rows by %d tokens, of tiles of %d.", name, rows, vecs*width, tile/f.size))
	y, x, w := Load(Param("y").Base(), GP64()), Load(Param("x").Base(), GP64()), Load(Param("w").Base(), GP64())
	end := Load(Param("x").Len(), GP64())
	SHLQ(operand.U8(map[int]int{4: 2, 8: 3}[f.size]), end)
	ADDQ(x, end)

	// Of the weights to come, each row's next line is fetched once in 16 k: rows
	// in turns of a few, after which the rest of wrap leads on.
	turns := 16 / m.unroll
	each := rows / turns
	if rows%turns != 0 {
		panic("rows")
	}
	next, stride, wrap := Load(Param("next"), GP64()), Load(Param("stride"), GP64()), Load(Param("step"), GP64())
	turn, t := GP64(), GP64()
	IMUL3Q(operand.I8(rows), stride, t)
	SUBQ(t, wrap)
	MOVQ(operand.I32(turns), turn)

	add := Load(Param("add"), GP8())
	chain := Load(Param("chain"), GP64())
	IMUL3Q(operand.I32(tile), chain, chain)

	Label("chain")
	acc := make([]VecVirtual, rows*vecs)
	for i := range acc {
		acc[i] = reg.vec()
		f.zero(reg, acc[i])
	}
	stop, chunk := GP64(), GP64()
	LEAQ(operand.Mem{Base: x, Index: chain, Scale: 1}, stop)
	CMPQ(stop, end)
	CMOVQHI(end, stop)
	LEAQ(operand.Mem{Base: stop, Disp: -(m.unroll - 1) * tile}, chunk)
	step := func(k int) {
		xs := make([]VecVirtual, vecs)
		for v := range xs {
			xs[v] = reg.vec()
			f.load(operand.Mem{Base: x, Disp: k*tile + v*reg.bytes}, xs[v])
		}
		for r := range rows {
			b := reg.vec()
			f.spread(operand.Mem{Base: w, Disp: (r*kBlock + k) * f.size}, b)
			for v := range xs {
				f.fma(b, xs[v], acc[r*vecs+v])
			}
		}
	}

	Label("loop")
	CMPQ(x, chunk)
	JAE(operand.LabelRef("rest"))
	for k := range m.unroll {
		step(k)
		if k < each {
			PREFETCHT1(operand.Mem{Base: next})
			ADDQ(stride, next)
		}
	}
	ADDQ(operand.I32(m.unroll*tile), x)
	ADDQ(operand.I32(m.unroll*f.size), w)
	DECQ(turn)
	JNE(operand.LabelRef("loop"))
	ADDQ(wrap, next)
	MOVQ(operand.I32(turns), turn)
	JMP(operand.LabelRef("loop"))

	Label("rest")
	CMPQ(x, stop)
	JAE(operand.LabelRef("sums"))
	step(0)
	ADDQ(operand.I32(tile), x)
	ADDQ(operand.I8(f.size), w)
	JMP(operand.LabelRef("rest"))

	Label("sums")
	out := func(r, v int) operand.Mem { return operand.Mem{Base: y, Disp: r*tile + v*reg.bytes} }
	TESTB(add, add)
	JEQ(operand.LabelRef("store"))
	for i, a := range acc {
		f.add(out(i/vecs, i%vecs), a, a)
	}
	Label("store")
	for i, a := range acc {
		f.load(a, out(i/vecs, i%vecs))
	}
	MOVB(operand.U8(1), add)
	CMPQ(x, end)
	JB(operand.LabelRef("chain"))
	VZEROUPPER()
	RET()
}

func (f format) zero(m machine, v VecVirtual) {
	if m.bytes == 64 {
		VPXORQ(v, v, v)
	} else {
		VPXOR(v, v, v)
	}
}

// turn makes the kernel that turns square blocks.
func turn(f format) {
	n := 32 / f.size
	TEXT("turn"+f.name+"AVX2", NOSPLIT, "func(dst []"+f.goType+", ldd, dstStep int, src []"+f.goType+", lds, srcStep, n int)")
	Pragma("noescape")
	Doc("turn" + f.name + "AVX2 transposes n squares of " + strconv.Itoa(n) + ": see gemmKernel.")
	dst, src := Load(Param("dst").Base(), GP64()), Load(Param("src").Base(), GP64())
	load := func(name string) Register {
		r := Load(Param(name), GP64())
		SHLQ(operand.U8(map[int]int{4: 2, 8: 3}[f.size]), r)
		return r
	}
	ldd, dstStep, lds, srcStep := load("ldd"), load("dstStep"), load("lds"), load("srcStep")
	count := Load(Param("n"), GP64())
	Label("loop")
	DECQ(count)
	JLT(operand.LabelRef("done"))
	a := make([]VecVirtual, n)
	p, q := GP64(), GP64()
	MOVQ(src, p)
	for i := range a {
		a[i] = YMM()
		f.load(operand.Mem{Base: p}, a[i])
		if i < n-1 {
			ADDQ(lds, p)
		}
	}
	if f.size == 4 {
		a = transpose8(a)
	} else {
		a = transpose4(a)
	}
	MOVQ(dst, q)
	for i := range a {
		f.load(a[i], operand.Mem{Base: q})
		if i < n-1 {
			ADDQ(ldd, q)
		}
	}
	ADDQ(srcStep, src)
	ADDQ(dstStep, dst)
	JMP(operand.LabelRef("loop"))
	Label("done")
	VZEROUPPER()
	RET()
}

func transpose8(a []VecVirtual) []VecVirtual {
	b, c, d := make([]VecVirtual, 8), make([]VecVirtual, 8), make([]VecVirtual, 8)
	for i := 0; i < 8; i += 2 {
		b[i], b[i+1] = YMM(), YMM()
		VUNPCKLPS(a[i+1], a[i], b[i])
		VUNPCKHPS(a[i+1], a[i], b[i+1])
	}
	for i := 0; i < 8; i += 4 {
		for j := range 4 {
			c[i+j] = YMM()
		}
		VUNPCKLPD(b[i+2], b[i], c[i])
		VUNPCKHPD(b[i+2], b[i], c[i+1])
		VUNPCKLPD(b[i+3], b[i+1], c[i+2])
		VUNPCKHPD(b[i+3], b[i+1], c[i+3])
	}
	for i := range 4 {
		d[i], d[i+4] = YMM(), YMM()
		VPERM2F128(operand.U8(0x20), c[i+4], c[i], d[i])
		VPERM2F128(operand.U8(0x31), c[i+4], c[i], d[i+4])
	}
	return d
}

func transpose4(a []VecVirtual) []VecVirtual {
	b, d := make([]VecVirtual, 4), make([]VecVirtual, 4)
	for i := 0; i < 4; i += 2 {
		b[i], b[i+1] = YMM(), YMM()
		VUNPCKLPD(a[i+1], a[i], b[i])
		VUNPCKHPD(a[i+1], a[i], b[i+1])
	}
	for i := range 2 {
		d[i], d[i+2] = YMM(), YMM()
		VPERM2F128(operand.U8(0x20), b[i+2], b[i], d[i])
		VPERM2F128(operand.U8(0x31), b[i+2], b[i], d[i+2])
	}
	return d
}
