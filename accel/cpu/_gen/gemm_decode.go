package main

import (
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

func decodes() {
	// Each decodes as many elements as fit into a register of the result's type.
	decode("F64", "F32", 8, 4, func(src operand.Mem, x VecVirtual) {
		a, b := XMM(), XMM()
		VCVTPD2PSY(src, a)
		VCVTPD2PSY(src.Offset(32), b)
		VINSERTF128(operand.U8(1), b, a.AsY(), x)
	})
	decode("F16", "F32", 2, 4, func(src operand.Mem, x VecVirtual) {
		VCVTPH2PS(src, x)
	})
	decode("BF16", "F32", 2, 4, func(src operand.Mem, x VecVirtual) {
		VPMOVZXWD(src, x)
		VPSLLD(operand.U8(16), x, x)
	})
	decode("F32", "F64", 4, 8, func(src operand.Mem, x VecVirtual) {
		VCVTPS2PD(src, x)
	})
	decode("F16", "F64", 2, 8, func(src operand.Mem, x VecVirtual) {
		a := XMM()
		VCVTPH2PS(src, a)
		VCVTPS2PD(a, x)
	})
	decode("BF16", "F64", 2, 8, func(src operand.Mem, x VecVirtual) {
		a := XMM()
		VPMOVZXWD(src, a)
		VPSLLD(operand.U8(16), a, a)
		VCVTPS2PD(a, x)
	})
}

// decode makes the kernel that turns elements of one type and size to another,
// of which register makes 32 bytes.
func decode(from, to string, fromSize, toSize int, register func(src operand.Mem, x VecVirtual)) {
	const group = 16
	name, goType := "decode"+from+"To"+to+"AVX2", map[int]string{4: "float32", 8: "float64"}[toSize]
	TEXT(name, NOSPLIT, "func(dst []"+goType+", src []byte) int")
	Pragma("noescape")
	Doc(name+" decodes elements of type "+from+" to dst while 16 of them are left, and returns how",
		"many it has done. The bits of a NaN may change.")
	dst, src, n, i := Load(Param("dst").Base(), GP64()), Load(Param("src").Base(), GP64()), Load(Param("dst").Len(), GP64()), GP64()
	SUBQ(operand.I8(group), n)
	XORQ(i, i)
	Label("loop")
	CMPQ(i, n)
	JGT(operand.LabelRef("done"))
	for k := 0; k < group; k += 32 / toSize {
		x := YMM()
		register(at(src, i, uint8(fromSize), k), x)
		VMOVUPS(x, at(dst, i, uint8(toSize), k))
	}
	ADDQ(operand.I8(group), i)
	JMP(operand.LabelRef("loop"))
	Label("done")
	Store(i, ReturnIndex(0))
	VZEROUPPER()
	RET()
}
