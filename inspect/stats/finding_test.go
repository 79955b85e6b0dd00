package stats

import (
	"math"
	"testing"

	"olmotool/formats"
)

func TestFindings(t *testing.T) {
	third, huge := 1.0/3, 70000.0
	for _, c := range []struct {
		name string
		ts   []formats.Tensor
		want []string
	}{
		{"all is well", []formats.Tensor{tensorOf(t, formats.F32, encode(formats.F32, third, 1), 2)}, nil},
		{"no floats", []formats.Tensor{tensorOf(t, formats.I8, []byte{1}, 1), tensorOf(t, formats.C64, make([]byte, 8), 1), tensorOf(t, formats.F32, nil, 0)}, nil},
		{"not finite", []formats.Tensor{tensorOf(t, formats.F32, encode(formats.F32, third, math.NaN(), 1, math.Inf(1)), 2, 2)}, []string{
			`error not-finite tensor "": found 1 NaN and 1 infinities in 4 elements, the first at [0 1], expected finite values`,
		}},
		{"dead", []formats.Tensor{tensorOf(t, formats.F32, encode(formats.F32, third, 0, 0, 0), 2, 2)}, []string{
			`info dead-rows tensor "": 1 of 2 rows are all zero, the first is row 1`,
			`info dead-columns tensor "": 1 of 2 columns are all zero, the first is column 1`,
		}},
		{"types", []formats.Tensor{
			tensorOf(t, formats.F32, encode(formats.F32, 1, 2047), 2),
			tensorOf(t, formats.F64, encode(formats.F64, 0, 0), 1, 2),
			tensorOf(t, formats.F32, encode(formats.F32, 2, 3), 2),
			tensorOf(t, formats.BF16, encode(formats.BF16, huge, math.Inf(1)), 2),
		}, []string{
			`warning all-zero tensor "": all 2 elements are zero`,
			`error not-finite tensor "": found 0 NaN and 1 infinities in 2 elements, the first at [1], expected finite values`,
			`info wider-than-needed F32: all 4 elements of 2 tensors would be the same in F16`,
			`info wider-than-needed F64: all 2 elements of 1 tensors would be the same in BF16`,
			`info f16-overflow BF16: 1 of 2 elements would be infinite in F16`,
		}},
	} {
		var ss []*Stats
		err := All(t.Context(), c.ts, Options{}, func(_ int, s *Stats) error { ss = append(ss, s); return nil })
		if err != nil {
			t.Fatal(err)
		}
		got := Findings(c.ts, ss)
		for i := range max(len(got), len(c.want)) {
			var g, w string
			if i < len(got) {
				g = string(got[i].Severity) + " " + got[i].Code + " " + got[i].Where + ": " + got[i].Message
			}
			if i < len(c.want) {
				w = c.want[i]
			}
			if g != w {
				t.Errorf("%s: found %q, want %q", c.name, g, w)
			}
		}
	}
}
