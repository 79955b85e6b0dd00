package torch

import (
	"errors"
	"path/filepath"
	"runtime/metrics"
	"testing"

	"olmotool/formats"
)

// smallFiles are files of torch that are read whole, cut and damaged.
var smallFiles = []string{"statedict.pt", "views_legacy.pt", "views_proto4.pt", "deflated.pt", "bare.pkl"}

// use opens a file and reads all of its tensors and values. An error must be
// one about the input.
func use(t testing.TB, b []byte) {
	f, err := openBytes(b)
	if err == nil {
		defer f.Close()
		buf := make([]byte, 4<<10)
		for i, x := range f.Tensors {
			for off := int64(0); off < min(x.Data.Size(), 1<<20); off += int64(len(buf)) {
				p := buf[:min(int64(len(buf)), x.Data.Size()-off)]
				if err = formats.ReadFull(x.Data, p, off); err != nil {
					break
				}
			}
			f.TensorCRC(i)
		}
		f.Options()
		if e := f.CheckCRC(t.Context()); e != nil {
			err = e
		}
	}
	var known *formats.Error
	if err != nil && !errors.As(err, &known) {
		t.Fatalf("found error %T %v, expected a *formats.Error", err, err)
	}
}

// allocated is how many bytes f takes from the heap in all.
func allocated(f func()) uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}} // does not stop the world
	metrics.Read(sample)
	before := sample[0].Value.Uint64()
	f()
	metrics.Read(sample)
	return sample[0].Value.Uint64() - before
}

// TestTruncated cuts files at every byte.
func TestTruncated(t *testing.T) {
	for _, name := range smallFiles {
		b := testFile(t, name)
		for n := range b {
			f, err := openBytes(b[:n])
			if err == nil {
				f.Close()
				t.Errorf("%s: cut to %d bytes: no error", name, n)
			}
			var known *formats.Error
			if !errors.As(err, &known) {
				t.Errorf("%s: cut to %d bytes: found error %T", name, n, err)
			}
		}
	}
}

// TestFlipped turns every single bit of tiny files, and a bit in each byte of
// larger ones.
func TestFlipped(t *testing.T) {
	pickle := inDict(tensorOf(storageOf(floats, "0", 6), 0, []int64{3, 2}, []int64{1, 3}))
	members := []member{{"a/data.pkl", pickle}, {"a/data/0", "abcdefghabcdefghabcdefgh"}, {"a/version", "3"}}
	files := map[string][]byte{
		"stored":   plainSaved(t),
		"deflated": rawArchive(t, deflated, deflate, nil, members...),
		"legacy":   []byte(legacyStart + legacyNumber + legacySystem + pickle + "]U\x010a." + legacyStorage(6, members[1].data)),
		"pickle":   testFile(t, "bare.pkl"),
		"zip64":    testFile(t, "statedict.pt"),
		"frames":   testFile(t, "views_legacy_proto4.pt"),
	}
	for name, b := range files {
		use(t, b)
		for i := range b {
			for bit := range 8 {
				if len(b) > 1000 && bit != i%8 {
					continue
				}
				b[i] ^= 1 << bit
				if n := allocated(func() { use(t, b) }); n > 8<<20 {
					t.Errorf("%s: bit %d of byte %d: %d bytes allocated", name, bit, i, n)
				}
				b[i] ^= 1 << bit
			}
		}
	}
}

// TestHostileMemory: a small file cannot ask for much memory.
func TestHostileMemory(t *testing.T) {
	for _, c := range malformedPickles {
		for _, b := range [][]byte{[]byte(c.pickle), saved(t, c.pickle)} {
			if n := allocated(func() { use(t, b) }); n > 64<<20+uint64(1000*len(b)) {
				t.Errorf("%s: %d bytes allocated for %d", c.name, n, len(b))
			}
		}
	}
}

func FuzzOpen(f *testing.F) {
	files, err := filepath.Glob("testdata/*.p*")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range files {
		f.Add(testFile(f, filepath.Base(name)))
	}
	f.Add(testFile(f, "rank0.pt"))
	f.Add(plainSaved(f))
	for _, c := range malformedPickles {
		if len(c.pickle) < 4096 {
			f.Add(saved(f, c.pickle))
			f.Add([]byte("\x80\x02" + c.pickle))
			f.Add([]byte(legacyStart + legacyNumber + legacySystem + c.pickle))
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if n := allocated(func() { use(t, b) }); n > 64<<20+uint64(2000*len(b)) {
			t.Errorf("%d bytes allocated for %d", n, len(b))
		}
	})
}

func FuzzScanPickle(f *testing.F) {
	for _, name := range []string{"bare.pkl", "sample.metadata"} {
		f.Add(testFile(f, name))
	}
	for _, c := range malformedPickles {
		if len(c.pickle) < 4096 {
			f.Add([]byte(c.pickle))
		}
	}
	for _, p := range []string{laughs(60), "(cos\nsystem\nU\x02lso.", "\x80\x04\x8c\x02os\x94\x8c\x06system\x93.", "\x82\x05)R}b.", "(\x8f(K\x01K\x02\x90(K\x03\x91t."} {
		f.Add([]byte(p))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		s, scanErr := scanString(string(b))
		if s.End > int64(len(b)) || len(s.Globals) > len(b) {
			t.Fatalf("scan %+v of %d bytes", s, len(b))
		}
		v, _, err := readString(string(b))
		if scanErr != nil && err == nil {
			t.Fatalf("read what the scan refused: %v", scanErr)
		}
		var known *formats.Error
		if err != nil && !errors.As(err, &known) {
			t.Fatalf("found error %T", err)
		}
		if err == nil {
			Leaves(v, func([]Value, Value) error { return nil })
		}
	})
}
