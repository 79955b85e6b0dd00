package cpu

import (
	"encoding/binary"
	"math"
	"unsafe"

	"olmotool/accel"
)

// weights are rows of a matrix, stride bytes apart, of elements of size bytes.
type weights[T accel.Float] struct {
	bytes        []byte
	stride, size int
	elements     func(dst []T, src []byte) // decodes len(dst) elements
}

// decode writes so many k of rows from row i on, each kBlock elements apart.
func (w *weights[T]) decode(dst []T, i, rows, k, depth int) {
	for r := range rows {
		at := (i+r)*w.stride + k*w.size
		w.elements(dst[r*kBlock:][:depth], w.bytes[at:at+depth*w.size])
	}
}

// decoder returns the decoder of a stored type: exact, but for F64 as float32,
// which is rounded.
func decoder[T accel.Float](kn *gemmKernel[T], t accel.Type) func(dst []T, src []byte) {
	plain := decoders[T]()[t]
	fast := kn.decode[t]
	if fast == nil {
		return plain
	}
	size := t.Size()
	return func(dst []T, src []byte) {
		if n := fast(dst, src); n < len(dst) {
			plain(dst[n:], src[n*size:])
		}
	}
}

func decoders[T accel.Float]() [4]func(dst []T, src []byte) {
	return [4]func(dst []T, src []byte){
		accel.F32: func(dst []T, src []byte) {
			for i := range dst {
				dst[i] = T(math.Float32frombits(binary.LittleEndian.Uint32(src[4*i:])))
			}
		},
		accel.F64: func(dst []T, src []byte) {
			for i := range dst {
				dst[i] = T(math.Float64frombits(binary.LittleEndian.Uint64(src[8*i:])))
			}
		},
		accel.F16: func(dst []T, src []byte) {
			for i := range dst {
				dst[i] = T(f16(binary.LittleEndian.Uint16(src[2*i:])))
			}
		},
		accel.BF16: func(dst []T, src []byte) {
			for i := range dst {
				dst[i] = T(math.Float32frombits(uint32(binary.LittleEndian.Uint16(src[2*i:])) << 16))
			}
		},
	}
}

// f16 widens an IEEE half. With the exponent of a float32 before its bits, it is
// the value times 2⁻¹¹²; subnormal halves are normal again after the product.
func f16(h uint16) float32 {
	a := uint32(h&0x7fff) << 13
	v := math.Float32frombits(a) * 0x1p112
	if a >= 0x7c00<<13 {
		v = math.Float32frombits(a | 0x7f800000)
	}
	return math.Float32frombits(math.Float32bits(v) | uint32(h&0x8000)<<16)
}

// inMemory returns the weights whose rows begin so many elements of w apart.
func inMemory[T accel.Float](w []T, ldw int) weights[T] {
	size := int(unsafe.Sizeof(T(0)))
	return weights[T]{bytesOf(w), ldw * size, size, func(dst []T, src []byte) { copy(bytesOf(dst), src) }}
}

func bytesOf[T accel.Float](x []T) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(x))), len(x)*int(unsafe.Sizeof(T(0))))
}
