package cpu

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"olmotool/accel"
)

// Shapes with every remainder of blocks and tiles, in a larger matrix of
// results whose other columns stay as they are.
func TestMatMul(t *testing.T) {
	t.Run("float32", rapid.MakeCheck(checkMatMul[float32]))
	t.Run("float64", rapid.MakeCheck(checkMatMul[float64]))
}

func checkMatMul[T accel.Float](t *rapid.T) {
	m, n := rapid.IntRange(0, 70).Draw(t, "m"), rapid.IntRange(0, 40).Draw(t, "n")
	k := rapid.OneOf(rapid.IntRange(0, 40), rapid.IntRange(kBlock-1, kBlock+20), rapid.Just(2*kBlock)).Draw(t, "k")
	before, after := rapid.IntRange(0, 9).Draw(t, "before"), rapid.IntRange(0, 9).Draw(t, "after")
	typ := rapid.SampledFrom(types).Draw(t, "type")
	threads := rapid.IntRange(1, 4).Draw(t, "threads")
	r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
	x := random[T](r, m, k)
	w, values := stored[T](typ, n, k, ordinary(r, typ))
	want := random[T](r, m, before+n+after)
	got := clone(want)
	for i, product := 0, naiveProduct(x, values, n); i < m; i++ {
		copy(want.Row(i)[before:], product.Row(i))
	}
	for _, kn := range versions[T]() {
		y := clone(got)
		matMul(kn, threads, y, before, x, w)
		same(t, title(kn, typ, m, n, k), y.Data, want.Data)
	}
	if err := (Device[T]{threads}).MatMul(got, before, x, w); err != nil {
		t.Fatalf("%v", err)
	}
	same(t, "MatMul", got.Data, want.Data)
}

// Products of matrices in memory, of which rows have gaps.
func TestGemm(t *testing.T) {
	t.Run("float32", rapid.MakeCheck(checkGemm[float32]))
	t.Run("float64", rapid.MakeCheck(checkGemm[float64]))
}

func checkGemm[T accel.Float](t *rapid.T) {
	m, n, k := rapid.IntRange(1, 40).Draw(t, "m"), rapid.IntRange(1, 40).Draw(t, "n"), rapid.IntRange(0, 70).Draw(t, "k")
	gap := rapid.IntRange(0, 5)
	r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
	x, w := random[T](r, m, k+gap.Draw(t, "x")), random[T](r, n, k+gap.Draw(t, "w"))
	y := random[T](r, m, n+gap.Draw(t, "y"))
	dense := func(a accel.Matrix[T]) accel.Matrix[T] {
		d := accel.NewMatrix[T](a.Rows, k)
		for i := range a.Rows {
			copy(d.Row(i), a.Row(i))
		}
		return d
	}
	want := clone(y)
	for i, p := 0, naiveProduct(dense(x), dense(w).Data, n); i < m; i++ {
		copy(want.Row(i), p.Row(i))
	}
	// The last rows end with their last element.
	gemm(y.Data[:(m-1)*y.Cols+n], y.Cols, x.Data[:(m-1)*x.Cols+k], x.Cols, m, w.Data[:(n-1)*w.Cols+k], w.Cols, n, k, chainOf(k))
	same(t, "gemm", y.Data, want.Data)
}

// A row of results is the same whether it is computed alone or among others,
// from all weights or a few rows, by one thread or more.
func TestMatMulPieces(t *testing.T) {
	t.Run("float32", testMatMulPieces[float32])
	t.Run("float64", testMatMulPieces[float64])
}

func testMatMulPieces[T accel.Float](t *testing.T) {
	const m, n, k = 71, 2*pieceRows + 13, kBlock + 13
	r := rand.New(rand.NewPCG(3, 1))
	x := random[T](r, m, k)
	for _, typ := range types {
		w, _ := stored[T](typ, n, k, ordinary(r, typ))
		rows := func(lo, hi int) accel.Weight {
			size := k * typ.Size()
			return accel.Weight{Type: typ, Rows: hi - lo, Cols: k, Bytes: w.Bytes[lo*size : hi*size]}
		}
		for _, kn := range versions[T]() {
			want := multiplied(kn, 1, x, w)
			for threads := 2; threads <= 4; threads++ {
				same(t, fmt.Sprint(threads, " threads"), multiplied(kn, threads, x, w).Data, want.Data)
			}
			for _, i := range []int{0, 1, m / 2, m - 1} {
				same(t, "one row", multiplied(kn, 1, x.Slice(i, i+1), w).Data, want.Row(i))
			}
			same(t, "a few rows", multiplied(kn, 1, x.Slice(5, 22), w).Data, want.Slice(5, 22).Data)
			y := accel.NewMatrix[T](m, n)
			for lo := 0; lo < n; lo += 29 {
				matMul(kn, 2, y, lo, x, rows(lo, min(lo+29, n)))
			}
			same(t, "panels", y.Data, want.Data)
		}
	}
}

// More tokens than are packed at a time.
func TestMatMulChunks(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 1))
	x := random[float32](r, chunkBytes/4+17, 19)
	w, values := stored[float32](accel.BF16, 13, 19, ordinary(r, accel.BF16))
	want := naiveProduct(x, values, 13)
	for _, kn := range versions[float32]() {
		same(t, kn.name, multiplied(kn, 2, x, w).Data, want.Data)
	}
}

// The error against float64 is that of blocked sums.
func TestMatMulError(t *testing.T) {
	const m, n, k = 16, 24, 8192
	r := rand.New(rand.NewPCG(5, 1))
	x := random[float32](r, m, k)
	w, values := stored[float32](accel.F32, n, k, ordinary(r, accel.F32))
	y := multiplied(current[float32](), 1, x, w)
	var blocked, sequential, size float64
	for i := range m {
		for j := range n {
			exact, plain := 0.0, float32(0)
			for l, v := range x.Row(i) {
				exact += float64(v) * float64(values[j*k+l])
				plain += v * values[j*k+l]
			}
			blocked += math.Pow(float64(y.Row(i)[j])-exact, 2)
			sequential += math.Pow(float64(plain)-exact, 2)
			size += exact * exact
		}
	}
	units := func(sum float64) float64 { return math.Sqrt(sum/size) / math.Sqrt(k) / unit[float32]() }
	t.Logf("relative rms error in units of √k·2⁻²⁴: %.3f; of a plain sum: %.3f", units(blocked), units(sequential))
	if !(units(blocked) <= 0.3) || !(3*units(blocked) < units(sequential)) {
		t.Errorf("relative rms error %.3f·√k·2⁻²⁴, of a plain sum %.3f", units(blocked), units(sequential))
	}
}
