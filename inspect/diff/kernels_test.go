package diff

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"testing"
)

// TestKernels: kernels and twins give the same bits, at every length, of values of
// every kind.
func TestKernels(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for n := range 100 {
		x, y := make([]float32, n), make([]float32, n)
		a, b := make([]byte, 2*n), make([]byte, 2*n)
		var want moments
		for i := range x {
			x[i] = float32(r.NormFloat64())
			y[i] = x[i] * float32(1+r.NormFloat64()*math.Pow(10, -float64(r.IntN(9))))
			l := i % 4
			p, q := float64(x[i]), float64(y[i])
			for k, v := range []float64{p * p, q * q, p * q, (q - p) * (q - p), math.Abs(q - p)} {
				want[k][l] += v
			}
			want[5][l] = max(want[5][l], math.Abs(q-p))
		}
		var m moments
		if m.add(x, y); m != want {
			t.Errorf("%d elements: moments %v, want %v", n, m, want)
		}
		for _, infinite := range []uint16{0x7c00, 0x7f80} {
			var d, e distances
			for i := range n {
				u := uint16(r.Uint32N(uint32(infinite)+1)) | uint16(r.Uint32N(2))<<15
				v := u
				switch r.IntN(4) {
				case 0:
					v = uint16(r.Uint32N(uint32(infinite) + 1))
				case 1:
					v = max(u, 3) - uint16(r.Uint32N(4))
				case 2:
					v ^= 1 << 15
				}
				if v&0x7fff > infinite {
					v = infinite
				}
				binary.LittleEndian.PutUint16(a[2*i:], u)
				binary.LittleEndian.PutUint16(b[2*i:], v)
				if u == v {
					e.same++
				}
				k := 0
				for dist := math.Abs(place(u) - place(v)); dist >= 1; dist /= 2 {
					k++
				}
				e.class[k]++
			}
			if d.add(a, b, infinite); d != e {
				t.Errorf("%d elements, infinity %#x: found %v, want %v", n, infinite, d, e)
			}
			for i := range n {
				nan := append([]byte{}, a...)
				binary.LittleEndian.PutUint16(nan[2*i:], infinite+1|uint16(i%2)<<15)
				var p, q distances
				p.add(nan, b, infinite)
				q.add(b, nan, infinite)
				if !p.nan || !q.nan {
					t.Fatalf("a NaN at %d of %d is not seen", i, n)
				}
			}
		}
	}
}

// place is where a 16-bit float is among its kind.
func place(u uint16) float64 {
	if u>>15 == 1 {
		return -float64(u & 0x7fff)
	}
	return float64(u)
}

// TestNoNumbers: one value that is none spoils the moments, wherever it is.
func TestNoNumbers(t *testing.T) {
	inf := float32(math.Inf(1))
	for _, odd := range []float32{inf, -inf, float32(math.NaN())} {
		for i := range 19 {
			x, y := make([]float32, 19), make([]float32, 19)
			x[i] = odd
			for _, c := range [][2][]float32{{x, y}, {y, x}, {x, x}} {
				var m moments
				m.add(c[0], c[1])
				if s, ok := m.sums(19); ok {
					t.Errorf("%v at %d: %+v", odd, i, s)
				}
			}
		}
	}
}
