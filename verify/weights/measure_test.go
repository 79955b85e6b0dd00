package weights

import (
	"context"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"

	"olmotool/formats"
	"olmotool/formats/olmo"
)

// measureOf measures with so many threads.
func measureOf(t testing.TB, threads int, want, got formats.Tensor, loose bool) *measure {
	t.Helper()
	c := &comparison{Options: Options{Threads: threads}, ref: &olmo.Model{}}
	m, err := c.measured(context.Background(), want, got, loose)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestMeasure holds the measures to their definitions.
func TestMeasure(t *testing.T) {
	want := tensor(t, formats.F32, []int64{4, 3}, []float64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, math.NaN()})
	got := tensor(t, formats.F32, []int64{4, 3}, []float64{1, 2, 3.5, 4, 5, 6, math.Inf(1), 8, -9, 10, 11, math.NaN()})
	m := measureOf(t, 2, want, got, true)
	ww, gg, wg, dd := 0.0, 0.0, 0.0, 0.0
	for _, p := range [][2]float64{{1, 1}, {2, 2}, {3, 3.5}, {4, 4}, {5, 5}, {6, 6}, {8, 8}, {9, -9}, {10, 10}, {11, 11}} {
		ww += p[0] * p[0]
		gg += p[1] * p[1]
		wg += p[0] * p[1]
		dd += (p[1] - p[0]) * (p[1] - p[0])
	}
	if m.changed != 3 || m.rows != 2 || m.lo != 0 || m.hi != 2 || !reflect.DeepEqual(m.elems, []int64{2, 6, 8}) || !reflect.DeepEqual(m.first, []int64{0, 2}) {
		t.Errorf("changes: %+v", m)
	}
	if m.ww != ww || m.gg != gg || m.wg != wg || m.dd != dd || m.maxAbs != 18 || !m.measured {
		t.Errorf("sums: %+v", m)
	}
	if m.nan != [2]int64{1, 1} || m.inf != [2]int64{0, 1} || m.ulp != [6]int64{9, 0, 0, 0, 0, 3} {
		t.Errorf("classes: %+v", m)
	}
	if got, want := m.relRMS(), math.Sqrt(dd/ww); math.Abs(got-want) > 1e-15 {
		t.Errorf("relative error %v, want %v", got, want)
	}
	if got, want := m.cosine(), wg/math.Sqrt(ww*gg); math.Abs(got-want) > 1e-15 {
		t.Errorf("cosine %v, want %v", got, want)
	}
	if n, first := m.changedColumns(); n != 2 || first != 0 {
		t.Errorf("%d columns from %d", n, first)
	}
}

// TestMeasureEdges: nothing, zeros, and numbers that are too large for a sum.
func TestMeasureEdges(t *testing.T) {
	zero := tensor(t, formats.F32, []int64{2}, []float64{0, 0})
	one := tensor(t, formats.F32, []int64{2}, []float64{0, 1})
	if m := measureOf(t, 1, zero, one, false); m.relRMS() != 1 || m.cosine() != 0 {
		t.Errorf("of zero: %v, %v", m.relRMS(), m.cosine())
	}
	if m := measureOf(t, 1, zero, zero, false); m.relRMS() != 0 || m.changed != 0 {
		t.Errorf("nothing changed: %+v", m)
	}
	minus := tensor(t, formats.F32, []int64{2}, []float64{math.Copysign(0, -1), 0})
	if m := measureOf(t, 1, zero, minus, false); m.changed != 1 || m.ulp[0] != 2 || m.relRMS() != 0 {
		t.Errorf("minus zero: %+v", m)
	}
	big, err := formats.Cast(one, formats.F64, nil)
	if err != nil {
		t.Fatal(err)
	}
	x := stored(t, big)
	for _, b := range [][]byte{{0, 0, 0, 0, 0, 0, 0xe0, 0x7f}, {0, 0, 0, 0, 0, 0, 0xe0, 0xff}} { // ± 9e307
		y := x
		y.Data = patched(t, x, 8, b)
		if m := measureOf(t, 1, x, y, false); m.relRMS() != math.MaxFloat64 || m.cosine() != 0 {
			t.Errorf("too large: %v, %v", m.relRMS(), m.cosine())
		}
	}
	nan := tensor(t, formats.BF16, []int64{1}, []float64{math.NaN()})
	other := nan
	other.Data = patched(t, nan, 0, []byte{0xff, 0xff})
	if m := measureOf(t, 1, nan, other, true); m.changed != 0 || m.ulp[0] != 1 {
		t.Errorf("loose: %+v", m)
	}
	if m := measureOf(t, 1, nan, other, false); m.changed != 1 {
		t.Errorf("strict: %+v", m)
	}
}

// TestMeasureBlocks: of Q8_0 the values count, of what cannot be decoded the
// blocks.
func TestMeasureBlocks(t *testing.T) {
	v := make([]float64, 64)
	v[0], v[40] = 127, 127
	want := tensor(t, formats.Q8_0, []int64{2, 32}, v)
	got := want
	got.Data = patched(t, want, 34+2+5, []byte{3}) // value 5 of the second block
	m := measureOf(t, 1, want, got, false)
	if m.changed != 1 || m.elems[0] != 37 || m.maxAbs != 3 || m.ulp != [6]int64{} || !m.measured {
		t.Errorf("Q8_0: %+v", m)
	}
	want.DType, got.DType = formats.Q4_0, formats.Q4_0 // 18 bytes a block
	want.Shape, got.Shape = []int64{1, 96}, []int64{1, 96}
	want.Data, got.Data = stored(t, cutTo(want, 54)).Data, stored(t, cutTo(got, 54)).Data
	if m := measureOf(t, 1, want, got, false); m.changed != 32 || m.elems[0] != 64 || m.measured {
		t.Errorf("Q4_0: %+v", m)
	}
}

// TestMeasureThreads: neither the number of threads nor where a tensor is cut
// into ranges changes anything.
func TestMeasureThreads(t *testing.T) {
	const cols = 1500 // rows end in the middle of pieces
	x := noise(t, 1, formats.BF16, 400, cols)
	for seed := range uint64(10) {
		b := make([]byte, x.Bytes())
		if err := formats.ReadFull(x.Data, b, 0); err != nil {
			t.Fatal(err)
		}
		r := rand.New(rand.NewPCG(seed, 1))
		rows, elems := map[int64]bool{}, map[int64]bool{}
		for range 1 + r.IntN(20) {
			i := r.Int64N(x.Elements())
			if r.IntN(2) == 0 {
				i = i/pieceElems*pieceElems - r.Int64N(2) // at a border
			}
			if i >= 0 && !elems[i] {
				b[2*i] ^= 1
				elems[i], rows[i/cols] = true, true
			}
		}
		y := x
		y.Data = reader(b)
		one := measureOf(t, 1, x, y, false)
		if one.changed != int64(len(elems)) || one.rows != int64(len(rows)) {
			t.Errorf("%d elements in %d rows, want %d in %d", one.changed, one.rows, len(elems), len(rows))
		}
		if three := measureOf(t, 3, x, y, false); !reflect.DeepEqual(one, three) {
			t.Errorf("with 3 threads %+v, with 1 %+v", three, one)
		}
	}
}
