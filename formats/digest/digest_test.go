package digest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"

	"olmotool/formats"
	"olmotool/formats/safetensors"
	"olmotool/formats/shards"
)

// tensor makes one of that many pseudo-random bytes.
func tensor(name string, d formats.DType, seed uint64, shape ...int64) formats.Tensor {
	n, err := formats.BytesOf(d, shape)
	if err != nil {
		panic(err)
	}
	b := make([]byte, n)
	r := rand.New(rand.NewPCG(seed, 1))
	for i := range b {
		b[i] = byte(r.Uint32() & 0x3f) // no NaN, no infinity
	}
	return formats.Tensor{Name: name, DType: d, Shape: shape, Data: bytes.NewReader(b)}
}

// definition is the package's doc comment once more, without chunks in flight,
// threads or views.
func definition(t testing.TB, ts []formats.Tensor, values bool, tied [2]string) (string, map[string]string) {
	t.Helper()
	le := func(n int) []byte { return binary.LittleEndian.AppendUint64(nil, uint64(n)) }
	type part struct {
		head    string
		content [32]byte
	}
	parts, names := map[string]part{}, []string{}
	for _, x := range ts {
		b := make([]byte, x.Bytes())
		if err := formats.ReadFull(x.Data, b, 0); err != nil {
			t.Fatal(err)
		}
		d := x.DType.String()
		half := d == "F16" || d == "BF16"
		if half && (len(x.Shape) == 1 || values) || d == "Q8_0" && values {
			f, err := formats.Cast(x, formats.F32, nil)
			if err != nil {
				t.Fatal(err)
			}
			d, b = "F32", make([]byte, f.Bytes())
			if err := formats.ReadFull(f.Data, b, 0); err != nil {
				t.Fatal(err)
			}
		}
		var sums []byte
		for len(b) > 0 {
			n := min(len(b), 1<<20)
			s := sha256.Sum256(b[:n])
			sums, b = append(sums, s[:]...), b[n:]
		}
		head := string(le(len(d))) + d + string(le(len(x.Shape)))
		for _, k := range x.Shape {
			head += string(le(int(k)))
		}
		parts[x.Name] = part{head, sha256.Sum256(sums)}
		names = append(names, x.Name)
	}
	slices.Sort(names)
	all, each := "olmotool model 1\n", map[string]string{}
	for _, name := range names {
		p := parts[name]
		if original, ok := parts[tied[1]]; ok && name == tied[0] && name != tied[1] && p == original {
			continue
		}
		s := sha256.Sum256([]byte("olmotool tensor 1\n" + string(le(len(name))) + name + p.head + string(p.content[:])))
		all += string(s[:])
		each[name] = "sha256:" + hex.EncodeToString(s[:])
	}
	s := sha256.Sum256([]byte(all))
	return "sha256:" + hex.EncodeToString(s[:]), each
}

func check(t testing.TB, ts []formats.Tensor, o Options) string {
	t.Helper()
	r, err := Of(context.Background(), ts, o)
	if err != nil {
		t.Fatal(err)
	}
	model, each := definition(t, ts, o.Values, o.Tied)
	if r.Model != model || len(r.Tensors) != len(each) {
		t.Errorf("got %s of %d tensors, want %s of %d", r.Model, len(r.Tensors), model, len(each))
	}
	if !slices.IsSortedFunc(r.Tensors, func(a, b Named) int { return strings.Compare(a.Name, b.Name) }) {
		t.Errorf("not sorted: %v", r.Tensors)
	}
	for _, x := range r.Tensors {
		if each[x.Name] != x.Digest {
			t.Errorf("%s: got %s, want %s", x.Name, x.Digest, each[x.Name])
		}
	}
	return r.Model
}

// TestDefinition compares with the definition: chunk boundaries, shapes, types,
// names in the order of their bytes, and every number of threads.
func TestDefinition(t *testing.T) {
	const mib = 1 << 20
	ts := []formats.Tensor{
		tensor("empty", formats.F32, 0, 0, 7), tensor("scalar", formats.F64, 1), tensor("one", formats.U8, 2, 1),
		tensor("below", formats.U8, 3, mib-1), tensor("chunk", formats.U8, 4, mib), tensor("above", formats.U8, 5, mib+1),
		tensor("several", formats.BF16, 6, 3, mib/2+1), tensor("norm", formats.BF16, 7, mib/2+3), tensor("norm16", formats.F16, 8, 5),
		tensor("q", formats.Q8_0, 9, 4, 64), tensor("Z", formats.I64, 10, 2, 1, 3), tensor("é", formats.Bool, 11, 3), tensor("", formats.I8, 12, 3),
	}
	for _, values := range []bool{false, true} {
		want := check(t, ts, Options{Threads: 1, Values: values})
		for _, threads := range []int{0, 2, 7} {
			var n atomic.Int64
			got := check(t, ts, Options{Threads: threads, Values: values, Progress: func(k int64) { n.Add(k) }})
			var bytes int64
			for _, x := range ts {
				h, err := NewHasher(x, values)
				if err != nil {
					t.Fatal(err)
				}
				bytes += h.Data().Size()
			}
			if got != want || n.Load() != bytes {
				t.Errorf("threads %d: got %s, %d bytes, want %s, %d", threads, got, n.Load(), want, bytes)
			}
		}
		shuffled := slices.Clone(ts)
		slices.Reverse(shuffled)
		if got := check(t, shuffled, Options{Values: values}); got != want {
			t.Errorf("in another order: got %s, want %s", got, want)
		}
	}
	check(t, nil, Options{})
}

// TestWhatCounts: every part of a tensor does, and nothing that is not of it.
func TestWhatCounts(t *testing.T) {
	x := tensor("x", formats.BF16, 1, 4, 6)
	want := check(t, []formats.Tensor{x}, Options{})
	for what, change := range map[string]func(*formats.Tensor){
		"name":  func(x *formats.Tensor) { x.Name = "y" },
		"type":  func(x *formats.Tensor) { x.DType = formats.F16 },
		"shape": func(x *formats.Tensor) { x.Shape = []int64{6, 4} },
		"rank":  func(x *formats.Tensor) { x.Shape = []int64{1, 4, 6} },
		"bytes": func(x *formats.Tensor) { *x = tensor("x", formats.BF16, 2, 4, 6) },
	} {
		y := x
		change(&y)
		if check(t, []formats.Tensor{y}, Options{}) == want {
			t.Errorf("another %s, the same digest", what)
		}
	}
	y := x
	y.Origin = formats.Origin{Name: "elsewhere", File: "f", Offset: 7}
	if got := check(t, []formats.Tensor{y}, Options{}); got != want {
		t.Errorf("another origin: got %s, want %s", got, want)
	}
}

// TestValues: what is exact in float32 has one digest, whatever it is stored in.
func TestValues(t *testing.T) {
	cast := func(x formats.Tensor, d formats.DType) formats.Tensor {
		y, err := formats.Cast(x, d, nil)
		if err != nil {
			t.Fatal(err)
		}
		return y
	}
	norm := tensor("norm", formats.BF16, 1, 96)
	for _, x := range []formats.Tensor{tensor("x", formats.BF16, 2, 3, 64), tensor("x", formats.F16, 3, 3, 64), tensor("x", formats.Q8_0, 4, 3, 64)} {
		narrow := []formats.Tensor{x, norm}
		wide := []formats.Tensor{cast(x, formats.F32), cast(norm, formats.F32)}
		if a, b := check(t, narrow, Options{Values: true}), check(t, wide, Options{Values: true}); a != b {
			t.Errorf("%s: values %s, of its f32 copy %s", x.DType, a, b)
		}
		if a, b := check(t, narrow, Options{}), check(t, wide, Options{}); a == b {
			t.Errorf("%s: without values the same digest as its f32 copy", x.DType)
		}
		// A GGUF widens the norms and nothing else.
		if a, b := check(t, narrow, Options{}), check(t, []formats.Tensor{x, cast(norm, formats.F32)}, Options{}); a != b {
			t.Errorf("%s: %s, with a wide norm %s", x.DType, a, b)
		}
	}
	// What has no exact float32 value is hashed as it is.
	for _, d := range []formats.DType{formats.F64, formats.I32, formats.F8E4M3, formats.Q4_K} {
		x := []formats.Tensor{tensor("x", d, 5, 256)}
		if a, b := check(t, x, Options{}), check(t, x, Options{Values: true}); a != b {
			t.Errorf("%s: %s, values %s", d, a, b)
		}
	}
}

func TestTied(t *testing.T) {
	embed, norm := tensor("embed", formats.BF16, 1, 8, 4), tensor("norm", formats.BF16, 2, 4)
	head := embed.WithName("head")
	o := Options{Tied: [2]string{"head", "embed"}}
	alone := check(t, []formats.Tensor{embed, norm}, o)
	if got := check(t, []formats.Tensor{head, embed, norm}, o); got != alone {
		t.Errorf("with a copy: got %s, want %s", got, alone)
	}
	reshaped := head
	reshaped.Shape = []int64{4, 8}
	wide, err := formats.Cast(head, formats.F32, nil)
	if err != nil {
		t.Fatal(err)
	}
	for what, h := range map[string]formats.Tensor{"other bytes": tensor("head", formats.BF16, 3, 8, 4), "other shape": reshaped, "other type": wide} {
		if check(t, []formats.Tensor{h, embed, norm}, o) == alone {
			t.Errorf("%s: counts as a copy", what)
		}
	}
	if values := (Options{Tied: o.Tied, Values: true}); check(t, []formats.Tensor{wide, embed, norm}, values) != check(t, []formats.Tensor{embed, norm}, values) {
		t.Error("of one value, and no copy with Values")
	}
	if check(t, []formats.Tensor{head, embed, norm}, Options{}) == alone {
		t.Error("a copy is left out that nobody asked to leave out")
	}
	check(t, []formats.Tensor{head, norm}, o) // no original
}

// TestScript holds the digests that docs/digest.py prints for the models of
// testdata.
func TestScript(t *testing.T) {
	const models = "../../testdata/models/"
	for path, want := range map[string]string{
		models + "olmo1/model.safetensors":                "sha256:a0e1718318dc8bb46e140e79a6adfde91298398bb6bb430bbfa57052c928779b",
		models + "olmo1-tied/model.safetensors":           "sha256:a531659913e8413bd1e99026248877de12eb9d7cfe484827b210306f74e51376",
		models + "olmo2-gqa/model.safetensors.index.json": "sha256:d8d337ce37dd7af883f4671c0e1719e931e0030453df2c24a6ce97302f46e898",
		models + "olmo2-mha/model.safetensors":            "sha256:e7b5a7e2e26807137f680517cffb14d25d01e8348395dd07b495b089d1b30969",
		models + "olmo3/model.safetensors":                "sha256:727931ee4552c4992b6171d212ec31c69ea5cf02fb9b1b3d60e48c662bb14012",
	} {
		open := safetensors.Open
		if strings.HasSuffix(path, ".json") {
			open = func(path string) (*formats.Checkpoint, error) { return shards.OpenIndex(path, safetensors.Open) }
		}
		ck, err := open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer ck.Close()
		if got := check(t, ck.Tensors, Options{Threads: 2, Tied: [2]string{"lm_head.weight", "model.embed_tokens.weight"}}); got != want {
			t.Errorf("%s: got %s, want %s", path, got, want)
		}
	}
}

// TestWriteInAnyOrder: a hasher does not care how its bytes come.
func TestWriteInAnyOrder(t *testing.T) {
	x := tensor("x", formats.U8, 1, 5*ChunkBytes+17)
	b := make([]byte, x.Bytes())
	if err := formats.ReadFull(x.Data, b, 0); err != nil {
		t.Fatal(err)
	}
	want := check(t, []formats.Tensor{x}, Options{})
	rapid.Check(t, func(t *rapid.T) {
		h, err := NewHasher(x, false)
		if err != nil || !h.Direct() || h.Name() != "x" {
			t.Fatal(err)
		}
		var cuts []int
		for c := range 5 {
			if rapid.Bool().Draw(t, fmt.Sprint("cut ", c)) {
				cuts = append(cuts, (c+1)*ChunkBytes)
			}
		}
		cuts = append([]int{0}, append(cuts, len(b))...)
		for _, i := range rapid.Permutation(cuts[:len(cuts)-1]).Draw(t, "order") {
			end := cuts[slices.Index(cuts, i)+1]
			if err := h.Write(int64(i), b[i:end]); err != nil {
				t.Fatal(err)
			}
		}
		if got := Combine([]*Hasher{h}, Options{}).Model; got != want {
			t.Fatalf("got %s, want %s", got, want)
		}
	})
}

func TestErrors(t *testing.T) {
	x := tensor("x", formats.U8, 1, ChunkBytes+9)
	h, err := NewHasher(x, false)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		off int64
		n   int
	}{{1, ChunkBytes}, {0, 9}, {-ChunkBytes, ChunkBytes}, {ChunkBytes, ChunkBytes}, {ChunkBytes, 8}, {2 * ChunkBytes, 0}, {0, 2 * ChunkBytes}, {1 << 62, ChunkBytes}} {
		if err := h.Write(c.off, make([]byte, c.n)); err == nil || !strings.HasSuffix(err.Error(), "of 1048585 are not whole chunks") {
			t.Errorf("%+v: got %v", c, err)
		}
	}
	ctx := context.Background()
	if _, err := Of(ctx, []formats.Tensor{x, tensor("y", formats.U8, 1), x}, Options{}); err == nil || err.Error() != `tensor "x": found the name twice, expected each name once` {
		t.Errorf("got %v", err)
	}
	short := x
	short.Data = io.NewSectionReader(bytes.NewReader(nil), 0, x.Bytes())
	if _, err := Of(ctx, []formats.Tensor{short}, Options{Threads: 3}); !errors.Is(err, io.ErrUnexpectedEOF) || !strings.HasPrefix(err.Error(), `tensor "x": `) {
		t.Errorf("got %v", err)
	}
	stopped, stop := context.WithCancel(ctx)
	stop()
	if _, err := Of(stopped, []formats.Tensor{x}, Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
