package forward

import (
	"context"
	"fmt"
	"runtime"
	"sync"

	"olmotool/accel"
	"olmotool/formats"
)

const (
	// defaultBudget is how many bytes of weights are in memory if nobody says.
	defaultBudget = 256 << 20
	// panelBytes is the size of a panel: milliseconds of reading and of computing,
	// so that what it costs to hand one over does not count.
	panelBytes = 16 << 20
	// maxPanels is how many panels are in memory at most: one that computes, and
	// enough others for readers never to be the ones who wait.
	maxPanels = 8
	// minPanels is how many have to fit: one that computes, one that is read.
	minPanels = 2
)

// panels hands out matrices a run of rows at a time, and reads ahead: the rest
// of a matrix and the matrices after it, in their order, as long as there are
// buffers. Who asks for another matrix than the next begins again from there.
type panels struct {
	matrices []formats.Tensor
	bytes    int64    // of a buffer
	bufs     [][]byte // made when first needed
	readers  int

	ahead *ahead // nil: nothing is read
	next  int    // the matrix that comes next in ahead
}

// ahead is reading in progress.
type ahead struct {
	ready  chan *panel // in order
	free   chan int    // buffers, by index
	cancel context.CancelFunc
	done   sync.WaitGroup
}

// panel is rows [at, at+rows) of a matrix, on their way into memory.
type panel struct {
	of       formats.Tensor
	at, rows int64
	buf      int
	bytes    []byte
	err      error
	read     chan struct{} // closed when bytes or err are there
}

func newPanels(matrices []formats.Tensor, budget int64, threads int) (*panels, error) {
	if budget <= 0 {
		budget = defaultBudget
	}
	if threads < 1 {
		threads = runtime.GOMAXPROCS(0)
	}
	p := &panels{matrices: matrices}
	size := min(panelBytes, budget/minPanels)
	for _, m := range matrices {
		row := m.RowBytes()
		if row > budget/minPanels {
			return nil, fmt.Errorf("%s: found rows of %d bytes, expected at most %d: half of the memory for weights", place(m), row, budget/minPanels)
		}
		p.bytes = max(p.bytes, row, min(m.Bytes(), size/row*row))
	}
	p.bufs = make([][]byte, min(budget/p.bytes, maxPanels))
	p.readers = min(threads, len(p.bufs)-1)
	return p, nil
}

// each calls f with the panels of matrix m, in order. A panel's bytes are f's
// until it returns.
func (p *panels) each(ctx context.Context, m int, f func(at int, w accel.Weight) error) error {
	if p.ahead == nil || p.next != m {
		p.stop()
		p.start(m)
	}
	p.next = -1
	for left := p.matrices[m].Shape[0]; left > 0; {
		var n *panel
		select {
		case n = <-p.ahead.ready:
		case <-ctx.Done():
			return ctx.Err()
		}
		select {
		case <-n.read:
		case <-ctx.Done():
			return ctx.Err()
		}
		if n.err != nil {
			return n.err
		}
		if err := f(int(n.at), accel.Weight{Type: types[n.of.DType], Rows: int(n.rows), Cols: int(n.of.Shape[1]), Bytes: n.bytes}); err != nil {
			return err
		}
		left -= n.rows
		p.ahead.free <- n.buf
	}
	p.next = m + 1
	return nil
}

// start begins to read from matrix m on.
func (p *panels) start(m int) {
	ctx, cancel := context.WithCancel(context.Background())
	a := &ahead{ready: make(chan *panel, len(p.bufs)), free: make(chan int, len(p.bufs)), cancel: cancel}
	for i := range p.bufs {
		a.free <- i
	}
	p.ahead = a
	a.done.Go(func() { p.run(ctx, a, p.matrices[m:]) })
}

// run has readers fill the buffers that are free with one panel after the other.
func (p *panels) run(ctx context.Context, a *ahead, matrices []formats.Tensor) {
	reading := make(chan struct{}, p.readers)
	for _, m := range matrices {
		rows := p.bytes / m.RowBytes()
		for at := int64(0); at < m.Shape[0]; at += rows {
			n := &panel{of: m, at: at, rows: min(rows, m.Shape[0]-at), read: make(chan struct{})}
			select {
			case n.buf = <-a.free:
			case <-ctx.Done():
				return
			}
			select {
			case reading <- struct{}{}:
			case <-ctx.Done():
				return
			}
			a.done.Go(func() {
				p.fill(n)
				<-reading
			})
			a.ready <- n // has room for all buffers
		}
	}
}

// fill reads a panel into its buffer.
func (p *panels) fill(n *panel) {
	defer close(n.read)
	if p.bufs[n.buf] == nil {
		p.bufs[n.buf] = make([]byte, p.bytes)
	}
	row := n.of.RowBytes()
	n.bytes = p.bufs[n.buf][:n.rows*row]
	if err := formats.ReadFull(n.of.Data, n.bytes, n.at*row); err != nil {
		n.err = formats.Errorf(n.of.Origin.File, place(n.of), "rows [%d,%d): %w", n.at, n.at+n.rows, err)
	}
}

// stop ends reading ahead, and returns when nobody reads any more.
func (p *panels) stop() {
	if p.ahead != nil {
		p.ahead.cancel()
		p.ahead.done.Wait()
		p.ahead = nil
	}
}
