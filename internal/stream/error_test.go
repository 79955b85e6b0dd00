package stream

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"olmotool/formats"
)

// hooked is Data of zeros that calls a function before each read.
type hooked struct {
	size int64
	read func(off int64) error
}

func (h hooked) Size() int64 { return h.size }

func (h hooked) ReadAt(p []byte, off int64) (int, error) {
	if err := h.read(off); err != nil {
		return 0, err
	}
	n := int(min(int64(len(p)), h.size-off))
	clear(p[:n])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func tensorPlan(file, name, origin string, d formats.Data) *formats.FilePlan {
	x := &formats.Tensor{Name: name, DType: formats.U8, Shape: []int64{d.Size()}, Data: d}
	x.Origin.File = origin
	return &formats.FilePlan{Name: file, Segments: []formats.Segment{
		{Size: 3, Data: bytes.NewReader([]byte("abc"))},
		{Size: d.Size(), Data: d, Tensor: x, Sum: io.Discard},
		{Size: 1, Late: func() ([]byte, error) { return []byte("z"), nil }},
	}}
}

// TestReadFails makes the k-th read fail, for every k.
func TestReadFails(t *testing.T) {
	broken := errors.New("broken")
	for _, threads := range []int{1, 2, 8} {
		for k := int64(1); k <= 20; k++ {
			var reads atomic.Int64
			d := hooked{20 * small.piece, func(int64) error {
				if reads.Add(1) == k {
					return broken
				}
				return nil
			}}
			plans := []*formats.FilePlan{tensorPlan("a", "w", "in.safetensors", d), tensorPlan("b", "v", "", d)}
			_, err := write(context.Background(), folder(t.TempDir()), plans, Options{Threads: threads, Hash: k%2 == 0}, small)
			var bad *formats.Error
			if !errors.Is(err, broken) || !errors.As(err, &bad) || !strings.HasPrefix(err.Error(), `in.safetensors: tensor "w": `) {
				t.Fatalf("%d threads, read %d: %v", threads, k, err)
			}
		}
	}
}

// TestErrors holds what an error names.
func TestErrors(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "short")
	if err := os.WriteFile(path, make([]byte, 500), 0o666); err != nil {
		t.Fatal(err)
	}
	src, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	zeros := bytes.NewReader(make([]byte, 300))
	read := func(err error) *formats.FilePlan {
		return tensorPlan("f", "w", "", hooked{300, func(off int64) error {
			if off > 0 {
				return nil // what is read at the same time must not fail first
			}
			return err
		}})
	}
	one := func(s formats.Segment) *formats.FilePlan {
		return &formats.FilePlan{Name: "f", Segments: []formats.Segment{s}}
	}
	broken := errors.New("broken")
	tapFails := func(*formats.Tensor, int64, []byte) error { return broken }
	for _, c := range []struct {
		name string
		plan *formats.FilePlan
		o    Options
		want string
	}{
		{"no origin", read(broken), Options{}, `f: tensor "w": read 0 of 64 bytes at 0: broken`},
		{
			"own error", read(formats.Errorf("x.pt", "record 7", "found a hole, expected bytes")),
			Options{},
			"x.pt: record 7: found a hole, expected bytes",
		},
		{"tap", tensorPlan("f", "w", "", zeros), Options{Tap: tapFails}, `f: tensor "w": broken`},
		{
			"tap panics", tensorPlan("f", "w", "", zeros),
			Options{Tap: func(*formats.Tensor, int64, []byte) error { panic("boo") }},
			`f: tensor "w": panic: boo`,
		},
		{"data panics", tensorPlan("f", "w", "", hooked{300, func(int64) error { panic("boo") }}), Options{}, `f: tensor "w": panic: boo`},
		{"extents panic", one(formats.Segment{Size: 300, Data: panics{zeros}}), Options{}, "panic: boo"},
		{"short data", one(formats.Segment{Size: 301, Data: zeros}), Options{}, "f: read 44 of 45 bytes at 256: unexpected EOF"},
		{"short file", tensorPlan("f", "w", "in", io.NewSectionReader(src, 0, 600)), Options{}, `in: tensor "w": read`},
		{"short copied file", one(formats.Segment{Size: 600, Data: io.NewSectionReader(src, 0, 600)}), Options{}, "unexpected EOF"},
		{"sum", one(formats.Segment{Size: 300, Data: zeros, Sum: failingWriter{}}), Options{}, "f: io: read/write on closed pipe"},
		{"late", one(formats.Segment{Size: 1, Late: func() ([]byte, error) { return nil, broken }}), Options{}, "f: broken"},
		{"late panics", one(formats.Segment{Size: 1, Late: func() ([]byte, error) { panic("boo") }}), Options{}, "f: panic: boo"},
		{
			"late is short", one(formats.Segment{Size: 2, Late: func() ([]byte, error) { return []byte{1}, nil }}),
			Options{},
			"f: got 1 late bytes, planned 2",
		},
		{"no data", one(formats.Segment{Size: 1}), Options{}, "f: segment 0 has both or neither of data and late data"},
		{"negative", one(formats.Segment{Size: -1, Data: zeros}), Options{}, "f: segment 0: negative term"},
		{
			"overflow", &formats.FilePlan{Name: "f", Segments: []formats.Segment{{Size: 1 << 62, Data: zeros}, {Size: 1 << 62, Data: zeros}}},
			Options{},
			"f: segment 1: 4611686018427387904 + 4611686018427387904 overflows",
		},
	} {
		for _, threads := range []int{1, 4} {
			c.o.Threads = threads
			_, err := write(context.Background(), folder(dir), []*formats.FilePlan{c.plan}, c.o, small)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: %v lacks %q", c.name, err, c.want)
			}
		}
	}
}

type panics struct{ *bytes.Reader }

func (panics) Extents(int64, int64) ([]formats.Extent, bool) { panic("boo") }

type failingWriter struct{}

func (failingWriter) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

// readOnly is a Sink whose files cannot be written, as on a full disk.
type readOnly string

func (d readOnly) File(string, int64) (*os.File, error) { return os.Open(string(d)) }

type noSink struct{}

func (noSink) File(string, int64) (*os.File, error) { return nil, os.ErrPermission }

func TestWriteFails(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, make([]byte, 600), 0o666); err != nil {
		t.Fatal(err)
	}
	src, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	copied := &formats.FilePlan{Name: "f", Segments: []formats.Segment{{Size: 600, Data: io.NewSectionReader(src, 0, 600)}}}
	late := &formats.FilePlan{Name: "f", Segments: []formats.Segment{{Size: 1, Late: func() ([]byte, error) { return []byte("z"), nil }}}}
	for _, plan := range []*formats.FilePlan{tensorPlan("f", "w", "in", bytes.NewReader(make([]byte, 999))), copied, late} {
		_, err := write(context.Background(), readOnly(path), []*formats.FilePlan{plan}, Options{Threads: 3}, small)
		var bad *formats.Error
		if err == nil || errors.As(err, &bad) || !strings.HasPrefix(err.Error(), "f: writing ") || strings.Contains(err.Error(), path) {
			t.Errorf("writing to a read-only file gave %v", err)
		}
	}
	if _, err := Write(context.Background(), noSink{}, []*formats.FilePlan{late}, Options{}); !errors.Is(err, os.ErrPermission) {
		t.Errorf("a sink that fails gave %v", err)
	}
}

// TestCopyFails makes the kernel stop copying at the k-th call, in the middle
// of a piece too: the bytes go through memory, from there on if it is for good.
func TestCopyFails(t *testing.T) {
	dir := t.TempDir()
	text := bytes.Repeat([]byte("0123456789abc"), 99)
	if err := os.WriteFile(filepath.Join(dir, "src"), text, 0o666); err != nil {
		t.Fatal(err)
	}
	src, err := os.Open(filepath.Join(dir, "src"))
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	size := int64(len(text))
	plan := &formats.FilePlan{Name: "f", Segments: []formats.Segment{{Size: size, Data: io.NewSectionReader(src, 0, size)}}}
	for _, threads := range []int{1, 2} {
		for _, fault := range []error{errors.ErrUnsupported, io.ErrClosedPipe, nil} {
			for k := int64(1); k <= 12; k++ {
				tune := small
				var calls atomic.Int64
				tune.copyRange = func(dst *os.File, dstOff int64, src *os.File, srcOff, n int64) (int64, error) {
					if calls.Add(1) == k {
						return 0, fault
					}
					p := make([]byte, min(n, 100))
					src.ReadAt(p, srcOff)
					m, err := dst.WriteAt(p, dstOff)
					return int64(m), err
				}
				if _, err := write(context.Background(), folder(dir), []*formats.FilePlan{plan}, Options{Threads: threads}, tune); err != nil {
					t.Fatal(err)
				}
				if got, err := os.ReadFile(filepath.Join(dir, "out-f")); err != nil || !bytes.Equal(got, text) {
					t.Fatalf("call %d gave %v: the file differs (%v)", k, fault, err)
				}
				if threads == 1 && fault == errors.ErrUnsupported && calls.Load() != k {
					t.Errorf("%d calls after the %dth was unsupported", calls.Load(), k)
				}
			}
		}
	}
}

// TestCancel cancels in the middle of an endless work, with workers waiting for
// buffers, and before the beginning.
func TestCancel(t *testing.T) {
	before := runtime.NumGoroutine()
	for _, threads := range []int{1, 2, 8} {
		ctx, cancel := context.WithCancel(context.Background())
		d := hooked{1 << 60, func(off int64) error {
			if off > 100*small.piece {
				cancel()
			}
			return nil
		}}
		drop := func(string, int64) (*os.File, error) { return os.OpenFile(os.DevNull, os.O_RDWR, 0) }
		start := time.Now()
		plan := tensorPlan("f", "w", "", d)
		plan.Segments[1].Sum = slow{}
		_, err := write(ctx, sinkFunc(drop), []*formats.FilePlan{plan}, Options{Threads: threads}, small)
		if !errors.Is(err, context.Canceled) || time.Since(start) > 5*time.Second {
			t.Errorf("%d threads: %v after %v", threads, err, time.Since(start))
		}
		if _, err := write(ctx, folder(t.TempDir()), []*formats.FilePlan{tensorPlan("f", "w", "", d)}, Options{}, small); !errors.Is(err, context.Canceled) {
			t.Errorf("already cancelled: %v", err)
		}
	}
	for range 100 {
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("found %d goroutines, want %d", runtime.NumGoroutine(), before)
}

type sinkFunc func(string, int64) (*os.File, error)

func (f sinkFunc) File(name string, size int64) (*os.File, error) { return f(name, size) }

type slow struct{}

func (slow) Write(p []byte) (int, error) {
	time.Sleep(10 * time.Microsecond)
	return len(p), nil
}

// TestMemory holds that buffers are few however large the plan, and that a
// million tiny segments do not become one job.
func TestMemory(t *testing.T) {
	d := hooked{300 * PieceBytes, func(int64) error { return nil }}
	plan := &formats.FilePlan{Name: "f", Segments: []formats.Segment{{Size: d.size, Data: d}}}
	drop := func(string, int64) (*os.File, error) { return os.OpenFile(os.DevNull, os.O_RDWR, 0) }
	allocated := func(plan *formats.FilePlan) int64 {
		var a, b runtime.MemStats
		runtime.ReadMemStats(&a)
		if _, err := Write(context.Background(), sinkFunc(drop), []*formats.FilePlan{plan}, Options{Threads: 2}); err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&b)
		return int64(b.TotalAlloc - a.TotalAlloc)
	}
	if n := allocated(plan); n > 4*PieceBytes+1<<20 {
		t.Errorf("allocated %d bytes for a file of %d", n, d.size)
	}
	tiny := &formats.FilePlan{Name: "f", Segments: make([]formats.Segment, 3*maxPieces)}
	for i := range tiny.Segments {
		tiny.Segments[i] = formats.Segment{Size: 1, Data: bytes.NewReader([]byte{1})}
	}
	c := cutter{files: []*file{{plan: tiny}}, tuning: standard, mayCopy: func(*formats.Segment) bool { return false }}
	for i := range 3 {
		if j := c.next(); j == nil || len(j.pieces) != maxPieces || j.off != int64(i*maxPieces) {
			t.Fatalf("job %d is %+v", i, j)
		}
	}
	if j := c.next(); j != nil {
		t.Fatalf("found a job %+v after the last", j)
	}
}

func ExampleWrite() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	plan := &formats.FilePlan{Name: "hello", Segments: []formats.Segment{{Size: 6, Data: bytes.NewReader([]byte("hello\n"))}}}
	results, err := Write(context.Background(), folder(dir), []*formats.FilePlan{plan}, Options{Hash: true})
	fmt.Println(results[0].Bytes, results[0].SHA256[:16], err)
	// Output: 6 5891b5b522d5df08 <nil>
}
