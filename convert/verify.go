package convert

import (
	"bytes"
	"context"
	"fmt"
	"slices"
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
func (c *conversion) verify(ctx context.Context, out staged) error {
	err := c.readBack(ctx, out)
	if err == nil {
		c.result.Verified = true
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return &VerifyError{fmt.Errorf("%s: read back: %w", c.Dst, err)}
}

// reopen opens the output where it lies before it is put in place.
func (c *conversion) reopen(out staged) (*olmo.Source, error) {
	// A directory is opened as one, a set by its first shard.
	path := out.Output.Staged("")
	if !c.plan.Dir {
		path = out.Staged(c.plan.Files[0].Name)
	}
	return olmo.Open(path, c.To)
}

func (c *conversion) readBack(ctx context.Context, out staged) error {
	back, err := c.reopen(out)
	if err != nil {
		return err
	}
	defer back.Close()
	got, err := back.Model()
	if err != nil {
		return err
	}
	if got.Config != nil { // else it is a bare file, which has none
		if d := c.model.Config.Diff(got.Config); len(d) > 0 {
			return fmt.Errorf("config: %s, expected no difference", d[0])
		}
	}
	want := c.plan.Tensors
	if len(got.Tensors) != len(want) {
		return fmt.Errorf("found %d tensors, expected %d", len(got.Tensors), len(want))
	}
	have := make(map[string]formats.Tensor, len(want))
	for _, t := range got.Tensors {
		have[t.Name] = t
	}
	pairs := make([]pair, len(want))
	var total int64
	for i, w := range want {
		g, ok := have[w.Name]
		if !ok {
			return fmt.Errorf("tensor %q: found none, expected one", w.Name)
		}
		if g.DType != w.DType || !slices.Equal(g.Shape, w.Shape) {
			return fmt.Errorf("tensor %q: found %s %v, expected %s %v", w.Name, g.DType, g.Shape, w.DType, w.Shape)
		}
		pairs[i] = pair{w, g}
		total += w.Bytes()
	}
	return compare(ctx, pairs, c.Threads, c.stage("verifying", total))
}

// pair is a tensor as it should be and as it is.
type pair struct{ want, got formats.Tensor }

// compareBytes is how much of both sides one worker holds.
const compareBytes = 1 << 20

// compare reads both sides of every pair and returns a difference if there is
// one.
func compare(ctx context.Context, pairs []pair, threads int, progress func(int64)) error {
	var mu sync.Mutex
	i, at := 0, int64(0)
	next := func() (p pair, off int64, ok bool) {
		mu.Lock()
		defer mu.Unlock()
		for i < len(pairs) && at >= pairs[i].want.Bytes() {
			i, at = i+1, 0
		}
		if i == len(pairs) {
			return p, 0, false
		}
		off = at
		at += compareBytes
		return pairs[i], off, true
	}
	g, ctx := errgroup.WithContext(ctx)
	for range threads {
		g.Go(func() error {
			a, b := make([]byte, compareBytes), make([]byte, compareBytes)
			for {
				p, off, ok := next()
				if !ok {
					return nil
				}
				if err := ctx.Err(); err != nil {
					return err
				}
				n := min(compareBytes, p.want.Bytes()-off)
				if err := p.compare(a[:n], b[:n], off); err != nil {
					return err
				}
				if progress != nil {
					progress(n)
				}
			}
		})
	}
	return g.Wait()
}

// compare compares the bytes at off, using a and b.
func (p pair) compare(a, b []byte, off int64) error {
	if err := formats.ReadFull(p.want.Data, a, off); err != nil {
		return fmt.Errorf("tensor %q of the source: %w", p.want.Name, err)
	}
	if err := formats.ReadFull(p.got.Data, b, off); err != nil {
		return fmt.Errorf("tensor %q: %w", p.want.Name, err)
	}
	if bytes.Equal(a, b) {
		return nil
	}
	k := 0
	for a[k] == b[k] {
		k++
	}
	return fmt.Errorf("tensor %q: byte %d: found %#02x, expected %#02x", p.want.Name, off+int64(k), b[k], a[k])
}
