package cpu

import (
	"sync"
	"unsafe"

	"olmotool/accel"
)

// The uses of buffers. Each has its own, of about one size.
const (
	chunkBuffers = iota
	pieceBuffers
	bufferUses
)

var buffers32, buffers64 [bufferUses]sync.Pool

func buffers[T accel.Float](use int) *sync.Pool {
	if unsafe.Sizeof(T(0)) == 4 {
		return &buffers32[use]
	}
	return &buffers64[use]
}

// borrow returns n elements of any value, the first at a multiple of 64 bytes,
// so that no register of them lies in two lines of cache.
func borrow[T accel.Float](use, n int) *[]T {
	const line = 64
	p := buffers[T](use)
	size := int(unsafe.Sizeof(T(0)))
	b, _ := p.Get().(*[]T)
	if b == nil || cap(*b) < n {
		s := make([]T, n+line/size)
		skip := -int(uintptr(unsafe.Pointer(unsafe.SliceData(s)))) & (line - 1) / size
		s = s[skip:]
		b = &s
	}
	*b = (*b)[:n]
	return b
}

func giveBack[T accel.Float](use int, b *[]T) { buffers[T](use).Put(b) }
