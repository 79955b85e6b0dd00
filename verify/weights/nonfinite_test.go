package weights

import (
	"bytes"
	"encoding/binary"
	"math"
	"testing"

	"pgregory.net/rapid"

	"olmotool/formats"
	"olmotool/internal/element"
)

// TestScan holds the scan to a look at each value, in every plain type and at
// every length.
func TestScan(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := rapid.SampledFrom([]formats.DType{formats.F16, formats.BF16, formats.F32, formats.F64}).Draw(t, "type")
		_, infinite := element.SignAndInf(d)
		w := int(d.BlockBytes())
		n := rapid.IntRange(0, 70).Draw(t, "n")
		b := make([]byte, n*w)
		var nan, inf, first int64
		for i := range n {
			var x [8]byte
			bits := rapid.SampledFrom([]uint64{0, infinite - 1, infinite, infinite + 1, 2*infinite - 1, 1 << (8*w - 1), infinite | 1<<(8*w-1), 1<<(8*w-1) | infinite | 3}).Draw(t, "bits")
			if rapid.IntRange(0, 9).Draw(t, "plain") > 0 {
				bits %= infinite
			}
			binary.LittleEndian.PutUint64(x[:], bits)
			copy(b[i*w:], x[:w])
			v := element.Value(d, bits)
			if v-v == 0 {
				continue
			}
			if first == 0 {
				first = int64(i) + 1
			}
			if math.IsNaN(v) {
				nan++
			} else {
				inf++
			}
		}
		var got tally
		got.scan(d, b, 100)
		if first > 0 {
			first += 100
		}
		if got.nan.Load() != nan || got.inf.Load() != inf || got.first.Load() != first {
			t.Fatalf("%s %x: %d NaN, %d infinite from %d, want %d, %d from %d", d, b, got.nan.Load(), got.inf.Load(), got.first.Load(), nan, inf, first)
		}
	})
}

// TestScanBlocks: a scale that is no number takes its block along, wherever the
// type has its scales.
func TestScanBlocks(t *testing.T) {
	for d, at := range scales {
		size := int(d.BlockBytes())
		for _, k := range at {
			if k+2 > size || !d.IsBlock() {
				t.Fatalf("%s: a scale at %d of %d bytes", d, k, size)
			}
			for _, bits := range []uint16{element.InfF16, 0xfe01} {
				b := make([]byte, 4*size)
				binary.LittleEndian.PutUint16(b[2*size+k:], bits)
				var got tally
				got.scan(d, b, 0)
				e := d.BlockElems()
				if got.first.Load() != 2*e+1 || got.nan.Load()+got.inf.Load() != e || (got.nan.Load() > 0) != (bits != element.InfF16) {
					t.Errorf("%s: %d NaN and %d infinite from %d", d, got.nan.Load(), got.inf.Load(), got.first.Load())
				}
			}
		}
	}
	var got tally
	got.scan(formats.I32, bytes.Repeat([]byte{0xff}, 64), 0)
	if got.any() {
		t.Error("integers are tallied")
	}
}

// TestScanQ8: the same by what our decoder makes of a block.
func TestScanQ8(t *testing.T) {
	v := make([]float64, 96)
	v[40] = math.NaN()
	x := tensor(t, formats.Q8_0, []int64{96}, v)
	b := make([]byte, x.Bytes())
	if err := formats.ReadFull(x.Data, b, 0); err != nil {
		t.Fatal(err)
	}
	var got tally
	got.scan(formats.Q8_0, b, 0)
	if got.nan.Load() != 32 || got.first.Load() != 33 {
		t.Errorf("%d NaN from %d", got.nan.Load(), got.first.Load())
	}
}
