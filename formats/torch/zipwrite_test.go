package torch

import (
	"archive/zip"
	"bytes"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"testing"

	"olmotool/formats"
	"pgregory.net/rapid"
)

// zeros is Data that holds nothing else.
type zeros int64

func (z zeros) Size() int64 { return int64(z) }

func (z zeros) ReadAt(p []byte, off int64) (int, error) {
	n := min(int64(len(p)), int64(z)-off)
	clear(p[:n])
	if n < int64(len(p)) {
		return int(n), io.EOF
	}
	return int(n), nil
}

// TestZIP64 compares an archive of more than 4 GiB with torch's, without
// passing through the zeros that make it so large.
func TestZIP64(t *testing.T) {
	const large = 1<<32 + 100
	const largeSum = 0xa92a4ce5
	plan, err := Plan("zip64.pt", []formats.Tensor{
		pattern("small", formats.F32, 5),
		{Name: "large", DType: formats.U8, Shape: []int64{large}, Data: zeros(large)},
		{Name: "empty", DType: formats.F32, Shape: []int64{0}, Data: zeros(0)},
		pattern("after", formats.I64, 7),
		{Name: "empty2", DType: formats.U8, Shape: []int64{0}, Data: zeros(0)},
	}, Options{Plain: true})
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("testdata/save/zip64.bin")
	if err != nil {
		t.Fatal(err)
	}
	if got := plan.Size(); got != int64(len(want))+large {
		t.Errorf("planned %d bytes, want %d", got, int64(len(want))+large)
	}
	skipped := *plan
	skipped.Segments = nil
	var before, headers int64
	for _, s := range plan.Segments {
		if s.Size == large {
			*s.Sum.(*zipSum) = zipSum{crc: largeSum, n: large}
			before = headers
			continue
		}
		headers += s.Size
		skipped.Segments = append(skipped.Segments, s)
	}
	var got bytes.Buffer
	if _, err := skipped.WriteTo(&got); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Bytes(), want) {
		t.Errorf("got\n%x\nwant\n%x", got.Bytes(), want)
	}

	// Another reader of archives finds its way too.
	sparse := sparseFile{got.Bytes(), before, large}
	r, err := zip.NewReader(sparse, sparse.size())
	if err != nil {
		t.Fatal(err)
	}
	for i, size := range map[int]uint64{2: 20, 3: large, 4: 0, 5: 56, 6: 0, 7: 2} {
		if f := r.File[i]; f.UncompressedSize64 != size || f.CompressedSize64 != size {
			t.Errorf("%s has %d bytes, want %d", f.Name, f.UncompressedSize64, size)
		}
	}
	after, err := r.Open("zip64/data/3")
	if err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(after); err != nil || len(b) != 56 {
		t.Errorf("got %d bytes, %v", len(b), err)
	}
}

// sparseFile is bytes with n zeros after the first at bytes.
type sparseFile struct {
	b     []byte
	at, n int64
}

func (f sparseFile) size() int64 { return int64(len(f.b)) + f.n }

func (f sparseFile) ReadAt(p []byte, off int64) (int, error) {
	for i := range p {
		switch o := off + int64(i); {
		case o >= f.size():
			return i, io.EOF
		case o < f.at:
			p[i] = f.b[o]
		case o < f.at+f.n:
			p[i] = 0
		default:
			p[i] = f.b[o-f.n]
		}
	}
	return len(p), nil
}

// TestZIP64Places checks sizes and offsets around the largest that 32 bits hold,
// and the refusal of what 63 do not.
func TestZIP64Places(t *testing.T) {
	for _, test := range []struct {
		size, header int64
		extra, tail  int64 // bytes of the ZIP64 field and of the descriptor
	}{
		{1, 0, 0, 16},
		{0, 0, 0, 0},
		{zipMax - 1, 0, 0, 16},
		{zipMax, 0, 4 + 16, 24},
		{1, zipMax - 1, 0, 16},
		{1, zipMax, 4 + 8, 24},
		{0, zipMax, 4 + 8, 0},
		{zipMax, zipMax, 4 + 24, 24},
	} {
		m := &zipMember{root: "r", name: "data/0", size: test.size}
		if err := m.place(test.header); err != nil {
			t.Fatal(err)
		}
		if got := int64(len(m.zip64(0))); got != test.extra {
			t.Errorf("%d bytes at %d: extra field of %d bytes, want %d", test.size, test.header, got, test.extra)
		}
		if got := m.end - m.body - m.size; got != test.tail {
			t.Errorf("%d bytes at %d: descriptor of %d bytes, want %d", test.size, test.header, got, test.tail)
		}
		m.sum.n = m.size
		d, err := m.descriptor()
		h, _ := m.localHeader()
		if err != nil || int64(len(d)) != test.tail || int64(len(h)) != m.body-m.header || m.body%zipAlign != 0 {
			t.Errorf("%d bytes at %d: header %d, descriptor %d, %v", test.size, test.header, len(h), len(d), err)
		}
	}
	m := &zipMember{root: "r", name: "data/0", size: 1<<63 - 100}
	if err := m.place(1000); err == nil {
		t.Error("a record beyond the last byte that can be is placed")
	}
}

// TestPlanIsOneUse checks that checksums of bytes that did not come, or came
// twice, do not get into a file.
func TestPlanIsOneUse(t *testing.T) {
	plan, err := Plan("x.pt", []formats.Tensor{pattern("w", formats.F32, 5)}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	const want = `record "data/0": found the checksum of %d bytes, expected that of 20`
	if _, err := plan.Segments[2].Late(); err == nil || err.Error() != fmt.Sprintf(want, 0) {
		t.Errorf("before the data: %v", err)
	}
	if _, err := plan.WriteTo(io.Discard); err != nil {
		t.Fatal(err)
	}
	if _, err := plan.WriteTo(io.Discard); err == nil || err.Error() != fmt.Sprintf(want, 40) {
		t.Errorf("after writing twice: %v", err)
	}
}

// planProperty checks that archive/zip reads any planned archive.
func planProperty(t *rapid.T) {
	types := []formats.DType{formats.Bool, formats.U8, formats.F16, formats.BF16, formats.F32, formats.I64, formats.C128, formats.F8E4M3, formats.U32}
	var tensors []formats.Tensor
	names := rapid.SliceOfNDistinct(rapid.String(), 0, 40, rapid.ID).Draw(t, "names")
	for _, name := range names {
		d := rapid.SampledFrom(types).Draw(t, "dtype")
		shape := rapid.SliceOfN(rapid.Int64Range(0, 9), 0, 3).Draw(t, "shape")
		tensors = append(tensors, pattern(name, d, shape...))
	}
	root := rapid.StringMatching(`[a-zé重.]{1,20}x`).Draw(t, "root")
	plan, err := Plan("p", tensors, Options{Root: root, Plain: rapid.Bool().Draw(t, "plain")})
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range plan.Segments {
		if (s.Data == nil) == (s.Late == nil) || s.Size <= 0 {
			t.Fatalf("segment %d has %d bytes, data %v, late %v", i, s.Size, s.Data != nil, s.Late != nil)
		}
		if s.Data != nil && (plan.Offset(i)%zipAlign != 0 || s.Tensor == nil) {
			t.Fatalf("segment %d at %d holds %v", i, plan.Offset(i), s.Tensor)
		}
	}
	var file bytes.Buffer
	if n, err := plan.WriteTo(&file); err != nil || n != plan.Size() {
		t.Fatalf("wrote %d of %d bytes: %v", n, plan.Size(), err)
	}
	r, err := zip.NewReader(bytes.NewReader(file.Bytes()), plan.Size())
	if err != nil {
		t.Fatal(err)
	}
	if len(r.File) != len(tensors)+4 {
		t.Fatalf("found %d records for %d tensors", len(r.File), len(tensors))
	}
	for _, f := range r.File {
		if _, err := readMember(f); err != nil { // checks the sum
			t.Fatal(err)
		}
	}
	for i, x := range tensors {
		want := make([]byte, x.Bytes())
		x.Data.ReadAt(want, 0)
		f, err := r.Open(fmt.Sprintf("%s/data/%d", root, i))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(f); err != nil || !bytes.Equal(got, want) {
			t.Fatalf("%q is %x, want %x: %v", x.Name, got, want, err)
		}
	}
}

func readMember(f *zip.File) ([]byte, error) {
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(r)
	if err == nil && (uint64(len(b)) != f.UncompressedSize64 || crc32.ChecksumIEEE(b) != f.CRC32) {
		err = fmt.Errorf("%s has %d bytes, listed %d", f.Name, len(b), f.UncompressedSize64)
	}
	return b, err
}

func TestPlanProperty(t *testing.T) { rapid.Check(t, planProperty) }

func FuzzPlan(f *testing.F) { f.Fuzz(rapid.MakeFuzz(planProperty)) }
