//go:build amd64 && !noasm

package cpu

import (
	"encoding/binary"
	"math"
	"testing"

	"olmotool/accel"
)

// versions are the kernels that this machine can run. All of them pass the
// check at the start.
func versions[T accel.Float]() []*gemmKernel[T] {
	all := []*gemmKernel[T]{plainKernel[T]()}
	for _, l := range levels() {
		l.run(func() { all = append(all, current[T]()) })
	}
	return all
}

func TestVersions(t *testing.T) {
	for i, want := range []string{"plain Go", "AVX2", "AVX-512"}[:1+len(levels())] {
		if a, b := versions[float32]()[i].name, versions[float64]()[i].name; a != want || b != want {
			t.Errorf("%s and %s, want %s", a, b, want)
		}
	}
}

// Kernels with any one fault are not used, but the next best.
func TestVerified(t *testing.T) {
	var faults []gemmKernel[float32]
	add := func(f func(kn *gemmKernel[float32])) {
		kn := avx512F32
		f(&kn)
		faults = append(faults, kn)
	}
	for i := range 2 {
		for j := range 3 {
			add(func(kn *gemmKernel[float32]) {
				right := kn.mul[i][j]
				kn.mul[i][j] = func(y, x, w []float32, chain int, add bool, next uintptr, stride, step int) {
					right(y, x, w, chain, add, next, stride, step)
					y[1] = math.Nextafter32(y[1], 9)
				}
			})
			add(func(kn *gemmKernel[float32]) {
				right := kn.mul[i][j]
				kn.mul[i][j] = func(y, x, w []float32, chain int, _ bool, next uintptr, stride, step int) {
					right(y, x, w, chain, false, next, stride, step)
				}
			})
		}
	}
	add(func(kn *gemmKernel[float32]) {
		kn.turn = func([]float32, int, int, []float32, int, int, int) {}
	})
	for _, typ := range types {
		add(func(kn *gemmKernel[float32]) {
			kn.decode[typ] = func(dst []float32, _ []byte) int { clear(dst); return len(dst) }
		})
	}
	for i := range faults {
		if agrees(&faults[i], &plain32) {
			t.Errorf("fault %d is not found", i)
		}
		use := verified([...]*gemmKernel[float32]{&plain32, &avx2F32, &faults[i]})
		if kn := use[avx512](); kn != &avx2F32 {
			t.Errorf("fault %d: %s in its place", i, kn.name)
		}
	}
}

// Any bits: kernels of all versions have the same results.
func FuzzMatMul(f *testing.F) {
	f.Add([]byte("\x00\x00\x80\x3f\x01\x00\xc0\x7f"), uint8(3), uint8(5), uint8(12))
	f.Add([]byte("\x01\x00\x00\x00\x00\x00\x80\x7f\xff\xff\x7f\x7f\x35\x04\xb5\x3f"), uint8(33), uint8(13), uint8(70))
	f.Add([]byte("\x01\x02\x03\x04\x05\x06\x07\x28\x09\x0a\x0b\x2c"), uint8(17), uint8(4), uint8(200))
	f.Fuzz(func(t *testing.T, b []byte, m, n, k uint8) {
		if len(b) == 0 {
			return
		}
		fuzzMatMul[float32](t, b, int(m)%80, int(n)%40, int(k))
		fuzzMatMul[float64](t, b, int(m)%80, int(n)%40, int(k))
	})
}

func fuzzMatMul[T accel.Float](t *testing.T, b []byte, m, n, k int) {
	i := 0
	next := func() uint64 { // bits from anywhere in b, all over it
		var u [8]byte
		for j := range u {
			u[j] = b[(i+j)%len(b)]
		}
		i += 5
		return binary.LittleEndian.Uint64(u[:])
	}
	for _, typ := range types {
		w, _ := stored[T](typ, n, k, next)
		x := accel.NewMatrix[T](m, k)
		for i := range x.Data {
			x.Data[i] = T(math.Float32frombits(uint32(next())))
		}
		all := versions[T]()
		want := multiplied(all[0], 1, x, w)
		for _, kn := range all[1:] {
			same(t, title(kn, typ, m, n, k), multiplied(kn, 1, x, w).Data, want.Data)
		}
	}
}
