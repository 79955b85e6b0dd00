package cpu

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// split calls work for pieces [lo, hi) of [0, n), each of grain but the last, on
// so many goroutines; threads below 1 are all cores. Who does which piece is
// left to chance, so a piece must be computed from its bounds alone.
func split(threads, n, grain int, work func(lo, hi int)) {
	pieces := (n + grain - 1) / grain
	if threads < 1 {
		threads = runtime.GOMAXPROCS(0)
	}
	threads = min(threads, pieces)
	var next atomic.Int64
	loop := func() {
		for {
			i := int(next.Add(1)) - 1
			if i >= pieces {
				return
			}
			work(i*grain, min((i+1)*grain, n))
		}
	}
	var wg sync.WaitGroup
	for range threads - 1 {
		wg.Go(loop)
	}
	loop()
	wg.Wait()
}

// rowElems is how many elements of activations are a piece of work: enough to
// be worth a goroutine, few enough to stay in the first levels of cache.
const rowElems = 16 << 10

// rowGrain is how many rows are a piece of work.
func rowGrain(cols int) int { return max(1, rowElems/max(1, cols)) }
