//go:build amd64 && !noasm

package diff

import "golang.org/x/sys/cpu"

//go:generate go run -C _gen . -out ../simd_amd64.s -stubs ../simd_amd64.go -pkg diff

// simd says whether the kernels are used. Tests turn it off.
var simd = cpu.X86.HasAVX2

// The functions below do what the twin of the same name does for as many
// elements, from the beginning, as kernels take, and return how many.

func momentsFast(m *moments, x, y []float32) int {
	if !simd {
		return 0
	}
	n := min(len(x), len(y)) &^ 3
	momentsAVX2((*[6][4]float64)(m), x[:n], y)
	return n
}

// mostDistances is how many elements a lane of 16 bits counts.
const mostDistances = 16 * (1<<16 - 1)

func distancesFast(d *distances, a, b []byte, infinite uint16) int {
	if !simd {
		return 0
	}
	n := min(len(a), len(b), 2*mostDistances) &^ 31
	var h [18][16]uint16
	distancesAVX2(&h, a[:n], b, infinite)
	var sum [len(h)]int64
	for k := range h {
		for _, c := range h[k] {
			sum[k] += int64(c)
		}
	}
	d.nan = d.nan || sum[16] > 0
	d.same += sum[17]
	d.class[0] += sum[0]
	more := int64(n/2) - sum[0]
	for k := 1; k < 16; k++ {
		d.class[k] += more - sum[k]
		more = sum[k]
	}
	d.class[16] += more
	return n / 2
}
