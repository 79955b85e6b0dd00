package safetensors

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"olmotool/formats"
)

// goldens are the files that the reference wrote: testdata/golden.py.
func goldens(t testing.TB) []string {
	paths, err := filepath.Glob("testdata/*.safetensors")
	if err != nil || len(paths) < 6 {
		t.Fatalf("found %v, %v", paths, err)
	}
	return paths
}

func planned(t interface{ Fatal(...any) }, tensors []formats.Tensor, metadata map[string]string) []byte {
	p, err := Plan("", tensors, metadata)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if n, err := p.WriteTo(&out); err != nil || n != p.Size() {
		t.Fatal(n, p.Size(), err)
	}
	return out.Bytes()
}

// TestPlanAsReference reads what save_file wrote and plans it again, from any
// order of its tensors.
func TestPlanAsReference(t *testing.T) {
	for _, path := range goldens(t) {
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		c, err := parse(want)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		tensors := c.Tensors
		for range 5 {
			rand.Shuffle(len(tensors), func(i, j int) { tensors[i], tensors[j] = tensors[j], tensors[i] })
			if got := planned(t, tensors, c.Metadata); !bytes.Equal(got, want) {
				t.Errorf("%s:\n got %q\nwant %q", path, got, want)
			}
		}
	}
}

func TestPlanSegments(t *testing.T) {
	b := tensor("b", formats.U8, []int64{2}, "xy")
	a := tensor("a", formats.F32, []int64{1}, "1234")
	p, err := Plan("m.safetensors", []formats.Tensor{b, a}, map[string]string{"z": "1", "a": "2"})
	if err != nil {
		t.Fatal(err)
	}
	if p.Name != "m.safetensors" || len(p.Segments) != 3 || p.Segments[1].Tensor.Name != "a" || p.Segments[2].Tensor.Name != "b" || p.Offset(1)%8 != 0 {
		t.Errorf("got %+v", p)
	}
	out := string(planned(t, []formats.Tensor{b, a}, map[string]string{"z": "1", "a": "2"}))
	if want := `{"__metadata__":{"a":"2","z":"1"},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":`; !strings.HasPrefix(out[8:], want) || !strings.HasSuffix(out, "1234xy") {
		t.Errorf("got %q, want %s", out, want)
	}
}

func tensor(name string, d formats.DType, shape []int64, data string) formats.Tensor {
	return formats.Tensor{Name: name, DType: d, Shape: shape, Data: strings.NewReader(data)}
}

func TestPlanRefuses(t *testing.T) {
	good := tensor("a", formats.U8, []int64{1}, "x")
	big := strings.Repeat("x", maxHeader)
	var long []formats.Tensor
	for i := range maxHeader / maxName {
		long = append(long, good.WithName(fmt.Sprintf("%05d%s", i, big[:maxName-5])))
	}
	for _, c := range []struct {
		name     string
		tensors  []formats.Tensor
		metadata map[string]string
		want     string
	}{
		{"metadata name", []formats.Tensor{good.WithName("__metadata__")}, nil, `tensor "__metadata__": found the name of the metadata, expected another`},
		{"empty name", []formats.Tensor{good.WithName("")}, nil, `tensor "": found an empty name, expected one`},
		{"long name", []formats.Tensor{good.WithName(big[:maxName+1])}, nil, "found a name of 65537 bytes, expected at most 65536"},
		{"not UTF-8", []formats.Tensor{good.WithName("a\xff")}, nil, `tensor "a\xff": found a name that is not UTF-8, expected UTF-8`},
		{"twice", []formats.Tensor{good, tensor("a", formats.I8, []int64{1}, "y")}, nil, `tensor "a": found twice, expected each name once`},
		{"Q8_0", []formats.Tensor{tensor("a", formats.Q8_0, []int64{0}, "")}, nil, `tensor "a": found dtype Q8_0, expected one that safetensors has`},
		{"C128", []formats.Tensor{tensor("a", formats.C128, []int64{0}, "")}, nil, `found dtype C128, expected one`},
		{"no dtype", []formats.Tensor{tensor("a", 0, nil, "")}, nil, `found dtype invalid, expected one`},
		{"size", []formats.Tensor{tensor("a", formats.I16, []int64{2}, "xyz")}, nil, `tensor "a": found 3 bytes, expected 4 for I16 [2]`},
		{"nibble", []formats.Tensor{tensor("a", formats.F4, []int64{3}, "xy")}, nil, `tensor "a": found 3 elements of F4, expected a multiple of 2`},
		{"negative", []formats.Tensor{tensor("a", formats.U8, []int64{-1, -1}, "x")}, nil, `tensor "a": found shape [-1 -1], expected`},
		{"dimensions", []formats.Tensor{tensor("a", formats.U8, slices.Repeat([]int64{1}, 65), "x")}, nil, `found 65 dimensions, expected at most 64`},
		{"header of names", long, nil, "found a header of more than 100000000 bytes, expected at most that many"},
		{"header of metadata", nil, map[string]string{"a": big}, "found metadata of more than 100000000 bytes, expected a header of at most that many"},
		{"header of escapes", nil, map[string]string{"a": strings.Repeat("\x00", maxHeader/5)}, "found a header of more than 100000000 bytes, expected at most that many"},
		{"metadata UTF-8", nil, map[string]string{"a": "\xff"}, `metadata "a": found text that is not UTF-8, expected UTF-8`},
	} {
		if _, err := Plan("", c.tensors, c.metadata); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", c.name, err, c.want)
		}
	}
}

// TestRoundTrip plans random tensors and reads the same ones back.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOfNDistinct(rapid.StringN(1, 12, -1), 0, 8, rapid.ID).Draw(t, "names")
		var tensors []formats.Tensor
		for _, name := range names {
			d := formats.DType(rapid.IntRange(int(formats.Bool), int(formats.U64)).Draw(t, "dtype"))
			shape := rapid.SliceOfN(rapid.Int64Range(0, 4), 0, 3).Draw(t, "shape")
			shape = append(shape, d.BlockElems())
			size, err := formats.BytesOf(d, shape)
			if err != nil {
				t.Fatal(err)
			}
			data := rapid.SliceOfN(rapid.Byte(), int(size), int(size)).Draw(t, "data")
			tensors = append(tensors, tensor(name, d, shape, string(data)))
		}
		metadata := rapid.MapOfN(rapid.String(), rapid.String(), 0, 4).Draw(t, "metadata")
		if len(metadata) == 0 && rapid.Bool().Draw(t, "none") {
			metadata = nil
		}
		out := planned(t, tensors, metadata)
		c, err := parse(out)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(c.Metadata, metadata) || len(c.Tensors) != len(tensors) {
			t.Fatalf("got %d tensors, %v, want %d, %v", len(c.Tensors), c.Metadata, len(tensors), metadata)
		}
		for _, want := range tensors {
			i := slices.IndexFunc(c.Tensors, func(x formats.Tensor) bool { return x.Name == want.Name })
			got := c.Tensors[i]
			a, b := make([]byte, got.Bytes()), make([]byte, want.Bytes())
			if err := formats.ReadFull(got.Data, a, 0); err != nil {
				t.Fatal(err)
			}
			if err := formats.ReadFull(want.Data, b, 0); err != nil {
				t.Fatal(err)
			}
			if got.DType != want.DType || !slices.Equal(got.Shape, want.Shape) || !bytes.Equal(a, b) {
				t.Fatalf("%q: got %s %v %x, want %s %v %x", want.Name, got.DType, got.Shape, a, want.DType, want.Shape, b)
			}
		}
	})
}
