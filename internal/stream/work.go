package stream

import (
	"context"
	"errors"
	"fmt"
	"os"

	"olmotool/formats"
)

// work carries out jobs until there are no more.
func (w *writer) work(ctx context.Context) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p) // in what a view says of itself, outside a job
		}
	}()
	for {
		j, err := w.take(ctx)
		if j == nil || err != nil {
			return err
		}
		if err := w.do(ctx, j); err != nil {
			return err
		}
	}
}

// take returns the next job with the buffer it needs, or nil. Because both are
// had under one lock, buffers go to jobs in their order: the earliest job that
// is not done always has one, and whoever waits for it will see it done.
func (w *writer) take(ctx context.Context) (*job, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	j := w.cut.next()
	if j == nil || j.how != buffered {
		return j, nil
	}
	select {
	case b := <-w.buffers:
		if b == nil {
			b = make([]byte, w.piece)
		}
		j.buf = b[:j.n]
		return j, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// release gives the buffer of a job back.
func (w *writer) release(j *job) {
	if j.buf != nil {
		w.buffers <- j.buf[:cap(j.buf)]
		j.buf = nil
	}
}

// do carries out one job.
func (w *writer) do(ctx context.Context, j *job) error {
	err := j.guard(func() error {
		switch j.how {
		case buffered:
			if err := w.fill(j); err != nil {
				return err
			}
			return w.put(j.file, j.buf, j.off)
		case copied:
			return w.copyPiece(ctx, j)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if !j.file.ordered {
		w.release(j)
		return nil
	}
	return w.deliver(j)
}

// guard calls f and turns a panic below it, in a view or a sum or a tap, into
// an error: a process that dies leaves its temporary files.
func (j *job) guard(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = j.file.errorf(j.pieces[0].seg, "panic: %v", p)
		}
	}()
	return f()
}

// fill reads the pieces of j into its buffer and shows them to the tap.
func (w *writer) fill(j *job) error {
	b := j.buf
	for _, p := range j.pieces {
		if err := formats.ReadFull(p.seg.Data, b[:p.n], p.off); err != nil {
			return j.file.readError(p.seg, err)
		}
		if t := p.seg.Tensor; t != nil && w.Tap != nil {
			if err := w.Tap(t, p.off, b[:p.n:p.n]); err != nil {
				return j.file.errorf(p.seg, "%w", err)
			}
		}
		b = b[p.n:]
	}
	return nil
}

// writeBytes is how much is written by one call. Linux takes the size of a
// write as a hint for how large the pages of its cache should be, and cuts large
// ones from large free blocks. A virtual machine has often given these back to
// its host and gets them again fault by fault: there, writing 2.8 GB took 1.7 s
// in calls of 128 KiB and 13 s in calls of 4 MiB. Where the memory was at hand
// both took 1.2 s.
const writeBytes = 128 << 10

// put writes b at off.
func (w *writer) put(f *file, b []byte, off int64) error {
	for len(b) > 0 {
		n, err := f.f.WriteAt(b[:min(len(b), writeBytes)], off)
		if err != nil {
			var p *os.PathError // its path is that of a temporary file
			if errors.As(err, &p) {
				err = p.Err
			}
			return fmt.Errorf("%s: writing %d bytes at %d: %w", f.name, len(b), off, err)
		}
		w.wrote(f, off, int64(n))
		b, off = b[n:], off+int64(n)
	}
	return nil
}

// wrote tells of a write, and the system, once in a while, to begin bringing
// the file to the disk: the flush that makes it durable then finds little left
// to wait for.
func (w *writer) wrote(f *file, off, n int64) {
	if end := off + n; end/w.flush > off/w.flush {
		end -= end % w.flush
		startWriteback(f.f, end-w.flush, w.flush)
	}
	if w.Progress != nil {
		w.Progress(n)
	}
}

// errorf names the file, and the tensor if the segment is one.
func (f *file) errorf(s *formats.Segment, format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	if s.Tensor != nil {
		return fmt.Errorf("%s: tensor %q: %w", f.name, s.Tensor.Name, err)
	}
	return fmt.Errorf("%s: %w", f.name, err)
}

// readError blames the file that a tensor came from.
func (f *file) readError(s *formats.Segment, err error) error {
	var known *formats.Error
	if errors.As(err, &known) && known.Place != "" {
		return err
	}
	if s.Tensor == nil || s.Tensor.Origin.File == "" {
		return f.errorf(s, "%w", err)
	}
	return formats.Errorf(s.Tensor.Origin.File, fmt.Sprintf("tensor %q", s.Tensor.Name), "%w", err)
}
