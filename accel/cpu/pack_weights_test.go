package cpu

import (
	"math/rand/v2"
	"testing"

	"olmotool/accel"
)

// Every half.
func TestDecodeHalves(t *testing.T) {
	t.Run("float32", testDecodeHalves[float32])
	t.Run("float64", testDecodeHalves[float64])
}

func testDecodeHalves[T accel.Float](t *testing.T) {
	for _, typ := range []accel.Type{accel.F16, accel.BF16} {
		next := 0
		w, want := stored[T](typ, 1, 1<<16, func() uint64 { next++; return uint64(next - 1) })
		for _, kn := range versions[T]() {
			got := make([]T, len(want))
			decoder(kn, typ)(got, w.Bytes)
			same(t, kn.name+": "+typ.String(), got, want)
		}
	}
}

// Any length, and nothing beside the destination changes; F64 is rounded.
func TestDecodeLengths(t *testing.T) {
	t.Run("float32", testDecodeLengths[float32])
	t.Run("float64", testDecodeLengths[float64])
}

func testDecodeLengths[T accel.Float](t *testing.T) {
	r := rand.New(rand.NewPCG(8, 1))
	for _, typ := range types {
		for n := range 50 {
			w, want := stored[T](typ, 1, n, ordinary(r, typ))
			for _, kn := range versions[T]() {
				got := make([]T, n+2*8)
				for i := range got {
					got[i] = -7
				}
				all := append([]T{}, got...)
				copy(all[8:], want)
				decoder(kn, typ)(got[8:8+n], w.Bytes)
				same(t, kn.name+": "+typ.String(), got, all)
			}
		}
	}
}
