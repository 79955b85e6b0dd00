package gguf

import (
	"testing"

	"olmotool/formats"
)

// Ids of the format, as its C header numbers them.
func TestTypeIDs(t *testing.T) {
	want := map[formats.DType]uint32{
		formats.F32: 0, formats.F16: 1, formats.Q4_0: 2, formats.Q8_0: 8, formats.Q4_K: 12, formats.Q6_K: 14,
		formats.I8: 24, formats.I16: 25, formats.I32: 26, formats.I64: 27, formats.F64: 28, formats.BF16: 30,
		formats.MXFP4: 39, formats.Q2_0: 42,
	}
	for d, id := range want {
		if got, ok := TypeID(d); !ok || got != id {
			t.Errorf("TypeID(%s) = %d, %v, want %d", d, got, ok, id)
		}
	}
	n := 0
	for id := range uint32(len(types)) {
		d, err := DTypeOf(id)
		if err != nil {
			continue
		}
		n++
		if back, ok := TypeID(d); !ok || back != id {
			t.Errorf("type %d is %s, which is type %d, %v", id, d, back, ok)
		}
	}
	if n != 43-len(removed) {
		t.Errorf("%d types, want 35", n)
	}
	for d := formats.InvalidDType; d == formats.InvalidDType || d.Valid(); d++ {
		_, ok := TypeID(d)
		if plain := map[formats.DType]bool{
			formats.F32: true, formats.F16: true, formats.BF16: true, formats.F64: true,
			formats.I8: true, formats.I16: true, formats.I32: true, formats.I64: true,
		}[d]; ok != (plain || d.Valid() && d.IsBlock()) {
			t.Errorf("TypeID(%s): %v", d, ok)
		}
	}
}
