package stream

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"

	"olmotool/formats"
	"olmotool/internal/atomicfile"
)

// folder is a Sink that makes plain files.
type folder string

func (d folder) File(name string, _ int64) (*os.File, error) {
	return os.OpenFile(filepath.Join(string(d), "out-"+name), os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o666)
}

var small = tuning{piece: 64, copy: 256, copyMin: 48, flush: 512, copyRange: copyRange}

// fresh is a plan with the parts of it that can be used only once.
type fresh struct {
	plans []*formats.FilePlan
	sums  []*bytes.Buffer // what each Sum was given
}

// drawn describes random plans, from which the same plans can be made again.
type drawn struct {
	files [][]drawnSegment
	bytes []byte
}

type drawnSegment struct {
	size      int64
	kind      string
	sum, late bool
}

func draw(t *rapid.T) drawn {
	segment := rapid.Custom(func(t *rapid.T) drawnSegment {
		s := drawnSegment{
			size: rapid.SampledFrom([]int64{0, 1, 3, 16, 47, 48, 63, 64, 65, 127, 128, 129, 300, 700}).Draw(t, "size"),
			kind: rapid.SampledFrom([]string{"memory", "file", "joined", "cast"}).Draw(t, "kind"),
			sum:  rapid.Bool().Draw(t, "sum"),
			late: rapid.IntRange(0, 5).Draw(t, "late") == 0,
		}
		if s.late {
			s.size, s.sum = 4, false
		}
		return s
	})
	return drawn{
		files: rapid.SliceOfN(rapid.SliceOfN(segment, 0, 12), 0, 4).Draw(t, "files"),
		bytes: rapid.SliceOfN(rapid.Byte(), 4096, 4096).Draw(t, "bytes"),
	}
}

// make builds the plans; f holds d.bytes.
func (d drawn) make(t *rapid.T, f *os.File) *fresh {
	r := &fresh{}
	at := 0
	take := func(n int64) formats.Data {
		at = (at + 37) % 1024
		return io.NewSectionReader(f, int64(at), n)
	}
	for i, segs := range d.files {
		p := &formats.FilePlan{Name: fmt.Sprintf("f%d", i)}
		var sums []*bytes.Buffer
		for k, s := range segs {
			if s.late {
				before := sums
				p.Segments = append(p.Segments, formats.Segment{Size: s.size, Late: func() ([]byte, error) {
					c := crc32.NewIEEE()
					for _, b := range before {
						c.Write(b.Bytes())
					}
					return binary.BigEndian.AppendUint32(nil, c.Sum32()), nil
				}})
				continue
			}
			tensor := formats.Tensor{Name: fmt.Sprintf("t%d.%d", i, k), DType: formats.U8, Shape: []int64{s.size}}
			switch tensor.Data = take(s.size); s.kind {
			case "memory":
				b := make([]byte, s.size)
				if err := formats.ReadFull(tensor.Data, b, 0); err != nil {
					t.Fatal(err)
				}
				tensor.Data = bytes.NewReader(b)
			case "joined":
				a, b := tensor, tensor
				a.Shape, a.Data = []int64{s.size / 3}, take(s.size/3)
				b.Shape, b.Data = []int64{s.size - s.size/3}, take(s.size-s.size/3)
				var err error
				if tensor, err = formats.JoinRows(tensor.Name, a, b); err != nil {
					t.Fatal(err)
				}
			case "cast":
				if n := s.size / 4; s.size%4 == 0 {
					half := formats.Tensor{Name: tensor.Name, DType: formats.BF16, Shape: []int64{n}, Data: take(2 * n)}
					var err error
					if tensor, err = formats.Cast(half, formats.F32, nil); err != nil {
						t.Fatal(err)
					}
				}
			}
			seg := formats.Segment{Size: s.size, Data: tensor.Data}
			if s.sum {
				b := new(bytes.Buffer)
				sums, r.sums = append(sums, b), append(r.sums, b)
				seg.Sum = b
			}
			if k%2 == 0 {
				seg.Tensor = &tensor
			}
			p.Segments = append(p.Segments, seg)
		}
		r.plans = append(r.plans, p)
	}
	return r
}

// TestWrite holds that any number of threads, hashing or not, tapping or not,
// writes what the plan itself writes, gives every sum the same bytes, and shows
// the tap every byte of every tensor once.
func TestWrite(t *testing.T) {
	dir := t.TempDir()
	src, err := os.Create(filepath.Join(dir, "src"))
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	rapid.Check(t, func(t *rapid.T) {
		d := draw(t)
		if _, err := src.WriteAt(d.bytes, 0); err != nil {
			t.Fatal(err)
		}
		want := d.make(t, src)
		var files [][]byte
		for _, p := range want.plans {
			var b bytes.Buffer
			if _, err := p.WriteTo(&b); err != nil {
				t.Fatal(err)
			}
			files = append(files, b.Bytes())
		}

		got := d.make(t, src)
		var told atomic.Int64
		o := Options{
			Threads:  rapid.IntRange(1, 8).Draw(t, "threads"),
			Hash:     rapid.Bool().Draw(t, "hash"),
			Progress: func(n int64) { told.Add(n) },
		}
		var mu sync.Mutex
		seen := map[string][]byte{}
		if rapid.Bool().Draw(t, "tap") {
			o.Tap = func(x *formats.Tensor, off int64, p []byte) error {
				if int64(len(p)) != min(small.piece, x.Bytes()-off) || off%small.piece != 0 {
					return fmt.Errorf("piece of %d bytes at %d of %d", len(p), off, x.Bytes())
				}
				mu.Lock()
				defer mu.Unlock()
				if seen[x.Name] == nil {
					seen[x.Name] = make([]byte, x.Bytes())
				}
				for i, b := range p {
					seen[x.Name][off+int64(i)] += b
				}
				return nil
			}
		}
		results, err := write(context.Background(), folder(dir), got.plans, o, small)
		if err != nil {
			t.Fatal(err)
		}
		var total int64
		for i, p := range got.plans {
			b, err := os.ReadFile(filepath.Join(dir, "out-"+p.Name))
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(b, files[i]) {
				t.Fatalf("file %d: found\n%x, want\n%x", i, b, files[i])
			}
			wantResult := FileResult{Name: p.Name, Bytes: int64(len(b))}
			if o.Hash {
				h := sha256.Sum256(b)
				wantResult.SHA256 = hex.EncodeToString(h[:])
			}
			if results[i] != wantResult {
				t.Fatalf("result %d is %+v, want %+v", i, results[i], wantResult)
			}
			total += int64(len(b))
			for _, s := range p.Segments {
				if s.Tensor == nil || o.Tap == nil {
					continue
				}
				all := make([]byte, s.Size)
				if err := formats.ReadFull(s.Data, all, 0); err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(seen[s.Tensor.Name], all) {
					t.Fatalf("the tap saw %x of %q, want %x", seen[s.Tensor.Name], s.Tensor.Name, all)
				}
			}
		}
		for i := range got.sums {
			if !bytes.Equal(got.sums[i].Bytes(), want.sums[i].Bytes()) {
				t.Fatalf("sum %d was given %x, want %x", i, got.sums[i].Bytes(), want.sums[i].Bytes())
			}
		}
		if told.Load() != total {
			t.Fatalf("progress told of %d bytes, want %d", told.Load(), total)
		}
	})
}

// TestAtomic writes through the real sink with the real sizes: several jobs,
// a file of none, and a copy by the kernel.
func TestAtomic(t *testing.T) {
	dir := t.TempDir()
	text := make([]byte, 9<<20)
	for i := range text {
		text[i] = byte(i * i >> 8)
	}
	if err := os.WriteFile(filepath.Join(dir, "src"), text, 0o666); err != nil {
		t.Fatal(err)
	}
	src, size, err := formats.OpenRegular(filepath.Join(dir, "src"))
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	for _, hash := range []bool{false, true} {
		out, err := atomicfile.CreateDir(filepath.Join(dir, fmt.Sprint(hash)), atomicfile.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer out.Abort()
		plans := []*formats.FilePlan{
			{Name: "empty"},
			{Name: "sub/whole", Segments: []formats.Segment{
				{Size: 7, Data: bytes.NewReader([]byte("header "))},
				{Size: size, Data: io.NewSectionReader(src, 0, size)},
			}},
		}
		results, err := Write(context.Background(), out, plans, Options{Hash: hash})
		if err != nil {
			t.Fatal(err)
		}
		if err := out.Commit(); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(filepath.Join(dir, fmt.Sprint(hash), "sub/whole"))
		if err != nil || string(b[:7]) != "header " || !bytes.Equal(b[7:], text) {
			t.Errorf("hash %v: the file differs (%v)", hash, err)
		}
		want := ""
		if hash {
			want = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
		}
		if results[0].SHA256 != want || results[0].Bytes != 0 || results[1].Bytes != size+7 {
			t.Errorf("results are %+v", results)
		}
	}
}
