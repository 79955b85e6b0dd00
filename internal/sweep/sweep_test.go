package sweep

import (
	"context"
	"errors"
	"sync"
	"testing"
)

const piece = 100

func step(int) int64 { return piece }

// TestEach: every element of every job is handed out once, by any number of
// threads.
func TestEach(t *testing.T) {
	elems := []int64{0, 1, piece, 0, piece*3 + 5, 0}
	for _, threads := range []int{0, 1, 3, 16} {
		var mu sync.Mutex
		got := make([]int64, len(elems))
		seen := map[[2]int64]bool{}
		err := Each(context.Background(), threads, elems, step, func(w *int, job int, lo, n int64) error {
			mu.Lock()
			defer mu.Unlock()
			if n < 1 || n > piece || lo%piece != 0 || seen[[2]int64{int64(job), lo}] {
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

func TestEachStops(t *testing.T) {
	stop := errors.New("stop")
	calls := 0
	err := Each(context.Background(), 1, []int64{10 * piece}, step, func(*int, int, int64, int64) error {
		calls++
		return stop
	})
	if err != stop || calls != 1 {
		t.Errorf("%d calls, %v", calls, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := Each(ctx, 2, []int64{1}, step, func(*int, int, int64, int64) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}
