//go:build amd64 && !noasm

package cpu

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// levels are the kernels that this machine can run.
func levels() []level {
	var all []level
	for l := avx2; l <= best(); l++ {
		all = append(all, l)
	}
	return all
}

// run runs f with kernels of a level.
func (l level) run(f func()) {
	defer func(before level) { simd = before }(simd)
	simd = l
	f()
}

// sameBits is whether two numbers are the same; all NaN are.
func sameBits(a, b float32) bool {
	return math.Float32bits(a) == math.Float32bits(b) || a != a && b != b
}

// rowOps are the operations on rows: each changes x, of which others have
// the length, and may return a sum.
var rowOps = map[string]func(x, a, b, c []float32) float64{
	"scale":      func(x, a, _, _ []float32) float64 { scale(x, a, 0.7); return 0 },
	"mul":        func(x, a, _, _ []float32) float64 { mul(x, a); return 0 },
	"add":        func(x, a, _, _ []float32) float64 { add(x, a); return 0 },
	"silu":       func(x, a, _, _ []float32) float64 { silu(x, a); return 0 },
	"rotate":     func(x, a, b, c []float32) float64 { rotate(x, a, b, c); return 0 },
	"softmax":    func(x, _, _, _ []float32) float64 { softmax(x); return 0 },
	"round":      func(x, _, _, _ []float32) float64 { Round(x, BF16); return 0 },
	"sumSquares": func(x, _, _, _ []float32) float64 { return sumSquares(x) },
}

// kinds of numbers that operations see, from ordinary ones to any bits.
var kinds = map[string]func(*rand.Rand) float32{
	"normal": func(r *rand.Rand) float32 { return float32(r.NormFloat64()) },
	"large":  func(r *rand.Rand) float32 { return float32(r.NormFloat64() * 60) },
	"any":    func(r *rand.Rand) float32 { return math.Float32frombits(r.Uint32()) },
	"finite": func(r *rand.Rand) float32 { return math.Float32frombits(r.Uint32() &^ (1 << 30)) },
	"ties":   func(r *rand.Rand) float32 { return math.Float32frombits(r.Uint32()&^0x7fff + r.Uint32N(3) - 1) },
}

const guard = 16

// sameAsTwins runs every operation on the arguments with kernels of every level
// and in plain Go, and holds the results together, bit by bit. The arguments are
// in the middle of others, which must stay as they are.
func sameAsTwins(t *testing.T, what string, in [4][]float32) {
	t.Helper()
	guards := slices.Repeat([]float32{1}, guard)
	for name, op := range rowOps {
		run := func(l level) (out [4][]float32, sum float64) {
			var arg [4][]float32
			for i, x := range in {
				out[i] = slices.Concat(guards, x, guards)
				arg[i] = out[i][guard : guard+len(x)]
			}
			l.run(func() { sum = op(arg[0], arg[1], arg[2], arg[3]) })
			return out, sum
		}
		want, wantSum := run(plain)
		for _, l := range levels() {
			got, sum := run(l)
			if sum != wantSum && (sum == sum || wantSum == wantSum) {
				t.Fatalf("%s of %s at level %d: %x, want %x", name, what, l, sum, wantSum)
			}
			for i := range got {
				for j, w := range want[i] {
					if !sameBits(got[i][j], w) {
						t.Fatalf("%s of %s at level %d: argument %d is %x at %d, want %x", name, what, l, i, got[i][j], j-guard, w)
					}
				}
			}
		}
	}
}

// Kernels of every level give the bits of plain Go, in rows of every length.
func TestKernelsAreTheirTwins(t *testing.T) {
	for kind, draw := range kinds {
		r := rand.New(rand.NewPCG(3, uint64(len(kind))))
		for n := range 100 {
			if n > 70 {
				n = 256 + r.IntN(1000)
			}
			var in [4][]float32
			for i := range in {
				in[i] = make([]float32, n)
				for j := range in[i] {
					in[i][j] = draw(r)
				}
			}
			sameAsTwins(t, fmt.Sprintf("%d %s numbers", n, kind), in)
		}
	}
}

func FuzzKernels(f *testing.F) {
	f.Add([]byte{})
	f.Add(bytes.Repeat([]byte{0, 0, 0x80, 0x7f, 0, 0, 0xc0, 0xff, 0, 0, 0x80, 0xff, 1, 0, 0, 0}, 20))
	f.Fuzz(func(t *testing.T, b []byte) {
		var in [4][]float32
		for i := range in {
			n := len(b) / 16
			in[i] = make([]float32, n)
			for j := range in[i] {
				in[i][j] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*(i*n+j):]))
			}
		}
		sameAsTwins(t, "fuzzed numbers", in)
	})
}
