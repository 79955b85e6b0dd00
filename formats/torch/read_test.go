package torch

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"olmotool/formats"
)

// expectedTensor is what torch read; see testdata/read_make.py.
type expectedTensor struct {
	Name, DType string
	Shape       []int64
	Hex         string
}

func readExpected(t *testing.T) map[string][]expectedTensor {
	t.Helper()
	b, err := os.ReadFile("testdata/read_expected.json")
	if err != nil {
		t.Fatal(err)
	}
	var m map[string][]expectedTensor
	if err := json.Unmarshal(b, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

func testFile(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func openBytes(b []byte) (*File, error) {
	return OpenAt(bytes.NewReader(b), int64(len(b)), "f.pt")
}

func tensorBytes(t testing.TB, x formats.Tensor) []byte {
	t.Helper()
	b := make([]byte, x.Data.Size())
	if err := formats.ReadFull(x.Data, b, 0); err != nil {
		t.Fatalf("%s: %v", x.Name, err)
	}
	return b
}

func codes(f *File) (all []string) {
	for _, x := range f.Findings {
		all = append(all, x.Code)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// TestPeer reads every file that torch wrote and compares each byte with what
// torch reads from it.
func TestPeer(t *testing.T) {
	for name, want := range readExpected(t) {
		t.Run(name, func(t *testing.T) {
			c, err := Open(filepath.Join("testdata", name))
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			var got []expectedTensor
			for _, x := range c.Tensors {
				b := tensorBytes(t, x)
				got = append(got, expectedTensor{x.Name, x.DType.String(), x.Shape, hex.EncodeToString(b)})
				checkRanges(t, x, b)
				if e, ok := formats.Extents(x.Data, 0, x.Data.Size()); ok {
					stored := make([]byte, e[0].N)
					if _, err := e[0].File.ReadAt(stored, e[0].Off); err != nil && len(stored) > 0 {
						t.Fatal(err)
					}
					if !bytes.Equal(stored, b) || x.Origin.Offset != e[0].Off {
						t.Errorf("%s: extent at %d, origin at %d", x.Name, e[0].Off, x.Origin.Offset)
					}
				} else if x.Origin.Offset != -1 {
					t.Errorf("%s: no extent but offset %d", x.Name, x.Origin.Offset)
				}
			}
			if d := cmp.Diff(want, got, cmp.Transformer("shape", func(s []int64) []int64 { return append([]int64{}, s...) })); d != "" {
				t.Error(d)
			}
		})
	}
}

// checkRanges reads every range of a small tensor.
func checkRanges(t *testing.T, x formats.Tensor, whole []byte) {
	t.Helper()
	for lo := range whole {
		for hi := lo + 1; hi <= len(whole); hi++ {
			p := make([]byte, hi-lo)
			if n, err := x.Data.ReadAt(p, int64(lo)); n != len(p) || !bytes.Equal(p, whole[lo:hi]) {
				t.Fatalf("%s: read [%d,%d): %d, %v", x.Name, lo, hi, n, err)
			}
		}
	}
	p := make([]byte, 4)
	if n, err := x.Data.ReadAt(p, int64(len(whole))); n != 0 || err != io.EOF {
		t.Errorf("%s: read at the end: %d, %v", x.Name, n, err)
	}
	if n, err := x.Data.ReadAt(p, int64(max(len(whole)-2, 0))); n != min(2, len(whole)) || err != io.EOF {
		t.Errorf("%s: read across the end: %d, %v", x.Name, n, err)
	}
	if _, err := x.Data.ReadAt(p, -1); err == nil {
		t.Errorf("%s: read at -1: no error", x.Name)
	}
}

func TestFindings(t *testing.T) {
	for _, c := range []struct {
		file string
		want []string
	}{
		{"dtypes.pt", nil},
		{"statedict.pt", []string{"aliased"}},
		{"deflated.pt", []string{"aliased", "compressed", "unaligned"}},
		{"mixed.pt", []string{"unknown-global"}},
		{"refused.pt", []string{"unsupported-tensor"}},
		{"torch113.pt", []string{"aliased"}},
		{"module_legacy.pt", []string{"unknown-global"}},
	} {
		f, err := OpenFile(filepath.Join("testdata", c.file))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if got := codes(f); !slices.Equal(got, c.want) {
			t.Errorf("%s: found %v, expected %v", c.file, got, c.want)
		}
	}
}

func TestAliased(t *testing.T) {
	f, err := OpenFile("testdata/views.pt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var got []string
	for _, x := range f.Findings {
		got = append(got, x.Where+" "+x.Message)
	}
	want := []string{
		`storage "0" shared: overlapping elements in "base", "rows", "columns", "turned", "steps", "one"`,
		`storage "2" shared: overlapping elements in "permuted", "middle"`,
		`storage "4" tied: the same elements in "tie_a", "tie_b"`,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// TestRefused: tensors that are no plain elements stop Open, and OpenFile names
// them and reads the rest.
func TestRefused(t *testing.T) {
	_, err := Open("testdata/refused.pt")
	want := `testdata/refused.pt: tensor "sparse": found a sparse tensor, expected a dense tensor`
	if err == nil || err.Error() != want {
		t.Errorf("found error %v, expected %s", err, want)
	}
	f, err := OpenFile("testdata/refused.pt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if len(f.Tensors) != 1 || f.Tensors[0].Name != "dense" {
		t.Errorf("found %d tensors, expected one", len(f.Tensors))
	}
	var got []string
	for _, x := range f.Findings {
		got = append(got, x.Where+": "+x.Message)
	}
	for _, want := range []string{
		`tensor "sparse": found a sparse tensor, expected a dense tensor (and 1 more)`,
		`tensor "quantised": found a quantised tensor, expected a dense tensor`,
		`tensor "nested": found a nested tensor, expected a dense tensor`,
		`tensor "conj": found a tensor with the lazy bit conj, expected a dense tensor`,
		`tensor "neg": found a tensor with the lazy bit neg, expected a dense tensor`,
		`tensor "meta": found a meta tensor, which has no data, expected a dense tensor`,
		`tensor "bits": found elements of torch.bits8, expected a dense tensor`,
	} {
		if !slices.Contains(got, want) {
			t.Errorf("no finding %s", want)
		}
	}
}

// TestSharded: the rank file of a sharded checkpoint is inert, and its shards
// can be had one by one.
func TestSharded(t *testing.T) {
	_, err := Open("testdata/rank0.pt")
	if err == nil || !strings.Contains(err.Error(), `tensor "model.transformer.wte.weight": found a torch.distributed._shard.sharded_tensor.api.ShardedTensor, which has no data of its own`) {
		t.Errorf("found error %v", err)
	}
	f, err := OpenFile("testdata/rank0.pt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	model, _ := f.Root.(*Dict).Get("model")
	sharded, _ := model.(*Dict).Get("transformer.wte.weight")
	state := sharded.(*Object).Args[3].(*Tuple)
	shard := state.Items[0].(*List).Items[0].(*Object)
	// Slots: the state is None and a dict.
	attrs := shard.State.(*Tuple).Items[1].(*Dict)
	v, ok := attrs.Get("tensor")
	if !ok {
		t.Fatalf("no tensor in %v", attrs)
	}
	x, err := f.Tensor("shard", v)
	if err != nil {
		t.Fatal(err)
	}
	if x.DType != formats.F32 || len(x.Shape) != 2 || len(tensorBytes(t, x)) == 0 {
		t.Errorf("found shard %s %v", x.DType, x.Shape)
	}
	if _, err := f.Tensor("no", int64(3)); err == nil || !strings.Contains(err.Error(), `tensor "no": found an int, expected a tensor`) {
		t.Errorf("found error %v", err)
	}
}

// TestValues: what is no tensor is there all the same.
func TestValues(t *testing.T) {
	f, err := OpenFile("testdata/mixed.pt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	root := f.Root.(*Dict)
	get := func(key string) Value {
		v, ok := root.Get(key)
		if !ok {
			t.Errorf("no key %q", key)
		}
		return v
	}
	called := func(key, want string) *Object {
		o, ok := get(key).(*Object)
		if !ok || o.Called() != want {
			t.Fatalf("%s: found %s, expected a call of %s", key, describe(get(key)), want)
		}
		return o
	}
	if n := new(big.Int).Lsh(big.NewInt(1), 70); get("big").(*big.Int).Cmp(n) != 0 {
		t.Errorf("big: %v", get("big"))
	}
	if get("negative") != int64(-5) {
		t.Errorf("negative: %v", get("negative"))
	}
	o := called("args", "argparse.Namespace")
	if lr, _ := o.State.(*Dict).Get("lr"); lr != 0.1 {
		t.Errorf("lr: %v", lr)
	}
	if p := called("path", "pathlib.PosixPath"); len(p.Args) != 3 || p.Args[2] != "b" {
		t.Errorf("path: %v", p.Args)
	}
	called("set", "builtins.set")
	called("size", "torch.Size")
	if g := get("dtype").(*Global); g.String() != "torch.bfloat16" {
		t.Errorf("dtype: %v", g)
	}
	groups := get("groups").(*Dict)
	if k, _ := groups.Get("k"); groups.Class.Name != "defaultdict" || k.(*List).Items[0] != int64(1) {
		t.Errorf("groups: %v", k)
	}
}

// TestModule: a class may stand outside of the pickle, with its source.
func TestModule(t *testing.T) {
	f, err := OpenFile("testdata/module_legacy.pt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	v, _ := f.Root.(*Dict).Get("model")
	o, ok := v.(*Object)
	if !ok || o.State == nil {
		t.Fatalf("found %s", describe(v))
	}
	id, ok := o.Class.(*Persistent).ID.(*Tuple)
	if !ok || id.Items[0] != "module" || id.Items[1].(*Global).Name != "Linear" {
		t.Errorf("found class %v", id)
	}
}

func TestBare(t *testing.T) {
	b := testFile(t, "bare.pkl")
	v, scan, err := ReadPickle("bare.pkl", bytes.NewReader(b), 0, int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	if scan.Protocol != 5 || scan.End != int64(len(b)) || len(scan.Globals) != 0 {
		t.Errorf("scan %+v", scan)
	}
	want := &Dict{Items: []Item{
		{"a", &List{[]Value{int64(1), 2.5, "x", []byte("y"), nil, true, &Tuple{[]Value{int64(1), int64(2)}}}}},
		{"set", &List{[]Value{int64(3)}}},
		{"bytearray", []byte("z")},
		{"zero", int64(0)},
	}}
	if d := cmp.Diff(Value(want), v); d != "" {
		t.Error(d)
	}
	_, err = Open("testdata/bare.pkl")
	if err == nil || err.Error() != "testdata/bare.pkl: found a dict without tensors in dicts, lists and tuples, expected a state dict" {
		t.Errorf("found error %v", err)
	}
}

func TestMetadata(t *testing.T) {
	b := testFile(t, "sample.metadata")
	v, scan, err := ReadPickle("m", bytes.NewReader(b), 0, int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	o := v.(*Object)
	if o.Called() != "torch.distributed.checkpoint.metadata.Metadata" || scan.Globals[0].Calls == 0 || scan.Globals[0].Builds != 1 || scan.Globals[0].Via != "STACK_GLOBAL" {
		t.Errorf("found %s, %+v", describe(v), scan.Globals[0])
	}
	data, _ := o.State.(*Dict).Get("storage_data")
	for _, it := range data.(*Dict).Items {
		if k := it.Key.(*Object); !strings.HasSuffix(k.Called(), ".MetadataIndex") || k.State == nil {
			t.Errorf("key %s", describe(k))
		}
	}
}

// TestRewrite: a file of torch 2.6 that is read and planned again is the same.
func TestRewrite(t *testing.T) {
	for _, name := range []string{"dtypes.pt", "statedict.pt", "flat.pt"} {
		b := testFile(t, name)
		f, err := openBytes(b)
		if err != nil {
			t.Fatal(err)
		}
		o, ok := f.Options()
		if !ok {
			t.Fatalf("%s: no options", name)
		}
		p, err := Plan(name, f.Tensors, o)
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if _, err := p.WriteTo(&out); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(out.Bytes(), b) {
			t.Errorf("%s: the rewritten file differs", name)
		}
	}
	for _, name := range []string{"views.pt", "mixed.pt", "optim.pt", "refused.pt", "bare.pkl"} {
		f, err := OpenFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if _, ok := f.Options(); ok {
			t.Errorf("%s: options for what cannot be planned", name)
		}
	}
}

func TestCRC(t *testing.T) {
	b := testFile(t, "statedict.pt")
	f, err := openBytes(b)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.CheckCRC(t.Context()); err != nil {
		t.Error(err)
	}
	if sum, ok := f.TensorCRC(0); !ok || sum == 0 {
		t.Error("no checksum for a whole record")
	}
	b[f.Tensors[0].Origin.Offset] ^= 1
	if err := f.CheckCRC(t.Context()); err == nil || !strings.HasPrefix(err.Error(), `f.pt: member "statedict/data/0": found content of checksum `) {
		t.Errorf("found error %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, name := range []string{"deflated.pt", "views_legacy.pt"} {
		f, err := openBytes(testFile(t, name))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if err := f.CheckCRC(t.Context()); err != nil {
			t.Error(err)
		}
		if err := f.CheckCRC(ctx); (f.zip != nil) != errors.Is(err, context.Canceled) {
			t.Errorf("%s: cancelled: found %v", name, err)
		}
	}
}

// TestBadCRC: what is read when a file is opened is compared at once.
func TestBadCRC(t *testing.T) {
	for name, c := range map[string]struct{ old, new string }{"data.pkl": {"cpu", "CPU"}, "byteorder": {"little", "big   "}} {
		b := testFile(t, "statedict.pt")
		copy(b[bytes.Index(b, []byte(c.old)):], c.new)
		f, err := openBytes(b)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if x := f.Findings[0]; x.Severity != formats.Serious || x.Code != BadCRC || x.Where != fmt.Sprintf("member %q", "statedict/"+name) || !strings.HasPrefix(x.Message, "found content of checksum ") {
			t.Errorf("%s: found %+v", name, f.Findings)
		}
	}

	b := testFile(t, "statedict.pt")
	b[bytes.Index(b, []byte("\x80\x02"))+1] = 9
	if _, err := openBytes(b); err == nil || !strings.HasSuffix(err.Error(), "found protocol 9, expected at most 5 (the checksum is wrong, too: the file is damaged)") {
		t.Errorf("found %v", err)
	}

	// A member that was made without one is not compared.
	f, err := openBytes(plainSaved(t))
	if err != nil {
		t.Fatal(err)
	}
	if slices.Contains(codes(f), BadCRC) {
		t.Errorf("found %v", f.Findings)
	}
}

func sprint(v any) string { return fmt.Sprint(v) }
