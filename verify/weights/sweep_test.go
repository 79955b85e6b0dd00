package weights

import (
	"context"
	"errors"
	"sync"
	"testing"
)

// TestSweep: every element of every job is handed out once, by any number of
// threads.
func TestSweep(t *testing.T) {
	elems := []int64{0, 1, pieceElems, 0, pieceElems*3 + 5, 0}
	for _, threads := range []int{0, 1, 3, 16} {
		var mu sync.Mutex
		got := make([]int64, len(elems))
		seen := map[[2]int64]bool{}
		err := sweep(context.Background(), threads, elems, pieces, func(w *worker, job int, lo, n int64) error {
			mu.Lock()
			defer mu.Unlock()
			if n < 1 || n > pieceElems || lo%pieceElems != 0 || seen[[2]int64{int64(job), lo}] {
				t.Errorf("job %d: [%d,+%d)", job, lo, n)
			}
			seen[[2]int64{int64(job), lo}] = true
			got[job] += n
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for i, n := range elems {
			if got[i] != n {
				t.Errorf("%d threads: %d elements of job %d, want %d", threads, got[i], i, n)
			}
		}
	}
}

func TestSweepStops(t *testing.T) {
	stop := errors.New("stop")
	calls := 0
	err := sweep(context.Background(), 1, []int64{10 * pieceElems}, pieces, func(*worker, int, int64, int64) error {
		calls++
		return stop
	})
	if err != stop || calls != 1 {
		t.Errorf("%d calls, %v", calls, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := sweep(ctx, 2, []int64{1}, pieces, func(*worker, int, int64, int64) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// TestRangeOf: few ranges, of whole pieces.
func TestRangeOf(t *testing.T) {
	for _, n := range []int64{0, 1, pieceElems, pieceElems + 1, maxRanges * pieceElems, maxRanges*pieceElems + 1, 1 << 50} {
		r := rangeOf(n)
		if r%pieceElems != 0 || r < pieceElems || (n+r-1)/r > maxRanges {
			t.Errorf("%d elements: ranges of %d", n, r)
		}
	}
}
