package weights

import "testing"

func TestULPClass(t *testing.T) {
	for n, want := range []int{0, 1, 2, 3, 3, 4, 4, 4, 4, 5, 5} {
		if got := ulpClass(uint64(n)); got != want {
			t.Errorf("%d units: class %d, want %d", n, got, want)
		}
	}
}
