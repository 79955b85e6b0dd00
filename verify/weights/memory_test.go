package weights

import (
	"io"
	"runtime"
	"sync/atomic"
	"testing"

	"olmotool/formats"
	"olmotool/formats/olmo"
)

// pattern is data of any size that is never in memory: the same 4 KiB over and
// over, each time with a number in it.
type pattern struct {
	size int64
	at   int64 // the byte that is another
}

var texture = func() (b [4096]byte) {
	for i := range b {
		b[i] = byte(i*i>>3) & 0x3f
	}
	return b
}()

func (p pattern) Size() int64 { return p.size }

func (p pattern) ReadAt(b []byte, off int64) (int, error) {
	var eof error
	if int64(len(b)) > p.size-off {
		b, eof = b[:p.size-off], io.EOF
	}
	for i := 0; i < len(b); {
		page, in := (off+int64(i))/int64(len(texture)), (off+int64(i))%int64(len(texture))
		n := copy(b[i:], texture[in:])
		if in == 0 {
			b[i] = byte(page) & 0x3f
		}
		i += n
	}
	if p.at >= off && p.at < off+int64(len(b)) {
		b[p.at-off] ^= 0x40
	}
	return len(b), eof
}

// TestMemory: what a comparison holds does not depend on the size of a tensor,
// whether it is the same or has to be explained.
func TestMemory(t *testing.T) {
	const rows, cols = 1 << 13, 1 << 13 // 128 MiB as BF16
	for _, at := range []int64{-1, 77_777_777} {
		m := func(at int64) *olmo.Model {
			return &olmo.Model{Tensors: []formats.Tensor{{
				Name: "x", DType: formats.BF16, Shape: []int64{rows, cols}, Data: pattern{2 * rows * cols, at},
			}}}
		}
		var most atomic.Uint64
		o := Options{Threads: 2, Progress: func(string, int64) func(int64) {
			return func(int64) {
				var s runtime.MemStats
				runtime.ReadMemStats(&s)
				most.Store(max(most.Load(), s.HeapInuse+s.StackInuse))
			}
		}}
		runtime.GC()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		r, err := Compare(t.Context(), m(-1), m(at), o)
		if err != nil || r.Equal != (at < 0) {
			t.Fatalf("%+v, %v", r, err)
		}
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > 24<<20 {
			t.Errorf("difference at %d: %d bytes were allocated", at, n)
		}
		if n := most.Load(); n > before.HeapInuse+before.StackInuse+16<<20 {
			t.Errorf("difference at %d: %d bytes were in use, %d before", at, n, before.HeapInuse)
		}
		if at >= 0 && r.Failures[0].First[0] != at/2/cols {
			t.Errorf("found at %v", r.Failures[0].First)
		}
	}
}
