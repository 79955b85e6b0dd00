package shards

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"olmotool/formats"
	"olmotool/formats/safetensors"
)

// TestAsTransformers opens what save_pretrained of transformers wrote, and
// plans the same files from its tensors.
func TestAsTransformers(t *testing.T) {
	c, err := OpenIndex("testdata/olmo2/model.safetensors.index.json", safetensors.Open)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if len(c.Findings) > 0 || c.Metadata["format"] != "pt" || len(c.Files) != 8 || len(c.Closers) != 7 {
		t.Errorf("got findings %v, metadata %v, files %v", c.Findings, c.Metadata, c.Files)
	}
	order, err := os.ReadFile("testdata/olmo2.order")
	if err != nil {
		t.Fatal(err)
	}
	var tensors []formats.Tensor
	for name := range strings.Lines(string(order)) {
		i := slices.IndexFunc(c.Tensors, func(x formats.Tensor) bool { return x.Name == strings.TrimSpace(name) })
		tensors = append(tensors, c.Tensors[i])
	}
	if len(tensors) != len(c.Tensors) {
		t.Fatalf("got %d tensors, want %d", len(c.Tensors), len(tensors))
	}
	limit, err := ParseSize("0.5KB")
	if err != nil {
		t.Fatal(err)
	}
	shards := Split(tensors, limit)
	for i, s := range shards {
		p, err := safetensors.Plan(Name("model", ".safetensors", i+1, len(shards)), s, map[string]string{"format": "pt"})
		if err != nil {
			t.Fatal(err)
		}
		var got bytes.Buffer
		if _, err := p.WriteTo(&got); err != nil {
			t.Fatal(err)
		}
		compare(t, p.Name, got.Bytes())
	}
	x, err := NewIndex("model", ".safetensors", shards)
	if err != nil {
		t.Fatal(err)
	}
	got, err := EncodeIndex(x)
	if err != nil {
		t.Fatal(err)
	}
	compare(t, IndexName("model", ".safetensors"), got)
}

func compare(t *testing.T, name string, got []byte) {
	want, err := os.ReadFile(filepath.Join("testdata/olmo2", name))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s:\n got %q\nwant %q", name, got, want)
	}
}

// fake is a directory of shards: file → its tensors, by name and size.
type fake struct {
	dir    string
	shards map[string][]formats.Tensor
	meta   map[string]map[string]string
	closed map[string]bool
}

func newFake(t *testing.T, index string) *fake {
	f := &fake{t.TempDir(), map[string][]formats.Tensor{}, map[string]map[string]string{}, map[string]bool{}}
	f.write(t, "m.bin.index.json", index)
	return f
}

func (f *fake) write(t *testing.T, name, text string) {
	if err := os.WriteFile(filepath.Join(f.dir, name), []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

func (f *fake) add(t *testing.T, file string, names ...string) {
	f.write(t, file, "")
	for _, n := range names {
		f.shards[file] = append(f.shards[file], tensorOf(n, 4))
	}
}

type closer func()

func (c closer) Close() error { c(); return nil }

func (f *fake) open(path string) (*formats.Checkpoint, error) {
	name := filepath.Base(path)
	if name == "broken.bin" {
		return nil, formats.Errorf(path, "header", "found nonsense, expected sense")
	}
	f.closed[name] = false
	return &formats.Checkpoint{
		Path: path, Tensors: f.shards[name], Files: []formats.File{{Path: path}}, Metadata: f.meta[name],
		Closers: []io.Closer{closer(func() { f.closed[name] = true })},
	}, nil
}

func (f *fake) openIndex() (*formats.Checkpoint, error) {
	return OpenIndex(filepath.Join(f.dir, "m.bin.index.json"), f.open)
}

func TestOpenIndex(t *testing.T) {
	f := newFake(t, `{"metadata":{"total_size":12.0},"weight_map":{"z":"m-2.bin","a":"m-1.bin","b":"m-2.bin"}}`)
	f.add(t, "m-2.bin", "z", "b")
	f.add(t, "m-1.bin", "a")
	c, err := f.openIndex()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, x := range c.Tensors {
		names = append(names, x.Name)
	}
	if fmt.Sprint(names) != "[a z b]" || len(c.Findings) != 0 || len(c.Files) != 3 || filepath.Base(c.Files[0].Path) != "m.bin.index.json" || c.Files[0].Bytes == 0 {
		t.Errorf("got %v, findings %v, files %v", names, c.Findings, c.Files)
	}
	if err := c.Close(); err != nil || !f.closed["m-1.bin"] || !f.closed["m-2.bin"] {
		t.Errorf("closed: %v, %v", f.closed, err)
	}
}

func TestOpenIndexFindings(t *testing.T) {
	f := newFake(t, `{"metadata":{"total_size":13},"weight_map":{"a":"m-00001-of-00002.bin","b":"m-00002-of-00002.bin"}}`)
	f.add(t, "m-00001-of-00002.bin", "a", "extra", "more")
	f.add(t, "m-00002-of-00002.bin", "b")
	f.meta["m-00001-of-00002.bin"] = map[string]string{"format": "pt", "x": "1"}
	f.meta["m-00002-of-00002.bin"] = map[string]string{"format": "pt", "x": "2"}
	f.write(t, "m-00003-of-00003.bin", "")
	f.write(t, "m.bin", "")
	f.write(t, "n-00003-of-00003.bin", "")
	f.write(t, "m-00003-of-00003.safetensors", "")
	f.write(t, "training_args.bin", "")
	c, err := f.openIndex()
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprint(c.Metadata) + "\n"
	for _, x := range c.Findings {
		got += fmt.Sprintln(x.Severity, x.Code, filepath.Base(x.Where)+":", x.Message)
	}
	want := `map[format:pt]
warning unlisted-tensors m-00001-of-00002.bin: 2 tensors are not listed in the index, the first is "extra"
info metadata-differs m-00002-of-00002.bin: the metadata is not that of the files before it
warning total-size m.bin.index.json: the index gives a total_size of 13 bytes, the tensors have 16
warning unlisted-file m-00003-of-00003.bin: the file has the name of a shard and is not in the index
warning unlisted-file m.bin: the file has the name of a shard and is not in the index
`
	if got != want || len(c.Tensors) != 4 {
		t.Errorf("got %d tensors and\n%swant\n%s", len(c.Tensors), got, want)
	}
}

// TestSharedBytes counts bytes that two tensors of a file share once.
func TestSharedBytes(t *testing.T) {
	f := newFake(t, `{"metadata":{"total_size":8},"weight_map":{"a":"m-1.bin","b":"m-1.bin","c":"m-2.bin"}}`)
	f.add(t, "m-1.bin", "a", "b")
	f.add(t, "m-2.bin", "c")
	for file, tensors := range f.shards {
		for i := range tensors {
			tensors[i].Origin = formats.Origin{Name: tensors[i].Name, File: file, Offset: 64}
		}
	}
	if c, err := f.openIndex(); err != nil || len(c.Findings) > 0 {
		t.Errorf("got %+v, %v", c, err)
	}
}

func TestOpenIndexRefuses(t *testing.T) {
	const two = `{"weight_map":{"a":"1.bin","b":"2.bin"}}`
	for _, c := range []struct {
		name, index string
		one, second []string // tensors of 1.bin and 2.bin
		want        string
	}{
		{"not in its file", two, []string{"a"}, nil, `weight_map: found 1 tensors that are in no file, expected them in those that the index names: "b"`},
		{"in the other file", two, []string{"a", "b"}, []string{"x"}, `tensor "b": found in "1.bin", expected in "2.bin" as the index says`},
		{"in both", two, []string{"a"}, []string{"b", "a"}, `tensor "a": found in "1.bin" and in "2.bin", expected in one file`},
		{"unlisted in both", two, []string{"a", "x"}, []string{"b", "x"}, `tensor "x": found in "1.bin" and in "2.bin", expected in one file`},
		{"file that cannot be read", `{"weight_map":{"a":"1.bin","b":"broken.bin"}}`, []string{"a"}, nil, "broken.bin: header: found nonsense, expected sense"},
		{"all missing", `{"weight_map":{"a":"1.bin","b":"3.bin","c":"4.bin","d":"3.bin"}}`, nil, nil, `weight_map: found 1 of 3 files, expected also "3.bin", "4.bin"`},
	} {
		f := newFake(t, c.index)
		f.add(t, "1.bin", c.one...)
		f.add(t, "2.bin", c.second...)
		f.add(t, "broken.bin")
		_, err := f.openIndex()
		var e *formats.Error
		if !errors.As(err, &e) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", c.name, err, c.want)
		}
		for file, closed := range f.closed {
			if !closed {
				t.Errorf("%s: %s is left open", c.name, file)
			}
		}
	}
}
