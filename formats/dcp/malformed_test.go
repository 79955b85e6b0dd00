package dcp

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"olmotool/formats"
)

// golden is a checkpoint of testdata in a directory of its own, to be spoilt.
type golden struct {
	*metadata
	dir     string
	offsets map[itemKey][]int64
	how     encoding
}

func spoil(t testing.TB) *golden {
	t.Helper()
	g := &golden{dir: filepath.Join(t.TempDir(), "c")}
	if err := os.CopyFS(g.dir, os.DirFS("testdata/torch260")); err != nil {
		t.Fatal(err)
	}
	var err error
	if g.metadata, err = readMetadata(g.dir); err != nil {
		t.Fatal(err)
	}
	g.offsets = map[itemKey][]int64{}
	for _, x := range g.tensors {
		for _, c := range x.chunks {
			g.offsets[keyOf(x.key, c.offset)] = c.offset
		}
	}
	return g
}

func (g *golden) write(t testing.TB) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(g.dir, metadataName), g.encode(g.how, g.offsets), 0o666); err != nil {
		t.Fatal(err)
	}
}

func (g *golden) tensor(key string) *tensorMeta {
	return g.tensors[slices.IndexFunc(g.tensors, func(t *tensorMeta) bool { return t.key == key })]
}

// move changes where an item lies.
func (g *golden) move(key string, offset []int64, f func(l *location)) {
	k := keyOf(key, offset)
	l := g.items[k]
	f(&l)
	g.items[k] = l
}

func (g *golden) file(name string) string { return filepath.Join(g.dir, name) }

// use opens a checkpoint and reads all of it.
func use(dir string) error {
	c, err := Open(dir)
	if err != nil {
		return err
	}
	defer c.Close()
	for _, x := range c.Tensors {
		if err := formats.ReadFull(x.Data, make([]byte, x.Bytes()), 0); err != nil {
			return err
		}
	}
	return nil
}

// What the encoder of these tests writes is the same checkpoint.
func TestEncode(t *testing.T) {
	g := spoil(t)
	g.write(t)
	a, b := open(t, g.dir), open(t, "testdata/torch260")
	for i, x := range b.Tensors {
		if y := a.Tensors[i]; y.Name != x.Name || !slices.Equal(y.Shape, x.Shape) || !bytes.Equal(readAll(t, y), readAll(t, x)) {
			t.Errorf("%s: not the same", x.Name)
		}
	}
}

func TestMalformed(t *testing.T) {
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	elsewhere := func(path string) func(*golden) {
		return func(g *golden) { g.move("scalar", nil, func(l *location) { l.path = path }) }
	}
	raw := func(b string) func(*golden) {
		return func(g *golden) { must(os.WriteFile(g.file(metadataName), []byte(b), 0o666)) }
	}
	for _, c := range []struct {
		name   string
		before func(g *golden) // .metadata is written
		after  func(g *golden)
		want   string
	}{
		{"no metadata", nil, func(g *golden) { must(os.Remove(g.file(metadataName))) }, "c: found no .metadata, expected one: it is written last"},
		{"empty metadata", nil, raw(""), ".metadata: byte 0: found the end of the pickle, expected more of it"},
		{"calls a function", nil, raw("cos\nsystem\n(X\x02\x00\x00\x00idtR."), ".metadata: found no object of a class Metadata, expected one"},
		{"protocol 0", nil, raw("(dp0\n."), ".metadata: byte 2: found opcode 0x64"},
		{"two values", nil, raw("\x80\x02NN."), "found 2 values at the end, expected one"},
		{"nothing there", nil, raw("\x80\x02."), "found 0 values at the end"},
		{"too few values", nil, raw("\x80\x02Nu."), "found too few values"},
		{"many values", nil, raw("\x80\x02" + strings.Repeat("}", 1<<20) + "."), "found more values than a file of this size has"},
		{"memo", nil, raw("\x80\x02h\x05."), "found memo 5 to be empty"},
		{"not its fields", nil, raw("\x80\x02c" + metadataModule + "\nMetadata\n)\x81}b."), "found no dicts state_dict_metadata and storage_data"},
		{"large integer", nil, raw("\x80\x02\x8a\x09123456789."), "found an integer of more than 64 bits"},
		{"properties by a call", func(g *golden) { g.how.properties = "cos\nsystem\nX\x02\x00\x00\x00id\x85R" }, nil, `tensor "even": found no object of a class TensorProperties`},
		{"another dtype", func(g *golden) {
			g.how.properties = "c" + metadataModule + "\nTensorProperties\n)\x81ctorch\nquint8\n\x85b"
		}, nil, `tensor "even": found the dtype "torch.quint8", expected one of torch's`},

		{"hole", func(g *golden) { x := g.tensor("even"); x.chunks = slices.Delete(x.chunks, 1, 2) }, nil, `tensor "even": found chunks with 16 elements, expected 24, those of [6 4]: there are none for rows [2, 4)`},
		{"overlap", func(g *golden) { x := g.tensor("even"); x.chunks = append(x.chunks, x.chunks[1]) }, nil, `tensor "even": found the chunks`},
		{"out of the tensor", func(g *golden) { g.tensor("even").shape[0] = 5 }, nil, `tensor "even": found a chunk [2 4] at [4 0], expected one within [5 4]`},
		{"negative", func(g *golden) { g.tensor("even").shape[0] = -6 }, nil, `tensor "even": size: found dimension 0 to be no size`},
		{"overflow", func(g *golden) {
			x := g.tensor("even")
			x.shape = size{1 << 40, 1 << 40}
			x.chunks = []chunkMeta{{size{0, 0}, x.shape}}
		}, nil, `tensor "even": `},
		{"ranks", func(g *golden) { g.tensor("even").chunks[0].offset = size{0} }, nil, `tensor "even": `},
		{"no item", func(g *golden) {
			i := slices.IndexFunc(g.order, func(k itemKey) bool { return k.key == "even" })
			g.order = slices.Delete(g.order, i, i+1)
		}, nil, `tensor "even": found no item for the chunk at [`},
		{"transformed", func(g *golden) { g.how.transforms = true }, nil, "found an item that was transformed"},

		{"above", elsewhere("../c/__0_0.distcp"), nil, `item "scalar": found the file "../c/__0_0.distcp", expected the name of one in the same directory`},
		{"absolute", elsewhere("/etc/passwd"), nil, `found the file "/etc/passwd"`},
		{"below", elsewhere("x/__0_0.distcp"), nil, `found the file "x/__0_0.distcp"`},
		{"other slashes", elsewhere(`..\__0_0.distcp`), nil, `found the file "..\\__0_0.distcp"`},
		{"parent", elsewhere(".."), nil, `found the file ".."`},
		{"nameless", elsewhere(""), nil, `found the file ""`},
		{"directory", elsewhere("."), nil, "found no regular file, expected one"},
		{"link", nil, func(g *golden) {
			must(os.Rename(g.file("__1_0.distcp"), g.dir+"/../stolen"))
			must(os.Symlink("../stolen", g.file("__1_0.distcp")))
		}, "__1_0.distcp: found a symbolic link"},

		{"missing file", nil, func(g *golden) { must(os.Remove(g.file("__1_0.distcp"))) }, `c: found no files ["__1_0.distcp"], expected them: .metadata names them`},
		{"missing files", nil, func(g *golden) {
			must(os.Remove(g.file("__2_0.distcp")))
			must(os.Remove(g.file("__0_0.distcp")))
		}, `found no files ["__0_0.distcp" "__2_0.distcp"]`},
		{"cut off", nil, func(g *golden) { must(os.Truncate(g.file("__2_0.distcp"), 9000)) }, "__2_0.distcp: item "},
		{"negative place", func(g *golden) { g.move("scalar", nil, func(l *location) { l.off = -1 }) }, nil, `item "scalar": found no offset that is a number of bytes`},
		{"far away", func(g *golden) { g.move("scalar", nil, func(l *location) { l.off, l.length = 1<<62, 1<<62 }) }, nil, `item "scalar": found `},

		// What only reading shows.
		{"short item", func(g *golden) { g.move("scalar", nil, func(l *location) { l.length-- }) }, nil, "distcp: item at byte "},
		{"empty item", func(g *golden) { g.move("scalar", nil, func(l *location) { l.length = 0 }) }, nil, "distcp: item at byte "},
		{"another item", func(g *golden) { g.items[keyOf("even", size{0, 0})] = g.items[keyOf("empty", size{0, 0})] }, nil, `found F32 [1 5], expected F32 [2 4] of tensor "even" as in .metadata`},
		{"an object", func(g *golden) { g.items[keyOf("scalar", nil)] = g.items[itemKey{key: "name"}] }, nil, `tensor "scalar": found a string`},
		{"item of another type", func(g *golden) { g.tensor("replicated").dtype = formats.I32 }, nil, `found F32 [3 2], expected I32 [3 2] of tensor "replicated"`},
		{"item of another shape", func(g *golden) {
			x := g.tensor("replicated")
			x.shape, x.chunks[0].shape = size{2, 3}, size{2, 3}
		}, nil, `found F32 [3 2], expected F32 [2 3] of tensor "replicated"`},
		{"hostile item", func(g *golden) {
			const evil = "\x80\x02cposix\nsystem\n(X\x0b\x00\x00\x00touch pwnedtR."
			must(os.WriteFile(g.file("evil"), []byte(evil), 0o666))
			g.move("scalar", nil, func(l *location) { *l = location{"evil", 0, int64(len(evil))} })
		}, nil, `evil: item at byte 0: tensor "scalar": found `},
	} {
		g := spoil(t)
		if c.before != nil {
			c.before(g)
		}
		g.write(t)
		if c.after != nil {
			c.after(g)
		}
		err := use(g.dir)
		var fe *formats.Error
		if !errors.As(err, &fe) || !strings.Contains(err.Error(), c.want) || strings.ContainsAny(err.Error(), "\n\x1b") {
			t.Errorf("%s: got %v, want %s", c.name, err, c.want)
			continue
		}
		for range 3 {
			if again := use(g.dir); again == nil || again.Error() != err.Error() {
				t.Errorf("%s: got %v, then %v", c.name, err, again)
			}
		}
	}
}

// A metadata that is cut off anywhere is an error, never a panic or another
// checkpoint.
func TestCutMetadata(t *testing.T) {
	for _, g := range goldens {
		b, err := os.ReadFile(filepath.Join("testdata", g, metadataName))
		if err != nil {
			t.Fatal(err)
		}
		for n := range b {
			if err := newMetadata("m").parse(b[:n]); err == nil {
				t.Errorf("%s: no error for %d of %d bytes", g, n, len(b))
			}
		}
	}
}

// An item that has all the same around other numbers is read like one that was
// looked into; one that differs anywhere else is looked into.
func TestAlike(t *testing.T) {
	g := spoil(t)
	first, second := g.items[keyOf("even", size{0, 0})], g.items[keyOf("even", size{2, 0})]
	b, err := os.ReadFile(g.file(second.path))
	if err != nil {
		t.Fatal(err)
	}
	for at := range second.length {
		spoilt := bytes.Clone(b)
		spoilt[second.off+at] ^= 0xff
		if err := os.WriteFile(g.file(second.path), spoilt, 0o666); err != nil {
			t.Fatal(err)
		}
		got := map[bool]string{}
		for _, alone := range []bool{false, true} {
			p := newFiles(g.dir)
			var data []byte
			var err error
			for _, l := range []location{first, second} {
				if alone && l == first {
					continue
				}
				var f *dataFile
				if f, err = p.get(l.path); err != nil {
					t.Fatal(err)
				}
				i := &item{key: "even", file: f, at: l, dtype: formats.F32, shape: []int64{2, 4}, size: 32}
				data = make([]byte, 32)
				err = formats.ReadFull(i, data, 0)
			}
			if got[alone] = string(data); err != nil {
				got[alone] = err.Error()
			}
			p.Close()
		}
		if got[true] != got[false] {
			t.Errorf("byte %d: %q alone, %q after another", at, got[true], got[false])
		}
	}
}
