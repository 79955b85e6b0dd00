package torch

import (
	"strings"

	"olmotool/formats"
)

// storageClass is a class of storages: its element type, and what an element
// takes in bytes. Types that formats does not have are invalid, but their
// storages can be skipped.
type storageClass struct {
	dtype formats.DType
	bytes int64
}

// storageClasses are torch's classes of typed storages, in torch and torch.cuda.
var storageClasses = map[string]storageClass{
	"DoubleStorage":        {formats.F64, 8},
	"FloatStorage":         {formats.F32, 4},
	"HalfStorage":          {formats.F16, 2},
	"BFloat16Storage":      {formats.BF16, 2},
	"LongStorage":          {formats.I64, 8},
	"IntStorage":           {formats.I32, 4},
	"ShortStorage":         {formats.I16, 2},
	"CharStorage":          {formats.I8, 1},
	"ByteStorage":          {formats.U8, 1},
	"BoolStorage":          {formats.Bool, 1},
	"ComplexFloatStorage":  {formats.C64, 8},
	"ComplexDoubleStorage": {formats.C128, 16},
	"QInt8Storage":         {formats.InvalidDType, 1},
	"QUInt8Storage":        {formats.InvalidDType, 1},
	"QInt32Storage":        {formats.InvalidDType, 4},
	"QUInt4x2Storage":      {formats.InvalidDType, 1},
	"QUInt2x4Storage":      {formats.InvalidDType, 1},
}

// untyped is the class of storages that are bytes; the tensor says what of.
var untyped = storageClass{formats.InvalidDType, 1}

func storageClassOf(g *Global) (storageClass, bool) {
	name := g.canonical()
	switch name {
	case "torch.storage.UntypedStorage", "torch.storage._UntypedStorage", "torch.UntypedStorage":
		return untyped, true
	}
	name, ok := strings.CutPrefix(name, "torch.")
	name = strings.TrimPrefix(name, "cuda.")
	c, known := storageClasses[name]
	return c, ok && known
}

// dtypeNames are the names of torch's dtypes that formats has.
var dtypeNames = map[string]formats.DType{
	"torch.float64":          formats.F64,
	"torch.float32":          formats.F32,
	"torch.float16":          formats.F16,
	"torch.bfloat16":         formats.BF16,
	"torch.int64":            formats.I64,
	"torch.int32":            formats.I32,
	"torch.int16":            formats.I16,
	"torch.int8":             formats.I8,
	"torch.uint64":           formats.U64,
	"torch.uint32":           formats.U32,
	"torch.uint16":           formats.U16,
	"torch.uint8":            formats.U8,
	"torch.bool":             formats.Bool,
	"torch.complex32":        formats.C32,
	"torch.complex64":        formats.C64,
	"torch.complex128":       formats.C128,
	"torch.float8_e5m2":      formats.F8E5M2,
	"torch.float8_e4m3fn":    formats.F8E4M3,
	"torch.float8_e5m2fnuz":  formats.F8E5M2FNUZ,
	"torch.float8_e4m3fnuz":  formats.F8E4M3FNUZ,
	"torch.float8_e8m0fnu":   formats.F8E8M0,
	"torch.float4_e2m1fn_x2": formats.F4, // an element of torch is a byte of two
}

// DType returns the element type that a global names, as torch.bfloat16 does.
func (g *Global) DType() (d formats.DType, ok bool) {
	d, ok = dtypeNames[g.canonical()]
	return d, ok
}
