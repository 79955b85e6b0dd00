package convert

import (
	"context"
	"errors"
	"fmt"

	"olmotool/verify"
)

// proveForward runs the source and the output, before it is put in place, on the
// same tokens: it shows that what was written is put together as it was, and not
// only that the bytes are there.
func (c *conversion) proveForward(ctx context.Context, out staged) error {
	err := c.compareForward(ctx, out)
	if err == nil || ctx.Err() != nil {
		return err
	}
	return &VerifyError{fmt.Errorf("%s: forward pass: %w", c.Dst, err)}
}

func (c *conversion) compareForward(ctx context.Context, out staged) error {
	back, err := c.reopen(out)
	if err != nil {
		return err
	}
	defer back.Close()
	r, err := verify.Run(ctx, c.model.Source, back, verify.Options{Threads: c.Threads, Progress: c.Progress})
	if err != nil {
		return err
	}
	switch {
	case !r.Accepted:
		return errors.New(r.Reasons[0])
	case r.Forward == nil:
		return errors.New(r.NotRun)
	}
	c.result.Forward = r
	return nil
}
