package element

import (
	"math"
	"strconv"

	"olmotool/formats"
)

// Format writes an element of a type that [Of] knows with as few digits as tell
// it from its neighbours: 0.02 is that bfloat16 which is nearest to it. Integers
// are written in full, booleans as true and false. What is finite can stand in
// JSON; else it is NaN, Inf or -Inf.
func Format(d formats.DType, bits uint64) string {
	k := kinds[d]
	x := k.Value(bits)
	switch {
	case d == formats.Bool:
		return strconv.FormatBool(x != 0)
	case d == formats.U64 || d == formats.U32 || d == formats.U16 || d == formats.U8:
		return strconv.FormatUint(bits, 10)
	case d == formats.I64:
		return strconv.FormatInt(int64(bits), 10)
	case k.Normal == 0: // the other integers
		return strconv.FormatInt(int64(x), 10)
	case math.IsNaN(x):
		return "NaN"
	case math.IsInf(x, 0):
		return map[bool]string{false: "Inf", true: "-Inf"}[x < 0]
	case d == formats.F64:
		return strconv.FormatFloat(x, 'g', -1, 64)
	case d == formats.F32:
		return strconv.FormatFloat(x, 'g', -1, 32)
	}
	lo, hi := k.interval(bits)
	for digits := 1; ; digits++ {
		s := strconv.FormatFloat(x, 'g', digits, 64)
		if y, _ := strconv.ParseFloat(s, 64); y > lo && y < hi || y == x {
			return shortest(y)
		}
	}
}

// shortest writes few digits as strconv does the fewest.
func shortest(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }

// interval returns the ends of the numbers that are nearer to a float of at most
// 16 bits than to any other. Neighbours have neighbouring bits; beyond the last
// float it is as if there were one more.
func (k *Kind) interval(bits uint64) (lo, hi float64) {
	x := k.Value(bits)
	lo, hi = math.NaN(), math.NaN()
	for _, b := range [...]uint64{bits - 1, bits + 1} {
		switch y := k.Value(b & (1<<(8*k.Width) - 1)); {
		case math.IsInf(y, 0) || math.Signbit(x) != math.Signbit(y):
		case y < x:
			lo = (x + y) / 2
		case y > x:
			hi = (x + y) / 2
		}
	}
	if math.IsNaN(lo) {
		lo = x - (hi - x)
	}
	if math.IsNaN(hi) {
		hi = x + (x - lo)
	}
	return lo, hi
}
