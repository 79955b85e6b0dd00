package stream

import (
	"context"
	"errors"

	"olmotool/formats"
)

// mayCopy reports whether the kernel may copy a segment: nobody wants to see
// its bytes, and they lie in plain files.
func (w *writer) mayCopy(s *formats.Segment) bool {
	if w.noCopy.Load() || w.Hash || s.Sum != nil || (w.Tap != nil && s.Tensor != nil) {
		return false
	}
	d, ok := s.Data.(formats.Data)
	if ok {
		_, ok = formats.Extents(d, 0, s.Size)
	}
	return ok
}

// copyPiece lets the kernel copy the one piece of j. What the kernel does not
// copy, for whatever reason, goes through memory: if the reason is one that
// cannot be helped, that way finds out on which side it lies.
func (w *writer) copyPiece(ctx context.Context, j *job) error {
	p := j.pieces[0]
	extents, _ := formats.Extents(p.seg.Data.(formats.Data), p.off, p.n)
	done := int64(0)
	for _, e := range extents {
		for e.N > 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
			n, err := w.copyRange(j.file.f, j.off+done, e.File, e.Off, min(e.N, p.n-done))
			if errors.Is(err, errors.ErrUnsupported) {
				w.noCopy.Store(true)
			}
			if err != nil || n == 0 {
				return w.copySlow(ctx, j, done)
			}
			w.wrote(j.file, j.off+done, n)
			done, e.Off, e.N = done+n, e.Off+n, e.N-n
		}
	}
	return w.copySlow(ctx, j, done)
}

// copySlow copies the rest of a piece, from done on, through a small buffer of
// its own: the shared ones may all be waiting for this job.
func (w *writer) copySlow(ctx context.Context, j *job, done int64) error {
	p := j.pieces[0]
	buf := make([]byte, min(p.n-done, 1<<20))
	for done < p.n {
		if err := ctx.Err(); err != nil {
			return err
		}
		b := buf[:min(p.n-done, int64(len(buf)))]
		if err := formats.ReadFull(p.seg.Data, b, p.off+done); err != nil {
			return j.file.readError(p.seg, err)
		}
		if err := w.put(j.file, b, j.off+done); err != nil {
			return err
		}
		done += int64(len(b))
	}
	return nil
}
