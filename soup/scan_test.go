package soup

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"olmotool/formats"
)

// TestScan holds that facts do not depend on how many goroutines find them.
func TestScan(t *testing.T) {
	const n = 9*blockLen + 5
	m := &modelStockMethod
	x, base := drawn(m, rand.New(rand.NewPCG(1, 9)), 3, n)
	tensor := tensorFor(t, m, []int64{n}, x, base, nil)
	var want [][]float64
	for threads := range 4 {
		tensor.threads = threads + 1
		g, err := tensor.gram(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if want == nil {
			want = g
		}
		for i := range g {
			for j := range g {
				if math.Float64bits(g[i][j]) != math.Float64bits(want[i][j]) {
					t.Errorf("%d threads: %v, one: %v", threads+1, g, want)
				}
			}
		}
	}
}

// TestOptionsThreads holds that what a merge is told of threads holds for facts.
func TestOptionsThreads(t *testing.T) {
	for _, threads := range []int{1, 3} {
		ms, _ := some(t, formats.F32, 10, 2)
		r := Uniform(2)
		r.Method = &multislerpMethod
		res, err := Merge(context.Background(), ms, nil, r, Options{Threads: threads})
		if err != nil {
			t.Fatal(err)
		}
		x := res.from.views[0].t
		one := x.reader(1)
		if n := one.readers(x.threads); n != int64(threads) {
			t.Errorf("%d readers, want %d", n, threads)
		}
		large := x.reader(scanMemory)
		if n := large.readers(x.threads); n != 1 {
			t.Errorf("%d readers of rows as large as the memory for all", n)
		}
	}
}

// TestQueue holds that blocks end in order, whoever is done first, and that none
// is taken after an error.
func TestQueue(t *testing.T) {
	const n = 3 * maxAhead
	for fails := range int64(n + 1) {
		q := queue{blocks: n}
		q.turn.L = &q.mu
		var ended []int64
		done := func(i int64) {
			var err error
			if i == fails {
				err = errBroken
			}
			q.finish(i, func() error { ended = append(ended, i); return nil }, err)
		}
		for first, ok := q.take(); ok; first, ok = q.take() {
			last := first
			for range maxAhead - 1 {
				if i, ok := q.take(); ok {
					last = i
				}
			}
			for i := last; i >= first; i-- {
				done(i)
			}
		}
		for i, x := range ended {
			if x != int64(i) {
				t.Fatalf("ended %v", ended)
			}
		}
		if int64(len(ended)) != min(fails, n) || errors.Is(q.err, errBroken) != (fails < n) {
			t.Errorf("%d ended, %v, with block %d broken", len(ended), q.err, fails)
		}
	}
}

// broken cannot be read from some element on.
type broken struct {
	numbers
	from int64
}

var errBroken = errors.New("broken")

func (b broken) ReadAt(p []byte, off int64) (int, error) {
	if off+int64(len(p)) > 8*b.from {
		return 0, errBroken
	}
	return b.numbers.ReadAt(p, off)
}

// TestScanFails holds that what cannot be read, or is given up, is an error of
// every method that reads, and leaves nobody waiting.
func TestScanFails(t *testing.T) {
	const n = 3*blockLen + 64
	canceled, cancel := context.WithCancel(context.Background())
	cancel()
	for _, m := range others {
		x, base := drawn(m, rand.New(rand.NewPCG(1, 9)), 2, n)
		tensor := tensorFor(t, m, []int64{n / 64, 64}, x, base, usual(m))
		tensor.in[0].Data = broken{x[0], 0}
		if _, err := m.Prepare(context.Background(), tensor); err == nil {
			continue // it does not read
		}
		for _, from := range []int64{0, 2 * blockLen, n - 1} {
			tensor.in[0].Data = broken{x[0], from}
			if _, err := m.Prepare(context.Background(), tensor); !errors.Is(err, errBroken) {
				t.Errorf("%s, broken at %d: %v", m.Name, from, err)
			}
		}
		tensor.in[0].Data = numbers(x[0])
		if _, err := m.Prepare(canceled, tensor); !errors.Is(err, context.Canceled) {
			t.Errorf("%s, canceled: %v", m.Name, err)
		}
		if base != nil {
			tensor.base.Data = broken{base, n - 1}
			if _, err := m.Prepare(context.Background(), tensor); !errors.Is(err, errBroken) {
				t.Errorf("%s, with a broken base: %v", m.Name, err)
			}
		}
	}
}

// TestScanElement holds that the element is named that cannot be computed with.
func TestScanElement(t *testing.T) {
	const n = 3 * blockLen
	m := &karcherMethod
	x, _ := drawn(m, rand.New(rand.NewPCG(1, 9)), 2, n)
	x[1][blockLen+7], x[1][2*blockLen] = 0x1p501, math.NaN()
	_, err := m.Prepare(context.Background(), tensorFor(t, m, []int64{n}, x, nil, nil))
	if want := `model 2: tensor "w": found 6.546781215792284e+150 at [65543], expected a number of at most 3.273390607896142e+150`; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}
