package torch

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"olmotool/formats"
)

var casesDir = flag.String("cases", "", "a folder of more cases, made by testdata/save/make.py")

// saveCase describes a file that torch.save has written.
type saveCase struct {
	File     string // where it is
	Name     string // what it was saved as
	Plain    bool
	Metadata []Module
	Storages []struct{ Hex, Device string }
	Objects  []struct {
		DType           string
		Shape, Strides  []int64
		Storage         int
		Offset          int64
		Parameter, Grad bool
	}
	Items []struct {
		Name   string
		Object int
	}
}

func loadCases(t testing.TB, dir string) []saveCase {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "cases.json"))
	if err != nil {
		t.Fatal(err)
	}
	var cases []saveCase
	if err := json.Unmarshal(b, &cases); err != nil {
		t.Fatal(err)
	}
	return cases
}

// build returns the arguments for Plan. Unless full is set, what need not be
// said is left out.
func (c saveCase) build(t testing.TB, full bool) ([]formats.Tensor, Options) {
	t.Helper()
	o := Options{Plain: c.Plain, Metadata: c.Metadata, Placements: make(map[string]*Placement)}
	users := make(map[int]int) // items in each storage
	for _, it := range c.Items {
		users[c.Objects[it.Object].Storage]++
	}
	var storages []*Storage
	var data [][]byte
	for _, s := range c.Storages {
		b, err := hex.DecodeString(s.Hex)
		if err != nil {
			t.Fatal(err)
		}
		data = append(data, b)
		storages = append(storages, &Storage{Data: bytes.NewReader(b), Device: s.Device})
	}
	var placements []*Placement
	var tensors []formats.Tensor
	for _, x := range c.Objects {
		d, err := formats.ParseDType(x.DType)
		if err != nil {
			t.Fatal(err)
		}
		n, err := formats.BytesOf(d, x.Shape)
		if err != nil {
			t.Fatal(err)
		}
		packed, _ := rowMajor(x.Shape)
		p := &Placement{Storage: storages[x.Storage], Offset: x.Offset, Strides: x.Strides, Parameter: x.Parameter, RequiresGrad: x.Grad}
		whole := n == int64(len(data[x.Storage])) && sameOrder(x.Shape, x.Strides, packed)
		b := make([]byte, n)
		if !full && whole {
			b = data[x.Storage]
			p.Storage.Data = nil
			if fmt.Sprint(packed) == fmt.Sprint(x.Strides) {
				p.Strides = nil
			}
			if users[x.Storage] == 1 && p.Storage.Device == "" {
				p.Storage = nil
			}
			if users[x.Storage] == 1 && p.Storage == nil && !p.Parameter && !p.RequiresGrad && p.Strides == nil {
				p = nil
			}
		}
		tensor, err := formats.NewTensor("", d, x.Shape, bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		tensors, placements = append(tensors, tensor), append(placements, p)
	}
	// A storage without data needs its first tensor to be a whole one.
	if !full {
		first := make(map[int]bool)
		for _, it := range c.Items {
			x := c.Objects[it.Object]
			if p := placements[it.Object]; !first[x.Storage] && p != nil && p.Storage != nil && tensors[it.Object].Bytes() != int64(len(data[x.Storage])) {
				p.Storage.Data = bytes.NewReader(data[x.Storage])
			}
			first[x.Storage] = true
		}
	}
	var all []formats.Tensor
	for _, it := range c.Items {
		all = append(all, tensors[it.Object].WithName(it.Name))
		if p := placements[it.Object]; p != nil {
			o.Placements[it.Name] = p
		}
	}
	return all, o
}

// TestSave compares whole files with torch's own.
func TestSave(t *testing.T) {
	dirs := []string{"testdata/save"}
	if *casesDir != "" {
		dirs = append(dirs, *casesDir)
	}
	for _, dir := range dirs {
		for _, c := range loadCases(t, dir) {
			for _, full := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s/full=%v", c.File, full), func(t *testing.T) {
					tensors, o := c.build(t, full)
					p, err := Plan(c.Name, tensors, o)
					if err != nil {
						t.Fatal(err)
					}
					comparePlan(t, p, filepath.Join(dir, c.File))
				})
			}
		}
	}
}

// comparePlan carries the plan out and compares it with a file as it goes.
func comparePlan(t *testing.T, p *formats.FilePlan, path string) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w := &sameWriter{want: bufio.NewReaderSize(f, 1<<20)}
	if _, err := p.WriteTo(w); err != nil {
		t.Fatal(err)
	}
	if _, err := w.want.ReadByte(); err != io.EOF {
		t.Errorf("planned %d bytes, %s is longer", p.Size(), path)
	}
	if p.Size() != w.n {
		t.Errorf("planned %d bytes, got %d", p.Size(), w.n)
	}
}

// sameWriter refuses bytes that are not those of want.
type sameWriter struct {
	want *bufio.Reader
	n    int64
	buf  [32 << 10]byte
}

func (w *sameWriter) Write(p []byte) (int, error) {
	for done := 0; done < len(p); {
		b := w.buf[:min(len(w.buf), len(p)-done)]
		if _, err := io.ReadFull(w.want, b); err != nil {
			return done, fmt.Errorf("at byte %d: %w", w.n, err)
		}
		for i := range b {
			if got := p[done+i]; got != b[i] {
				return done, fmt.Errorf("byte %d is %#x, want %#x; from %q", w.n+int64(i), got, b[i], p[max(0, done+i-8):min(len(p), done+i+40)])
			}
		}
		done += len(b)
		w.n += int64(len(b))
	}
	return len(p), nil
}
