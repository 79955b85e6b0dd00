package soup

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"testing"
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

// broken cannot be read from some element on.
type broken struct {
	slice
	from int64
}

var errBroken = errors.New("broken")

func (b broken) Read(ctx context.Context, dst []float64, at int64) error {
	if at+int64(len(dst)) > b.from {
		return errBroken
	}
	return b.slice.Read(ctx, dst, at)
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
		tensor.X[0] = broken{x[0], 0}
		if _, err := m.Prepare(context.Background(), tensor); err == nil {
			continue // it does not read
		}
		for _, from := range []int64{0, 2 * blockLen, n - 1} {
			tensor.X[0] = broken{x[0], from}
			if _, err := m.Prepare(context.Background(), tensor); !errors.Is(err, errBroken) {
				t.Errorf("%s, broken at %d: %v", m.Name, from, err)
			}
		}
		tensor.X[0] = slice(x[0])
		if _, err := m.Prepare(canceled, tensor); !errors.Is(err, context.Canceled) {
			t.Errorf("%s, canceled: %v", m.Name, err)
		}
		if base != nil {
			tensor.Base = broken{base, n - 1}
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
	if want := `tensor "w": found 6.546781215792284e+150 at [65543] of model 2, expected a number of at most 3.273390607896142e+150`; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}
