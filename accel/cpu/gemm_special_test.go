package cpu

import (
	"math"
	"math/rand/v2"
	"testing"

	"olmotool/accel"
)

// NaN and infinities are in the rows and columns of results to which they
// belong, and in no other, whatever they share registers with.
func TestMatMulNotFinite(t *testing.T) {
	t.Run("float32", testMatMulNotFinite[float32])
	t.Run("float64", testMatMulNotFinite[float64])
}

func testMatMulNotFinite[T accel.Float](t *testing.T) {
	const m, n, k = 39, 21, kBlock + 9
	r := rand.New(rand.NewPCG(6, 1))
	nan, inf := T(math.NaN()), T(math.Inf(1))
	x := random[T](r, m, k)
	x.Row(3)[5], x.Row(38)[kBlock+1] = nan, inf
	x.Row(20)[7], x.Row(20)[8] = inf, -inf
	for _, typ := range types {
		w, values := stored[T](typ, n, k, ordinary(r, typ))
		poison := map[accel.Type]uint64{accel.F32: 0x7f800001, accel.F64: 0x7ff0000000000001, accel.F16: 0x7c01, accel.BF16: 0x7f81}
		infinite := map[accel.Type]uint64{accel.F32: 0xff800000, accel.F64: 0xfff0000000000000, accel.F16: 0xfc00, accel.BF16: 0xff80}
		for place, bits := range map[int]uint64{20*k + k - 1: poison[typ], 4*k + 2: infinite[typ], 5*k + 2: 0} {
			one, value := stored[T](typ, 1, 1, func() uint64 { return bits })
			copy(w.Bytes[place*typ.Size():], one.Bytes)
			values[place] = value[0]
		}
		x.Row(11)[2] = 0 // times infinity
		want := naiveProduct(x, values, n)
		for i, v := range want.Data {
			row, col := i/n, i%n
			if bad := row == 3 || row == 20 || row == 38 || col == 20 || col == 4; bad == (v-v == 0) {
				t.Fatalf("%g at [%d %d]", v, row, col)
			}
		}
		for _, kn := range versions[T]() {
			same(t, title(kn, typ, m, n, k), multiplied(kn, 1, x, w).Data, want.Data)
		}
	}
}

// Sums that are subnormal, that overflow, and that end in zeros of either sign.
func TestMatMulRange(t *testing.T) {
	t.Run("float32", testMatMulRange[float32])
	t.Run("float64", testMatMulRange[float64])
}

func testMatMulRange[T accel.Float](t *testing.T) {
	const m, n = 33, 13
	limit := map[float64]int{0x1p-24: 149, 0x1p-53: 1074}[unit[T]()]
	r := rand.New(rand.NewPCG(7, 1))
	seen := map[string]bool{}
	for _, e := range []int{-limit/2 - 4, -limit / 2, -limit/2 + 6, limit/2 - 12, limit / 2} {
		for _, k := range []int{1, 2, 7, kBlock + 1} {
			x, w := random[T](r, m, k), random[T](r, n, k)
			for _, a := range []accel.Matrix[T]{x, w} {
				for i, v := range a.Data {
					a.Data[i] = T(math.Ldexp(float64(v), e))
				}
			}
			want := naiveProduct(x, w.Data, n)
			for _, v := range want.Data {
				smallest := math.Ldexp(1, map[int]int{149: -126, 1074: -1022}[limit])
				switch a := math.Abs(float64(v)); {
				case a == 0 && math.Signbit(float64(v)):
					seen["negative zero"] = true
				case a > 0 && a < smallest:
					seen["subnormal"] = true
				case a > math.MaxFloat64 || v-v != 0:
					seen["infinite"] = true
				}
			}
			for _, kn := range versions[T]() {
				y := accel.NewMatrix[T](m, n)
				p := product[T]{kn, y.Data, n, inMemory(w.Data, k), n, k, chainOf(k)}
				p.compute(1, x.Data, k, m)
				same(t, kn.name, y.Data, want.Data)
			}
		}
	}
	for _, s := range []string{"negative zero", "subnormal", "infinite"} {
		if !seen[s] {
			t.Errorf("no sum was %s", s)
		}
	}
}

// Shapes that do not fit are errors, whatever their numbers.
func TestMatMulErrors(t *testing.T) {
	x, y := accel.NewMatrix[float32](2, 3), accel.NewMatrix[float32](2, 4)
	w := accel.Weight{Type: accel.F16, Rows: 4, Cols: 3, Bytes: make([]byte, 24)}
	with := func(f func(*accel.Weight)) accel.Weight { w := w; f(&w); return w }
	large := 1 << 62
	for name, c := range map[string]struct {
		y    accel.Matrix[float32]
		at   int
		x    accel.Matrix[float32]
		w    accel.Weight
		want string
	}{
		"type":       {y, 0, x, with(func(w *accel.Weight) { w.Type = 4 }), "found weights of type 4, expected F32, F64, F16 or BF16"},
		"bytes":      {y, 0, x, with(func(w *accel.Weight) { w.Bytes = w.Bytes[:22] }), "found 11 elements of weights, expected those of [4 3]"},
		"odd bytes":  {y, 0, x, with(func(w *accel.Weight) { w.Bytes = make([]byte, 25) }), "found 25 bytes of weights, expected 24 for F16 [4 3]"},
		"overflow":   {y, 0, x, with(func(w *accel.Weight) { w.Rows, w.Cols, w.Bytes = large, 4, nil }), "found 0 elements of weights, expected those of [4611686018427387904 4]"},
		"negative":   {y, 0, x, with(func(w *accel.Weight) { w.Rows, w.Cols = -4, -3 }), "found 12 elements of weights, expected those of [-4 -3]"},
		"x":          {y, 0, accel.Matrix[float32]{Rows: 2, Cols: 3}, w, "found 0 elements of activations, expected those of [2 3]"},
		"y":          {accel.Matrix[float32]{Rows: 2, Cols: 4, Data: x.Data}, 0, x, w, "found 6 elements of results, expected those of [2 4]"},
		"column":     {y, 1, x, w, "found [2 4] = [2 3] times the transpose of [4 3] at column 1, expected shapes that fit"},
		"far column": {y, math.MaxInt, x, w, "found column 9223372036854775807, expected one of 4"},
		"before":     {y, -1, x, w, "found [2 4] = [2 3] times the transpose of [4 3] at column -1, expected shapes that fit"},
		"tokens":     {accel.NewMatrix[float32](3, 4), 0, x, w, "found [3 4] = [2 3] times the transpose of [4 3] at column 0, expected shapes that fit"},
	} {
		if err := (Device[float32]{}).MatMul(c.y, c.at, c.x, c.w); err == nil || err.Error() != c.want {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
}
