package stats

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"golang.org/x/sync/errgroup"

	"olmotool/formats"
)

// maxThreads bounds what is held in memory: a goroutine has up to 4 MiB, and as
// much may be held of the tensor that it is at. Memory is no faster for more.
const maxThreads = 24

// All calls each with the statistics of every tensor, in the order of ts and one
// at a time; with nil for one whose type is not [Supported]. Tensors are read in
// their order. An error of each ends All, which returns it.
//
// Other errors are a *formats.Error that names the tensor, or that of ctx.
func All(ctx context.Context, ts []formats.Tensor, o Options, each func(i int, s *Stats) error) error {
	r := &run{ts: ts, o: o, each: each, done: map[int]*Stats{}}
	r.o.Threads = min(max(1, o.Threads), maxThreads)
	g, ctx := errgroup.WithContext(ctx)
	for range r.o.Threads {
		g.Go(func() error { return r.work(ctx) })
	}
	return g.Wait()
}

// run is one call of All.
type run struct {
	ts   []formats.Tensor
	o    Options
	each func(int, *Stats) error

	mu    sync.Mutex // of what is to be read
	at    *tensor    // of which piece is the next; nil before the first
	next  int        // the tensor after it
	piece int64

	deliverMu sync.Mutex
	done      map[int]*Stats // that wait for an earlier one
	delivered int
	stopped   bool // by an error of each

	again sync.Mutex // second passes are made one at a time, by all threads
}

// take returns the next piece to read, or nil.
func (r *run) take() (*tensor, int64, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for r.at == nil || r.piece == r.at.pieces {
		if r.next == len(r.ts) {
			return nil, 0, nil
		}
		i := r.next
		s, err := newTensor(i, r.ts[i])
		if err != nil {
			return nil, 0, err
		}
		r.at, r.piece, r.next = s, 0, i+1
		if s == nil || s.pieces == 0 {
			r.at = nil
			var none *Stats
			if s != nil {
				none = s.summary()
			}
			if err := r.deliver(i, none); err != nil {
				return nil, 0, err
			}
		}
	}
	r.piece++
	return r.at, r.piece - 1, nil
}

// recovered is a panic, in a view or in each, as an error.
func recovered(s *tensor, p any) error {
	if s == nil {
		return fmt.Errorf("panic: %v", p)
	}
	return formats.Errorf(s.stored.Origin.File, place(s.stored), "panic: %v", p)
}

func (r *run) work(ctx context.Context) (err error) {
	var s *tensor
	defer func() {
		if p := recover(); p != nil {
			err = recovered(s, p)
		}
	}()
	c := newCounter()
	buf := make([]byte, pieceElems*8)
	for {
		next, piece, err := r.take()
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		if s != nil && (next != s || c.n > 1<<31) && s.merge(c) {
			if err := r.finish(ctx, s); err != nil {
				return err
			}
		}
		if s = next; s == nil {
			return nil
		}
		b, err := s.read(piece, buf)
		if err != nil {
			return err
		}
		c.add(s, piece, b)
		if r.o.Progress != nil {
			n := int64(len(b) / s.kind.Width)
			r.o.Progress(n / s.stored.DType.BlockElems() * s.stored.DType.BlockBytes())
		}
	}
}

// finish makes the statistics of a tensor that has been read.
func (r *run) finish(ctx context.Context, s *tensor) error {
	wide, small := s.kind.class != narrow, s.pieces == 1
	if wide && small {
		if err := s.sortValues(); err != nil {
			return err
		}
	}
	st := s.summary()
	if wide && !small && r.o.Exact {
		if err := r.refine(ctx, s, st); err != nil {
			return err
		}
	}
	return r.deliver(s.index, st)
}

// deliver calls each for what is complete up to the first gap.
func (r *run) deliver(i int, s *Stats) error {
	r.deliverMu.Lock()
	defer r.deliverMu.Unlock()
	r.done[i] = s
	for {
		s, ok := r.done[r.delivered]
		if !ok || r.stopped {
			return nil
		}
		delete(r.done, r.delivered)
		r.stopped = true // and stays so after an error or a panic
		if err := r.each(r.delivered, s); err != nil {
			return err
		}
		r.delivered++
		r.stopped = false
	}
}

// readError blames the file that a tensor came from.
func readError(t formats.Tensor, err error) error {
	if known := (*formats.Error)(nil); errors.As(err, &known) && known.Place != "" {
		return err
	}
	return formats.Errorf(t.Origin.File, place(t), "%w", err)
}
