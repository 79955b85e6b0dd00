package gguf

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"olmotool/formats"
)

func TestPlanRefuses(t *testing.T) {
	one := func(x formats.Tensor) []formats.Tensor { return []formats.Tensor{x} }
	short := tensor(t, 0, "t", formats.F32, 4)
	short.Shape = []int64{5}
	huge := tensor(t, 0, "t", formats.F32, 4)
	huge.Shape, huge.Data = []int64{math.MaxInt64 / 4}, sized(math.MaxInt64/4*4)
	for _, x := range []struct {
		name    string
		kvs     []KV
		tensors []formats.Tensor
		want    []string
	}{
		{"duplicate key", []KV{{"a", true}, {"a", true}}, nil, []string{`key "a": found a second one, expected one`}},
		{"empty key", []KV{{"", true}}, nil, []string{"found an empty key, expected a name"}},
		{"long key", []KV{{strings.Repeat("k", 65536), true}}, nil, []string{"found a key of 65536 bytes, expected at most 65535"}},
		{"NUL in a key", []KV{{"a\x00", true}}, nil, []string{`key "a\x00": found a NUL byte in the key`}},
		{"int", []KV{{"a", 1}}, nil, []string{`key "a": found a value of type int, a type that GGUF does not have`}},
		{"nil", []KV{{"a", nil}}, nil, []string{`key "a": found a value of type <nil>`}},
		{"array of arrays", []KV{{"a", [][]string{{"x"}}}}, nil, []string{`key "a": found a value of type [][]string`}},
		{"named type", []KV{{"a", formats.F32}}, nil, []string{`key "a": found a value of type formats.DType`}},
		{"alignment 24", []KV{{alignmentKey, uint32(24)}}, nil, []string{`key "general.alignment": found 24, expected a power of two`}},
		{"alignment of another type", []KV{{alignmentKey, int32(32)}}, nil, []string{`key "general.alignment": found int32, expected uint32`}},
		{"duplicate name", nil, []formats.Tensor{tensor(t, 0, "a", formats.I8, 1), tensor(t, 0, "a", formats.I8, 1)}, []string{`tensor "a": found a second one, expected one`}},
		{"long name", nil, one(tensor(t, 0, strings.Repeat("n", 64), formats.I8, 1)), []string{"found a name of 64 bytes, expected at most 63"}},
		{"NUL in a name", nil, one(tensor(t, 0, "a\x00b", formats.I8, 1)), []string{`tensor "a\x00b": found a NUL byte in the name`}},
		{"U8", nil, one(tensor(t, 0, "a", formats.U8, 1)), []string{`tensor "a": found type U8, expected one that GGUF has`}},
		{"no type", nil, one(formats.Tensor{Name: "a", Data: sized(0)}), []string{`tensor "a": found type invalid`}},
		{"five dimensions", nil, one(tensor(t, 0, "a", formats.I8, 1, 1, 1, 1, 1)), []string{`tensor "a": found 5 dimensions, expected at most 4`}},
		{"data too short", nil, one(short), []string{`tensor "t": found 16 bytes, expected 20 for F32 [5]`}},
		{"offsets overflow", nil, []formats.Tensor{huge, huge.WithName("u")}, []string{`tensor "t": `, "overflows"}},
	} {
		t.Run(x.name, func(t *testing.T) {
			_, err := Plan("", x.kvs, x.tensors, Options{})
			wantWords(t, err, x.want...)
			_, err = PlanSplit("x", x.kvs, x.tensors, 1, 0, true)
			wantWords(t, err, x.want...)
		})
	}
}

// sized is data of that many bytes, which nobody reads.
type sized int64

func (s sized) Size() int64                           { return int64(s) }
func (s sized) ReadAt(p []byte, _ int64) (int, error) { return len(p), nil }

// Each tensor is the Tensor of one segment, in order, and begins at a multiple
// of the alignment.
func TestPlanSegments(t *testing.T) {
	tensors := kindTensors(t)
	p, err := Plan("name", kindKeys, tensors, Options{})
	if err != nil || p.Name != "name" {
		t.Fatal(p, err)
	}
	i := 0
	for k, s := range p.Segments {
		if s.Tensor == nil {
			continue
		}
		if s.Tensor.Name != tensors[i].Name || s.Size != tensors[i].Bytes() || p.Offset(k)%32 != 0 {
			t.Errorf("segment %d at %d is %q of %d bytes, want %q", k, p.Offset(k), s.Tensor.Name, s.Size, tensors[i].Name)
		}
		i++
	}
	if i != len(tensors) || p.Size()%32 != 0 {
		t.Errorf("%d segments have a tensor, want %d; %d bytes", i, len(tensors), p.Size())
	}
}

// What is planned reads back, in both orders.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kvs := rapid.SliceOfNDistinct(rapid.Custom(drawKey), 0, 8, func(kv KV) string { return kv.Key }).Draw(t, "keys")
		if a := rapid.SampledFrom([]uint32{0, 1, 2, 64, 4096}).Draw(t, "alignment"); a != 0 {
			kvs = append(kvs, KV{alignmentKey, a})
		}
		tensors := rapid.SliceOfNDistinct(rapid.Custom(drawTensor), 0, 5, func(x formats.Tensor) string { return x.Name }).Draw(t, "tensors")
		p, err := Plan("", kvs, tensors, Options{BigEndian: rapid.Bool().Draw(t, "big-endian")})
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if _, err := p.WriteTo(&b); err != nil {
			t.Fatal(err)
		}
		f, err := read("x", bytes.NewReader(b.Bytes()), int64(b.Len()))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(kvs, f.KVs, cmp.Comparer(func(a, b float64) bool { return a == b || a != a && b != b })); diff != "" && len(kvs) > 0 {
			t.Fatalf("key-values (-want +got):\n%s", diff)
		}
		if len(f.Tensors) != len(tensors) {
			t.Fatalf("%d tensors, want %d", len(f.Tensors), len(tensors))
		}
		for i, x := range tensors {
			g := f.Tensors[i]
			got, want := make([]byte, x.Bytes()), make([]byte, x.Bytes())
			if err := formats.ReadFull(g.Data, got, 0); err != nil {
				t.Fatal(err)
			}
			if err := formats.ReadFull(x.Data, want, 0); err != nil {
				t.Fatal(err)
			}
			if g.Name != x.Name || g.DType != x.DType || !cmp.Equal(g.Shape, x.Shape) || !bytes.Equal(got, want) {
				t.Fatalf("tensor %d is %q %s %v, want %q %s %v, or has other data", i, g.Name, g.DType, g.Shape, x.Name, x.DType, x.Shape)
			}
		}
		if len(f.Findings) > 1 || len(f.Findings) == 1 && f.Findings[0].Code != "big-endian-blocks" {
			t.Fatalf("findings %v", f.Findings)
		}
	})
}

func drawKey(t *rapid.T) KV {
	v := rapid.OneOf(
		rapid.Uint8().AsAny(), rapid.Int16().AsAny(), rapid.Uint32().AsAny(), rapid.Int64().AsAny(), rapid.Float64().AsAny(),
		rapid.Bool().AsAny(), rapid.String().AsAny(), rapid.SliceOf(rapid.String()).AsAny(), rapid.SliceOf(rapid.Bool()).AsAny(),
		rapid.SliceOf(rapid.Int32()).AsAny(), rapid.SliceOf(rapid.Uint64()).AsAny(), rapid.SliceOf(rapid.Int8()).AsAny(),
	).Draw(t, "value")
	return KV{rapid.StringMatching(`[a-z]{1,3}(\.[a-z_]{1,5})?`).Draw(t, "key"), v}
}

func drawTensor(t *rapid.T) formats.Tensor {
	d := rapid.SampledFrom([]formats.DType{formats.F32, formats.BF16, formats.I8, formats.I64, formats.Q8_0, formats.Q5_1, formats.Q8_K}).Draw(t, "type")
	shape := rapid.SliceOfN(rapid.Int64Range(0, 3), 0, maxDims).Draw(t, "shape")
	if k := len(shape) - 1; k >= 0 {
		shape[k] *= d.BlockElems()
	} else if d.IsBlock() {
		shape = []int64{0}
	}
	n, err := formats.BytesOf(d, shape)
	if err != nil {
		t.Fatal(err)
	}
	x, err := formats.NewTensor(rapid.StringN(0, 10, maxName).Filter(func(s string) bool { return !strings.Contains(s, "\x00") }).Draw(t, "name"),
		d, shape, bytes.NewReader(pattern(int(n), n)))
	if err != nil {
		t.Fatal(err)
	}
	return x
}
