package torch

import (
	"bytes"
	"strings"
	"testing"

	"olmotool/formats"
)

// pattern returns a tensor of the bytes that make.py gives its tensors.
func pattern(name string, d formats.DType, shape ...int64) formats.Tensor {
	n, err := formats.BytesOf(d, shape)
	if err != nil {
		panic(err)
	}
	b := make([]byte, n)
	for i := range b {
		b[i] = byte((i*37 + 12) % 251)
		if d == formats.Bool {
			b[i] %= 2
		}
	}
	t, err := formats.NewTensor(name, d, shape, bytes.NewReader(b))
	if err != nil {
		panic(err)
	}
	return t
}

func TestStem(t *testing.T) {
	for name, want := range map[string]string{
		"model.pt":             "model",
		"step0/model.pt":       "model",
		"a.b/model":            "model",
		"pytorch_model-1.bin":  "pytorch_model-1",
		"v1.0.pt":              "v1.0",
		`win\model.pt`:         "model",
		"":                     "archive",
		".pt":                  "archive",
		"dir/":                 "archive",
		"größe.pt":             "archive",
		"größe/model.pt":       "archive",
		"not utf-8 \xff/m.bin": "archive",
	} {
		if got := stem(name); got != want {
			t.Errorf("%q is saved in %q, want %q", name, got, want)
		}
	}
}

// TestNewTypes compares the pickle of types that torch 2.6 does not have with
// that of torch 2.15.0.
func TestNewTypes(t *testing.T) {
	for _, test := range []struct {
		dtype formats.DType
		shape []int64
		name  string
	}{
		{formats.F8E8M0, []int64{4}, "float8_e8m0fnu"},
		{formats.F4, []int64{8}, "float4_e2m1fn_x2"}, // torch counts pairs
	} {
		plan, err := Plan("x.pt", []formats.Tensor{pattern("t", test.dtype, test.shape...)}, Options{Plain: true})
		if err != nil {
			t.Fatal(err)
		}
		want := "\x80\x02}q\x00X\x01\x00\x00\x00tq\x01ctorch._utils\n_rebuild_tensor_v3\nq\x02((X\x07\x00\x00\x00storageq\x03" +
			"ctorch.storage\nUntypedStorage\nq\x04X\x01\x00\x00\x000q\x05X\x03\x00\x00\x00cpuq\x06K\x04tq\x07QK\x00K\x04\x85q\x08K\x01\x85q\t\x89" +
			"ccollections\nOrderedDict\nq\n)Rq\x0bctorch\n" + test.name + "\nq\x0ctq\rRq\x0es."
		var file bytes.Buffer
		if _, err := plan.WriteTo(&file); err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(file.Bytes(), []byte(want)) {
			t.Errorf("%s: the pickle is not\n%q\nin\n%q", test.dtype, want, file.Bytes())
		}
	}
}

// TestPlanRefuses checks what is not planned, and how that is said.
func TestPlanRefuses(t *testing.T) {
	w := pattern("w", formats.F32, 2, 3)
	place := func(p Placement) Options { return Options{Placements: map[string]*Placement{"w": &p}} }
	bytesOf := func(n int) *Storage { return &Storage{Data: bytes.NewReader(make([]byte, n))} }
	shared, same := &Storage{}, &Placement{}
	deep := pattern("w", formats.U8, make([]int64, 65)...)
	short := w
	short.Data = bytes.NewReader(make([]byte, 23))
	for _, test := range []struct {
		tensors []formats.Tensor
		o       Options
		want    string
	}{
		{[]formats.Tensor{w, w}, Options{}, `m.pt: tensor "w": found the name twice, expected each name once`},
		{[]formats.Tensor{w.WithName("a\xff")}, Options{}, `m.pt: tensor "a\xff": found a name that is not UTF-8, expected UTF-8`},
		{[]formats.Tensor{w.WithName("a\xed\xa0\x80")}, Options{}, `m.pt: tensor "a\xed\xa0\x80": found a name that is not UTF-8, expected UTF-8`},
		{[]formats.Tensor{w.WithName(strings.Repeat("n", 70000))}, Options{}, `found a name of 70000 bytes, expected at most 65536`},
		{[]formats.Tensor{pattern("w", formats.Q8_0, 32)}, Options{}, `m.pt: tensor "w": found element type Q8_0, expected one that torch has`},
		{[]formats.Tensor{pattern("w", formats.F6E2M3, 4)}, Options{}, `m.pt: tensor "w": found element type F6_E2M3, expected one that torch has`},
		{[]formats.Tensor{{Name: "w"}}, Options{}, `m.pt: tensor "w": found element type invalid, expected one that torch has`},
		{[]formats.Tensor{{Name: "w", DType: formats.U8, Shape: []int64{-1}}}, Options{}, `negative dimension -1`},
		{[]formats.Tensor{{Name: "w", DType: formats.U8, Shape: []int64{1 << 40, 1 << 40}}}, Options{}, `overflows`},
		{[]formats.Tensor{{Name: "w", DType: formats.U8, Shape: []int64{0, 1 << 40, 1 << 40}, Data: zeros(0)}}, Options{}, `overflows`},
		{[]formats.Tensor{short}, Options{}, `m.pt: tensor "w": found 23 bytes, expected 24 for F32 [2 3]`},
		{[]formats.Tensor{deep}, Options{}, `m.pt: tensor "w": found 65 dimensions, expected at most 64`},
		{[]formats.Tensor{pattern("w", formats.F4, 2, 3)}, Options{}, `m.pt: tensor "w": found shape [2 3], expected a last dimension that is a multiple of 2 for F4`},
		{make([]formats.Tensor, maxTensors+1), Options{}, `m.pt: found 1000001 tensors, expected at most 1000000`},

		{[]formats.Tensor{w}, place(Placement{Strides: []int64{3}}), `m.pt: tensor "w": found 1 strides, expected 2`},
		{[]formats.Tensor{w}, place(Placement{Strides: []int64{3, -1}, Storage: bytesOf(24)}), `m.pt: tensor "w": offset 0, strides [3 -1]: negative factor in 2 × -1`},
		{[]formats.Tensor{w}, place(Placement{Strides: []int64{1 << 62, 1 << 62}, Storage: bytesOf(24)}), `overflows`},
		{[]formats.Tensor{w}, place(Placement{Offset: -1, Storage: bytesOf(24)}), `found a negative offset, expected 0 or more`},
		{[]formats.Tensor{w}, place(Placement{Offset: 1<<63 - 1, Storage: bytesOf(24)}), `overflows`},
		{[]formats.Tensor{w}, place(Placement{Offset: 1, Storage: bytesOf(24)}), `m.pt: tensor "w": found element 6 of F32 in a storage of 24 bytes, expected all elements inside it`},
		{[]formats.Tensor{w}, place(Placement{Storage: bytesOf(20)}), `m.pt: tensor "w": found element 5 of F32 in a storage of 20 bytes, expected all elements inside it`},
		{[]formats.Tensor{w}, place(Placement{Storage: bytesOf(26)}), `m.pt: tensor "w": found a storage of 26 bytes, expected whole elements of F32`},
		{[]formats.Tensor{w}, place(Placement{Offset: 1}), `m.pt: tensor "w": found the first view of a storage without data, expected a row-major tensor at offset 0`},
		{[]formats.Tensor{w}, place(Placement{Strides: []int64{1, 2}}), `found the first view of a storage without data`},
		{[]formats.Tensor{w}, place(Placement{Storage: &Storage{Device: "\xff"}}), `m.pt: tensor "w": device: found a name that is not UTF-8, expected UTF-8`},
		{
			[]formats.Tensor{w, pattern("v", formats.I32, 6)},
			Options{Placements: map[string]*Placement{"w": {Storage: shared}, "v": {Storage: shared}}},
			`m.pt: tensor "v": found I32 in a storage of FloatStorage, expected tensors that share memory to share their type`,
		},
		{
			[]formats.Tensor{w, pattern("v", formats.F32, 6)},
			Options{Placements: map[string]*Placement{"w": same, "v": same}},
			`m.pt: tensor "v": found F32 [6], expected F32 [2 3] as "w" is the same object`,
		},

		{nil, Options{Root: strings.Repeat("n", 256)}, `found a name of 256 bytes, expected at most 255`},
		{nil, Options{Root: "a/b"}, `m.pt: root folder "a/b": found a path, expected the name of one folder`},
		{nil, Options{Root: ".."}, `m.pt: root folder "..": found a path, expected the name of one folder`},
		{nil, Options{Root: "a\x00"}, `m.pt: root folder "a\x00": found a path, expected the name of one folder`},
		{nil, Options{Root: "\xff"}, `m.pt: root folder "\xff": found a name that is not UTF-8, expected UTF-8`},
		{nil, Options{Plain: true, Metadata: []Module{}}, `m.pt: _metadata: found it with a plain dict, expected an OrderedDict`},
		{nil, Options{Metadata: []Module{{"", 1}, {"", 1}}}, `m.pt: _metadata: found module "" twice, expected each path once`},
		{nil, Options{Metadata: []Module{{"\xff", 1}}}, `m.pt: _metadata: module "\xff": found a name that is not UTF-8, expected UTF-8`},
	} {
		p, err := Plan("m.pt", test.tensors, test.o)
		if err == nil {
			t.Errorf("planned %d bytes, want error %q", p.Size(), test.want)
			continue
		}
		if !strings.Contains(err.Error(), test.want) {
			t.Errorf("got error\n%s\nwant\n%s", err, test.want)
		}
	}
}
