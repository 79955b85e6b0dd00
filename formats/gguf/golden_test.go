package gguf

import (
	"bytes"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"olmotool/formats"
)

var architecture = KV{"general.architecture", "none"}

// kindKeys are the key-values of kinds.gguf: one of every type.
var kindKeys = []KV{
	architecture,
	{"scalar.uint8", uint8(200)},
	{"scalar.int8", int8(-100)},
	{"scalar.uint16", uint16(60000)},
	{"scalar.int16", int16(-30000)},
	{"scalar.uint32", uint32(4000000000)},
	{"scalar.int32", int32(-2000000000)},
	{"scalar.float32", float32(0.1)},
	{"scalar.uint64", uint64(18000000000000000000)},
	{"scalar.int64", int64(-9000000000000000000)},
	{"scalar.float64", 0.1},
	{"scalar.bool", true},
	{"scalar.string", "héllo\n\x1b[31m"},
	{"scalar.empty", ""},
	{"array.string", []string{"a", "", "Ġtoken"}},
	{"array.auto_int", []int32{1, -2, 3}},
	{"array.auto_float", []float32{0.5, -1.25}},
	{"array.auto_bool", []bool{true, false, true}},
	{"array.bytes", []uint8{0, 1, 255}},
	{"array.uint8", []uint8{1, 255}},
	{"array.int8", []int8{-128, 127}},
	{"array.uint16", []uint16{1, 65535}},
	{"array.int16", []int16{-32768, 1}},
	{"array.uint32", []uint32{7, 4294967295}},
	{"array.uint64", []uint64{1, math.MaxUint64}},
	{"array.int64", []int64{math.MinInt64, 1}},
	{"array.float64", []float64{0.1, 1e300}},
}

func kindTensors(t testing.TB) []formats.Tensor {
	return []formats.Tensor{
		tensor(t, 0, "f32", formats.F32, 2, 3, 5),
		tensor(t, 1, "f16", formats.F16, 3, 7),
		tensor(t, 2, "bf16", formats.BF16, 4, 3),
		tensor(t, 3, "f64", formats.F64, 3),
		tensor(t, 4, "i8", formats.I8, 5),
		tensor(t, 5, "i16", formats.I16, 3),
		tensor(t, 6, "i32", formats.I32, 1, 3),
		tensor(t, 7, "i64", formats.I64, 2, 1),
		tensor(t, 8, "scalar", formats.F32),
		tensor(t, 9, "ones", formats.F32, 1, 1, 4, 1),
		tensor(t, 10, "empty", formats.F32, 0, 4),
		tensor(t, 11, "q8_0", formats.Q8_0, 2, 64),
		tensor(t, 12, "q4_0", formats.Q4_0, 2, 32),
		tensor(t, 13, "q4_k", formats.Q4_K, 2, 256),
		tensor(t, 14, strings.Repeat("x", 63), formats.F16, 1),
	}
}

// plainTensors are those of kinds-be.gguf.
func plainTensors(t testing.TB) []formats.Tensor {
	return slices.DeleteFunc(kindTensors(t), func(x formats.Tensor) bool { return x.DType.IsBlock() || x.DType == formats.BF16 })
}

func blockTensors(t testing.TB) []formats.Tensor {
	return []formats.Tensor{
		tensor(t, 0, "f32", formats.F32, 3),
		tensor(t, 1, "f16", formats.F16, 3),
		tensor(t, 2, "bf16", formats.BF16, 2, 3),
		tensor(t, 3, "q4_0", formats.Q4_0, 2, 64),
		tensor(t, 4, "q8_0", formats.Q8_0, 2, 64),
		tensor(t, 5, "q4_k", formats.Q4_K, 512),
		tensor(t, 6, "q6_k", formats.Q6_K, 512),
		tensor(t, 7, "mxfp4", formats.MXFP4, 64),
	}
}

func alignTensors(t testing.TB) []formats.Tensor {
	return []formats.Tensor{
		tensor(t, 0, "t0", formats.I8, 3),
		tensor(t, 1, "t1", formats.I8, 4),
		tensor(t, 2, "t2", formats.I8, 5),
	}
}

// goldens are the single files of testdata and what is in them.
func goldens(t testing.TB) []goldenFile {
	blockKeys := []KV{architecture, {"array.string", []string{"a", "bc"}}}
	align := func(n uint32) []KV { return []KV{architecture, {alignmentKey, n}} }
	return []goldenFile{
		{"kinds.gguf", false, kindKeys, kindTensors(t)},
		{"kinds-be.gguf", true, kindKeys, plainTensors(t)},
		{"blocks.gguf", false, blockKeys, blockTensors(t)},
		{"blocks-be.gguf", true, blockKeys, blockTensors(t)},
		{"keys.gguf", false, []KV{architecture}, nil},
		{"align1.gguf", false, align(1), alignTensors(t)},
		{"align8.gguf", false, align(8), alignTensors(t)},
		{"align64.gguf", false, align(64), alignTensors(t)},
	}
}

type goldenFile struct {
	name      string
	bigEndian bool
	kvs       []KV
	tensors   []formats.Tensor
}

func (g goldenFile) plan() (*formats.FilePlan, error) {
	return Plan("", g.kvs, g.tensors, Options{BigEndian: g.bigEndian})
}

// Plans are byte for byte what gguf-py writes.
func TestPlanEqualsReference(t *testing.T) {
	for _, g := range goldens(t) {
		p, err := g.plan()
		got := planned(t, p, err)
		if want := golden(t, g.name); !bytes.Equal(got, want) {
			t.Errorf("%s differs: %d bytes, want %d", g.name, len(got), len(want))
		}
	}
}

func TestOpenReference(t *testing.T) {
	for _, g := range goldens(t) {
		f := open(t, filepath.Join("testdata", g.name))
		if f.Version != 3 || f.BigEndian != g.bigEndian {
			t.Errorf("%s: version %d, big-endian %v", g.name, f.Version, f.BigEndian)
		}
		if diff := cmp.Diff(g.kvs, f.KVs); diff != "" {
			t.Errorf("%s: key-values (-want +got):\n%s", g.name, diff)
		}
		if n := int64(len(golden(t, g.name))); len(f.Files) != 1 || f.Files[0].Bytes != n {
			t.Errorf("%s: files %v, want one of %d bytes", g.name, f.Files, n)
		}
		compareTensors(t, f.Tensors, g.tensors)
	}
}

func compareTensors(t *testing.T, got, want []formats.Tensor) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d tensors, want %d", len(got), len(want))
	}
	for i, w := range want {
		g := got[i]
		if g.Name != w.Name || g.DType != w.DType || !slices.Equal(g.Shape, w.Shape) {
			t.Errorf("tensor %d is %q %s %v, want %q %s %v", i, g.Name, g.DType, g.Shape, w.Name, w.DType, w.Shape)
		}
		if !bytes.Equal(dataOf(t, g), dataOf(t, w)) {
			t.Errorf("tensor %q has other data", w.Name)
		}
	}
}

func TestOrigin(t *testing.T) {
	path := filepath.Join("testdata", "kinds.gguf")
	file := golden(t, "kinds.gguf")
	for _, x := range open(t, path).Tensors {
		if x.Origin.Name != x.Name || x.Origin.File != path {
			t.Errorf("tensor %q: origin %+v", x.Name, x.Origin)
		}
		if !bytes.Equal(file[x.Origin.Offset:][:x.Bytes()], dataOf(t, x)) {
			t.Errorf("tensor %q is not at byte %d", x.Name, x.Origin.Offset)
		}
		if e, ok := formats.Extents(x.Data, 0, x.Bytes()); !ok || len(e) != 1 || e[0].Off != x.Origin.Offset {
			t.Errorf("tensor %q: extents %v %v", x.Name, e, ok)
		}
	}
	for _, x := range open(t, filepath.Join("testdata", "kinds-be.gguf")).Tensors {
		if _, ok := formats.Extents(x.Data, 0, x.Bytes()); ok != (x.DType == formats.I8) {
			t.Errorf("tensor %q of a big-endian file: extents %v", x.Name, ok)
		}
	}
}
