package convert

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"

	"golang.org/x/sync/errgroup"

	"olmotool/formats"
	"olmotool/formats/olmo"
)

// VerifyError says that an output, read back, is not what it was made from.
type VerifyError struct{ Err error }

func (e *VerifyError) Error() string { return e.Err.Error() }

func (e *VerifyError) Unwrap() error { return e.Err }

// verify opens the output as any other checkpoint, brings it into canonical
// form and compares it with the source, read once more: the same tensors, types
// and shapes, and every byte what the source's becomes in that type. Of the
// config it compares what changes the function.
func (o *Options) verify(ctx context.Context, m *olmo.Model, plan *olmo.Plan, out sink, r *Result) error {
	bad := func(format string, args ...any) error {
		return &VerifyError{fmt.Errorf("%s: read back: "+format, append([]any{o.Dst}, args...)...)}
	}
	// A directory is opened as one, a set by its first shard.
	first := ""
	if !plan.Dir {
		first = plan.Files[0].Name
	}
	back, err := olmo.Open(out.Staged(first), o.To)
	if err != nil {
		return bad("%w", err)
	}
	defer back.Close()
	got, err := back.Model()
	if err != nil {
		return bad("%w", err)
	}
	if m.Config != nil {
		if d := m.Config.Diff(got.Config); len(d) > 0 {
			return bad("config: %s", d[0])
		}
	}
	have := map[string]formats.Tensor{}
	for _, t := range got.Tensors {
		have[t.Name] = t
	}
	if len(have) != len(plan.Tensors) {
		return bad("found %d tensors, expected %d", len(have), len(plan.Tensors))
	}
	progress := o.stage("verifying", plan.Files)
	if err := compare(ctx, plan.Tensors, have, o.Threads, progress); err != nil {
		if errors.Is(err, context.Canceled) {
			return err
		}
		return bad("%w", err)
	}
	r.Verified = len(plan.Tensors)
	return nil
}

const compareBytes = 1 << 20

// compare reads both sides of every tensor and returns the first difference.
func compare(ctx context.Context, want []formats.Tensor, have map[string]formats.Tensor, threads int, progress func(int64)) error {
	var (
		mu sync.Mutex
		i  int
		at int64
	)
	next := func() (t formats.Tensor, off int64, ok bool) {
		mu.Lock()
		defer mu.Unlock()
		for i < len(want) && at >= want[i].Bytes() {
			i, at = i+1, 0
		}
		if i == len(want) {
			return t, 0, false
		}
		t, off = want[i], at
		at += compareBytes
		return t, off, true
	}
	for _, w := range want {
		g, ok := have[w.Name]
		if !ok {
			return fmt.Errorf("tensor %q: found none", w.Name)
		}
		if g.DType != w.DType || fmt.Sprint(g.Shape) != fmt.Sprint(w.Shape) {
			return fmt.Errorf("tensor %q: found %s %v, expected %s %v", w.Name, g.DType, g.Shape, w.DType, w.Shape)
		}
	}
	g, ctx := errgroup.WithContext(ctx)
	for range threads {
		g.Go(func() error {
			a, b := make([]byte, compareBytes), make([]byte, compareBytes)
			for {
				w, off, ok := next()
				if !ok {
					return nil
				}
				if err := ctx.Err(); err != nil {
					return err
				}
				n := min(compareBytes, w.Bytes()-off)
				if err := formats.ReadFull(w.Data, a[:n], off); err != nil {
					return fmt.Errorf("tensor %q of the source: %w", w.Name, err)
				}
				if err := formats.ReadFull(have[w.Name].Data, b[:n], off); err != nil {
					return fmt.Errorf("tensor %q: %w", w.Name, err)
				}
				if !bytes.Equal(a[:n], b[:n]) {
					k := int64(0)
					for a[k] == b[k] {
						k++
					}
					return fmt.Errorf("tensor %q: byte %d: found %#02x, expected %#02x", w.Name, off+k, b[k], a[k])
				}
				if progress != nil {
					progress(n)
				}
			}
		})
	}
	return g.Wait()
}
