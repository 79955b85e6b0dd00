package soup

import (
	"bytes"
	"context"
	"encoding/binary"
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"olmotool/formats"
	"olmotool/formats/olmo"
)

// bare returns a model with no config.
func bare(path string, ts ...formats.Tensor) *olmo.Model {
	return &olmo.Model{Tensors: ts, Source: &olmo.Source{
		Checkpoint: &formats.Checkpoint{Path: path, Tensors: ts}, Layout: "safetensors",
	}}
}

// tensorOf returns a tensor with these values, which the type has to hold.
func tensorOf(t testing.TB, name string, d formats.DType, shape []int64, values []float64) formats.Tensor {
	t.Helper()
	b := make([]byte, len(values)*int(d.BlockBytes()))
	var lost formats.CastStats
	encode(b, d, values, make([]float32, len(values)), &lost)
	back := make([]float64, len(values))
	widen(back, d, b, make([]float32, len(values)))
	for i, v := range values {
		if math.Float64bits(v) != math.Float64bits(back[i]) && v == v {
			t.Fatalf("%s: %v is no %s", name, v, d)
		}
	}
	return tensorBytes(t, name, d, shape, b)
}

func tensorBytes(t testing.TB, name string, d formats.DType, shape []int64, b []byte) formats.Tensor {
	t.Helper()
	x, err := formats.NewTensor(name, d, shape, bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	x.Origin = formats.Origin{Name: name, File: "of-" + name, Offset: 0}
	return x
}

func rats(t testing.TB, texts ...string) []*big.Rat {
	t.Helper()
	var out []*big.Rat
	for _, s := range texts {
		x, err := ParseNumber(s)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, x)
	}
	return out
}

// merge merges and reads all bytes, tensor after tensor.
func merge(t testing.TB, r Recipe, o Options, base *olmo.Model, models ...*olmo.Model) []byte {
	t.Helper()
	res, err := Merge(context.Background(), models, base, r, o)
	if err != nil {
		t.Fatal(err)
	}
	return all(t, res.Model)
}

func all(t testing.TB, m *olmo.Model) []byte {
	t.Helper()
	var out []byte
	for _, x := range m.Tensors {
		b := make([]byte, x.Bytes())
		if err := formats.ReadFull(x.Data, b, 0); err != nil {
			t.Fatal(err)
		}
		out = append(out, b...)
	}
	return out
}

// format is a binary floating-point type: bits of the significand, and exponents
// of the smallest and of the largest normal number.
type format struct{ bits, low, high int }

var formatsOf = map[formats.DType]format{
	formats.BF16: {8, -126, 127}, formats.F16: {11, -14, 15}, formats.F32: {24, -126, 127}, formats.F64: {53, -1022, 1023},
}

// nearest is n/d·2^e rounded to nearest even: the definition, in integers. It
// returns the bits without the sign.
func (f format) nearest(n, d *big.Int, e int) uint64 {
	n = new(big.Int).Abs(n)
	if n.Sign() == 0 {
		return 0
	}
	// The exponent of the leading bit: 2^k <= n/d < 2^(k+1).
	k := n.BitLen() - d.BitLen()
	if shifted(n, -k).Cmp(shifted(d, k)) < 0 {
		k--
	}
	unit := max(k+e, f.low) - (f.bits - 1) // of the last place
	num, den := shifted(n, e-unit), shifted(d, unit-e)
	q, r := new(big.Int).QuoRem(num, den, new(big.Int))
	if c := r.Lsh(r, 1).Cmp(den); c > 0 || c == 0 && q.Bit(0) == 1 {
		q.Add(q, big.NewInt(1))
	}
	v := q.Uint64()
	if v>>(f.bits-1) == 0 {
		return v // subnormal
	}
	if v>>f.bits != 0 {
		v, unit = v>>1, unit+1
	}
	exp := unit + f.bits - 1
	if exp > f.high {
		return uint64(2*f.high+1) << (f.bits - 1)
	}
	return uint64(exp+f.high)<<(f.bits-1) + (v - 1<<(f.bits-1))
}

// shifted is x·2^by, or x if by is negative.
func shifted(x *big.Int, by int) *big.Int { return new(big.Int).Lsh(x, uint(max(0, by))) }

// reference is the exact combination of finite values, rounded once to the type;
// without the sign of a zero.
func reference(w []*big.Rat, normalize bool, x []float64, d formats.DType) uint64 {
	sum, total := new(big.Rat), new(big.Rat)
	for i, v := range x {
		sum.Add(sum, new(big.Rat).Mul(w[i], new(big.Rat).SetFloat64(v)))
		total.Add(total, w[i])
	}
	if normalize {
		sum.Quo(sum, total)
	}
	f := formatsOf[d]
	b := f.nearest(sum.Num(), sum.Denom(), 0)
	if sum.Sign() < 0 {
		b |= 1 << (d.BlockBytes()*8 - 1)
	}
	return b
}

// word reads element i.
func word(b []byte, d formats.DType, i int) uint64 {
	switch d.BlockBytes() {
	case 2:
		return uint64(binary.LittleEndian.Uint16(b[2*i:]))
	case 4:
		return uint64(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return binary.LittleEndian.Uint64(b[8*i:])
}

// kinds of values that a tensor may have: what weights are, every pattern of bits,
// small differences, ties.
var kinds = []string{"normal", "bits", "near", "tiny", "equal", "large", "half", "edge"}

// column makes one element of each of n models, of the type.
func column(r *rand.Rand, kind string, d formats.DType, n int) []float64 {
	x := make([]float64, n)
	base := r.NormFloat64() * 0.02
	for i := range x {
		for {
			switch kind {
			case "normal":
				x[i] = r.NormFloat64() * 0.02
			case "bits":
				x[i] = ofBits(d, r.Uint64())
			case "near":
				x[i] = base * (1 + float64(r.IntN(5)-2)/256)
			case "tiny":
				x[i] = math.Ldexp(float64(r.IntN(9)-4), []int{-24, -133, -149, -140, -16, -1074}[r.IntN(6)])
			case "equal":
				x[i] = base
			case "half":
				x[i] = math.Ldexp(1+r.Float64(), formatsOf[d].high-1) * float64(1-2*r.IntN(2))
			case "edge": // of the normal numbers
				x[i] = math.Ldexp(1+r.Float64(), formatsOf[d].low+r.IntN(3)-1)
			case "large":
				x[i] = math.Ldexp(1+r.Float64(), formatsOf[d].high) * float64(1-2*r.IntN(2))
			}
			if x[i] = held(d, x[i]); x[i]-x[i] == 0 {
				break
			}
		}
	}
	return x
}

// held is x in the type.
func held(d formats.DType, x float64) float64 {
	var lost formats.CastStats
	b := make([]byte, 8)
	encode(b[:d.BlockBytes()], d, []float64{x}, make([]float32, 1), &lost)
	y := make([]float64, 1)
	widen(y, d, b[:d.BlockBytes()], make([]float32, 1))
	return y[0]
}

func ofBits(d formats.DType, bits uint64) float64 {
	b := binary.LittleEndian.AppendUint64(nil, bits)
	y := make([]float64, 1)
	widen(y, d, b[:d.BlockBytes()], make([]float32, 1))
	return y[0]
}

// models returns models of one tensor, with these values.
func models(t testing.TB, d formats.DType, shape []int64, x [][]float64) []*olmo.Model {
	t.Helper()
	var out []*olmo.Model
	for i, v := range x {
		out = append(out, bare(string(rune('a'+i)), tensorOf(t, "x", d, shape, v)))
	}
	return out
}

func newRand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 1)) }
