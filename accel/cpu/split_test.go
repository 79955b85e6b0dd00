package cpu

import (
	"sync/atomic"
	"testing"
)

// Each number is in one piece, whose bounds do not depend on threads.
func TestSplit(t *testing.T) {
	for _, n := range []int{0, 1, 7, 64, 65} {
		for _, grain := range []int{1, 3, 64, 100} {
			for _, threads := range []int{-1, 0, 1, 2, 9} {
				seen := make([]atomic.Int32, n)
				split(threads, n, grain, func(lo, hi int) {
					if lo%grain != 0 || hi != min(lo+grain, n) {
						t.Errorf("piece [%d, %d) of %d by %d", lo, hi, n, grain)
					}
					for i := lo; i < hi; i++ {
						seen[i].Add(1)
					}
				})
				for i := range seen {
					if c := seen[i].Load(); c != 1 {
						t.Fatalf("%d of %d was in %d pieces", i, n, c)
					}
				}
			}
		}
	}
}
