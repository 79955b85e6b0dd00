package cpu

import (
	"math"
	"math/rand/v2"
	"testing"

	"olmotool/accel"
)

func TestRotate(t *testing.T) {
	t.Run("float32", testRotate[float32])
	t.Run("float64", testRotate[float64])
}

// Element j of a head and element j + half are a complex number that is turned.
func testRotate[T accel.Float](t *testing.T) {
	r := rand.New(rand.NewPCG(13, 1))
	for _, half := range []int{1, 8, 16, 17, 64} {
		for _, heads := range []int{1, 3} {
			const tokens, positions = 11, 30
			cos, sin := accel.NewMatrix[T](positions, half), accel.NewMatrix[T](positions, half)
			for i := range cos.Data {
				angle := r.Float64() * 7
				cos.Data[i], sin.Data[i] = T(math.Cos(angle)), T(math.Sin(angle))
			}
			at := make([]int, tokens)
			for i := range at {
				at[i] = r.IntN(positions)
			}
			x := random[T](r, tokens, heads*2*half)
			want := widen(x)
			for i := range tokens {
				for h := range heads {
					head := want.Row(i)[h*2*half:][:2*half]
					for j := range half {
						c := complex(head[j], head[j+half]) *
							complex(float64(cos.Row(at[i])[j]), float64(sin.Row(at[i])[j]))
						head[j], head[j+half] = real(c), imag(c)
					}
				}
			}
			y := clone(x)
			Rotate(1, y, heads, cos, sin, at, Exact)
			near(t, "Rotate", y.Data, want.Data, 4)
			Rotate(3, x, heads, cos, sin, at, Exact)
			same(t, "Rotate on three threads", x.Data, y.Data)
		}
	}
}

func TestRotateShapes(t *testing.T) {
	x, table := accel.NewMatrix[float32](2, 8), accel.NewMatrix[float32](3, 2)
	refused(t, map[string]func(){
		"heads":     func() { Rotate(1, x, 3, table, table, []int{0, 1}, Exact) },
		"positions": func() { Rotate(1, x, 2, table, table, []int{0, 3}, Exact) },
		"negative":  func() { Rotate(1, x, 2, table, table, []int{0, -1}, Exact) },
		"tokens":    func() { Rotate(1, x, 2, table, table, []int{0}, Exact) },
		"tables":    func() { Rotate(1, x, 2, table, table.Slice(0, 2), []int{0, 1}, Exact) },
	})
}
