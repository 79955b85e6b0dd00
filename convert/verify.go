package convert

import (
	"context"
	"fmt"
	"slices"

	"olmotool/formats"
	"olmotool/formats/olmo"
	"olmotool/verify/weights"
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
	pairs := make([]weights.Pair, len(want))
	var total int64
	for i, w := range want {
		g, ok := have[w.Name]
		if !ok {
			return fmt.Errorf("tensor %q: found none, expected one", w.Name)
		}
		if g.DType != w.DType || !slices.Equal(g.Shape, w.Shape) {
			return fmt.Errorf("tensor %q: found %s %v, expected %s %v", w.Name, g.DType, g.Shape, w.DType, w.Shape)
		}
		pairs[i] = weights.Pair{Want: w, Got: g}
		total += w.Bytes()
	}
	return weights.Same(ctx, pairs, c.Threads, c.stage("verifying", total))
}
