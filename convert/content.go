package convert

import (
	"context"

	"olmotool/formats"
	"olmotool/formats/digest"
	"olmotool/formats/olmo"
)

// content computes the content digest of an output, most of it from the bytes
// that pass by while it is written.
type content struct {
	all    []*digest.Hasher
	passes map[string]*digest.Hasher // those whose bytes pass by whole and unchanged
}

func newContent(plan *olmo.Plan) (*content, error) {
	c := &content{passes: map[string]*digest.Hasher{}}
	written := map[string]bool{}
	for _, f := range plan.Files {
		for _, s := range f.Segments {
			if s.Tensor != nil {
				written[s.Tensor.Name] = true
			}
		}
	}
	for _, t := range plan.Tensors {
		h, err := digest.NewHasher(t, false)
		if err != nil {
			return nil, err
		}
		c.all = append(c.all, h)
		if h.Direct() && written[t.Name] {
			c.passes[t.Name] = h
		}
	}
	return c, nil
}

// tap takes bytes that are written.
func (c *content) tap(t *formats.Tensor, off int64, p []byte) error {
	if h := c.passes[t.Name]; h != nil {
		return h.Write(off, p)
	}
	return nil
}

// digest reads what did not pass by, norms of 16 bits and permuted matrices,
// and returns the digest of the model.
func (c *content) digest(ctx context.Context, threads int) (string, error) {
	var rest []*digest.Hasher
	for _, h := range c.all {
		if c.passes[h.Name()] == nil {
			rest = append(rest, h)
		}
	}
	o := digest.Options{Threads: threads, Tied: olmo.Tied()}
	if err := digest.Hash(ctx, rest, o); err != nil {
		return "", err
	}
	return digest.Combine(c.all, o).Model, nil
}
