package forward

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"olmotool/accel"
	"olmotool/formats"
)

// slow is Data that counts its reads, waits before each, and fails where told.
type slow struct {
	*bytes.Reader
	wait   <-chan struct{} // until it is closed, if set
	failAt int64           // offset of the read that fails; 0: none
	reads  *atomic.Int64
}

func (s slow) ReadAt(p []byte, off int64) (int, error) {
	s.reads.Add(1)
	if s.wait != nil {
		<-s.wait
	}
	if s.failAt > 0 && off >= s.failAt {
		return 0, errors.New("the disk is gone")
	}
	return s.Reader.ReadAt(p, off)
}

// matrices returns n matrices of rows × 8 bytes, each byte that of its matrix and row.
func matrices(t *testing.T, n, rows int, data func(i int, r *bytes.Reader) formats.Data) []formats.Tensor {
	t.Helper()
	var all []formats.Tensor
	for i := range n {
		b := make([]byte, rows*8)
		for j := range b {
			b[j] = byte(16*i + j/8)
		}
		x, err := formats.NewTensor(fmt.Sprintf("m%d", i), formats.BF16, []int64{int64(rows), 4}, data(i, bytes.NewReader(b)))
		if err != nil {
			t.Fatal(err)
		}
		x.Origin.File = "weights.bin"
		all = append(all, x)
	}
	return all
}

func plain(_ int, r *bytes.Reader) formats.Data { return r }

// take collects a matrix.
func take(p *panels, m int) ([]byte, []int, error) {
	var got []byte
	var at []int
	err := p.each(context.Background(), m, func(i int, w accel.Weight) error {
		got, at = append(got, w.Bytes...), append(at, i)
		return nil
	})
	return got, at, err
}

func TestPanels(t *testing.T) {
	const rows = 7
	for _, budget := range []int64{0, 16, 17, 32, 50, 200} {
		for _, threads := range []int{1, 3} {
			p, err := newPanels(matrices(t, 4, rows, plain), budget, threads)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range []int{0, 1, 2, 3, 3, 0, 2, 1, 2, 3, 0} { // in order, and not
				got, at, err := take(p, m)
				if err != nil {
					t.Fatal(err)
				}
				if len(got) != rows*8 || got[0] != byte(16*m) || got[len(got)-1] != byte(16*m+rows-1) || at[0] != 0 {
					t.Errorf("budget %d: matrix %d is %v, from rows %v", budget, m, got, at)
				}
			}
			total := int64(0)
			for _, b := range p.bufs {
				total += int64(len(b))
			}
			if budget > 0 && total > budget {
				t.Errorf("budget %d: %d bytes of buffers", budget, total)
			}
			p.stop()
		}
	}
	_, err := newPanels(matrices(t, 1, rows, plain), 15, 1)
	if err == nil || err.Error() != `tensor "m0": found rows of 8 bytes, expected at most 7: half of the memory for weights` {
		t.Errorf("error %v", err)
	}
}

// While a panel is used, those after it are read, of the next matrices too.
func TestPanelsReadAhead(t *testing.T) {
	var reads atomic.Int64
	p, err := newPanels(matrices(t, 4, 2, func(_ int, r *bytes.Reader) formats.Data { return slow{Reader: r, reads: &reads} }), 64, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer p.stop()
	ahead := func(want int64) {
		t.Helper()
		for range 1000 {
			if reads.Load() == want {
				return
			}
			time.Sleep(time.Millisecond)
		}
		t.Errorf("%d reads, want %d", reads.Load(), want)
	}
	if _, _, err := take(p, 0); err != nil {
		t.Fatal(err)
	}
	ahead(4) // four buffers of 16 bytes: all matrices
	if _, _, err := take(p, 1); err != nil {
		t.Fatal(err)
	}
	ahead(4)
	if _, _, err := take(p, 1); err != nil { // again: what was read ahead is of no use
		t.Fatal(err)
	}
	ahead(4 + 3)
}

func TestPanelsErrors(t *testing.T) {
	var reads atomic.Int64
	p, err := newPanels(matrices(t, 3, 4, func(i int, r *bytes.Reader) formats.Data {
		if i == 1 {
			return slow{Reader: r, reads: &reads, failAt: 16}
		}
		return r
	}), 64, 2)
	if err != nil {
		t.Fatal(err)
	}
	defer p.stop()
	p.bytes = 16 // two rows
	for range 2 {
		if _, _, err := take(p, 0); err != nil {
			t.Fatal(err)
		}
		_, at, err := take(p, 1)
		var bad *formats.Error
		if !errors.As(err, &bad) || !strings.HasPrefix(err.Error(), `weights.bin: tensor "m1": rows [2,4): `) || !strings.Contains(err.Error(), "the disk is gone") || len(at) != 1 {
			t.Errorf("after rows %v: %v", at, err)
		}
		if _, _, err := take(p, 2); err != nil {
			t.Fatal(err)
		}
	}
	stop := errors.New("enough")
	if err := p.each(context.Background(), 0, func(int, accel.Weight) error { return stop }); err != stop {
		t.Errorf("error %v, want that of the callee", err)
	}
	if got, _, err := take(p, 0); err != nil || len(got) != 32 {
		t.Errorf("after an error of the callee: %v %v", got, err)
	}
}

// A read that ends before its panel does is an error.
func TestPanelsShort(t *testing.T) {
	p, err := newPanels(matrices(t, 1, 4, func(_ int, r *bytes.Reader) formats.Data { return short{r} }), 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer p.stop()
	if _, _, err := take(p, 0); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("error %v, want an unexpected end", err)
	}
}

type short struct{ *bytes.Reader }

func (s short) ReadAt(p []byte, off int64) (int, error) { return s.Reader.ReadAt(p[:len(p)-1], off) }

// Who is told to stop does not wait for a disk; after Close nobody reads.
func TestPanelsCancel(t *testing.T) {
	before := runtime.NumGoroutine()
	var reads atomic.Int64
	wait := make(chan struct{})
	p, err := newPanels(matrices(t, 3, 4, func(_ int, r *bytes.Reader) formats.Data {
		return slow{Reader: r, reads: &reads, wait: wait}
	}), 0, 2)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	err = p.each(ctx, 0, func(int, accel.Weight) error { return nil })
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v, want that of the context", err)
	}
	close(wait)
	p.stop()
	for range 1000 {
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Errorf("%d goroutines, %d before", runtime.NumGoroutine(), before)
}
