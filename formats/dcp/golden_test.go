package dcp

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"olmotool/formats"
)

// goldens are checkpoints by torch.distributed.checkpoint of torch 2.1.2, 2.4.1,
// 2.6.0 and 2.15.0, and by OLMo-core 2.3.0 and 3.0.0, of three processes each; see
// testdata/make.py.
var goldens = []string{"torch212", "torch241", "torch260", "torch2150", "core23-torch26", "core30-torch215"}

// counted is a tensor of testdata: element i is i, unless it is a scalar.
type counted struct {
	d      formats.DType
	shape  []int64
	scalar int64
}

var want = map[string]counted{
	"even":       {formats.F32, []int64{6, 4}, 0},
	"uneven":     {formats.BF16, []int64{7, 3}, 0},
	"empty":      {formats.F32, []int64{2, 5}, 0},
	"columns":    {formats.F32, []int64{4, 10}, 0},
	"deep":       {formats.I64, []int64{2, 3, 4}, 0},
	"vector":     {formats.BF16, []int64{8}, 0},
	"replicated": {formats.F32, []int64{3, 2}, 0},
	"scalar":     {formats.F32, []int64{}, 7},
	"count":      {formats.I64, []int64{}, 9},
	"flags":      {formats.U8, []int64{5}, 0},
}

func (c counted) bytes() []byte {
	n := int64(1)
	for _, s := range c.shape {
		n *= s
	}
	var b []byte
	for i := range n {
		i += c.scalar
		switch c.d {
		case formats.F32:
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(float32(i)))
		case formats.BF16: // exact for small numbers
			b = binary.LittleEndian.AppendUint16(b, uint16(math.Float32bits(float32(i))>>16))
		case formats.I64:
			b = binary.LittleEndian.AppendUint64(b, uint64(i))
		default:
			b = append(b, byte(i))
		}
	}
	return b
}

func open(t testing.TB, dir string) *Checkpoint {
	t.Helper()
	c, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func readAll(t testing.TB, x formats.Tensor) []byte {
	t.Helper()
	b := make([]byte, x.Bytes())
	if err := formats.ReadFull(x.Data, b, 0); err != nil {
		t.Fatalf("%s: %v", x.Name, err)
	}
	return b
}

func TestGoldens(t *testing.T) {
	for _, g := range goldens {
		c := open(t, filepath.Join("testdata", g))
		var names []string
		for _, x := range c.Tensors {
			names = append(names, x.Name)
			w, ok := want[x.Name]
			if !ok || x.DType != w.d || !slices.Equal(x.Shape, w.shape) {
				t.Errorf("%s: got %s %s %v", g, x.Name, x.DType, x.Shape)
				continue
			}
			if got := readAll(t, x); !bytes.Equal(got, w.bytes()) {
				t.Errorf("%s: %s: got %x, want %x", g, x.Name, got, w.bytes())
			}
		}
		n := len(want)
		if g == "torch212" {
			n-- // it cannot write "empty"
		}
		if len(names) != n {
			t.Errorf("%s: got %v, want %d", g, names, n)
		}
		objects := slices.Sorted(slices.Values(c.Objects))
		if fmt.Sprint(objects) != "[betas.0 betas.1 lr name]" && fmt.Sprint(objects) != "[betas lr name]" {
			t.Errorf("%s: objects %v", g, objects)
		}
		for _, f := range c.Files {
			if filepath.Dir(f.Path) != filepath.Join("testdata", g) || f.Bytes < 1 {
				t.Errorf("%s: file %v", g, f)
			}
		}
	}
}

// Any range of a tensor can be read, also one that begins and ends within an element.
func TestRanges(t *testing.T) {
	c := open(t, "testdata/torch260")
	for _, x := range c.Tensors {
		all := want[x.Name].bytes()
		for lo := range len(all) {
			for hi := lo; hi <= len(all); hi++ {
				got := make([]byte, hi-lo)
				if err := formats.ReadFull(x.Data, got, int64(lo)); err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(got, all[lo:hi]) {
					t.Fatalf("%s [%d, %d): got %x, want %x", x.Name, lo, hi, got, all[lo:hi])
				}
			}
		}
	}
}

// What the kernel may copy is where the bytes lie: of chunks of whole rows only.
func TestExtents(t *testing.T) {
	for _, x := range open(t, "testdata/torch260").Tensors {
		es, ok := formats.Extents(x.Data, 0, x.Bytes())
		if split := x.Name == "columns" || x.Name == "deep"; ok == split {
			t.Errorf("%s: extents %v, %t", x.Name, es, ok)
		}
		var got []byte
		for _, e := range es {
			b := make([]byte, e.N)
			if err := formats.ReadFull(e.File, b, e.Off); err != nil {
				t.Fatal(err)
			}
			got = append(got, b...)
		}
		if ok && !bytes.Equal(got, want[x.Name].bytes()) {
			t.Errorf("%s: got %x", x.Name, got)
		}
	}
}

// Chunks that are parts of the storage in their item, rows as well as columns.
func TestViews(t *testing.T) {
	c := open(t, "testdata/views")
	for i, w := range []counted{{formats.F32, []int64{6, 2}, 0}, {formats.BF16, []int64{4, 6}, 0}} {
		x := c.Tensors[i]
		if got := readAll(t, x); x.DType != w.d || !slices.Equal(x.Shape, w.shape) || !bytes.Equal(got, w.bytes()) {
			t.Errorf("%s: got %s %v %x", x.Name, x.DType, x.Shape, got)
		}
	}
}

// The metadata of a run of OLMo-core, of which there are no other files.
func TestMetadataAlone(t *testing.T) {
	b, err := os.ReadFile("../torch/testdata/sample.metadata")
	if err != nil {
		t.Fatal(err)
	}
	m := newMetadata("sample.metadata")
	if err := m.parse(b); err != nil {
		t.Fatal(err)
	}
	const key, lr = "model.blocks.0.attention.w_q.weight", "optim.param_groups.blocks.0.attention.w_q.weight.lr"
	x := m.tensors[0]
	if len(m.tensors) != 1 || x.key != key || x.dtype != formats.F32 || fmt.Sprint(x.shape, x.chunks) != "[4 4] [{[0 0] [2 4]} {[2 0] [2 4]}]" {
		t.Errorf("got %v", x)
	}
	if fmt.Sprint(m.objects) != "["+lr+"]" || len(m.items) != 3 || m.items[keyOf(key, size{2, 0})] != (location{"__1_0.distcp", 0, 1234}) || m.items[itemKey{key: lr}].length != 500 {
		t.Errorf("got %v, %v", m.objects, m.items)
	}
}
