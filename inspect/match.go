package inspect

import (
	"fmt"
	"path"

	"olmotool/formats"
)

// Select returns the tensors of which the stored or the canonical name matches one
// of the patterns, which are those of path.Match; all if there is no pattern. The
// error is that of a pattern.
func (r *Report) Select(patterns []string) ([]formats.Tensor, error) {
	for _, p := range patterns {
		if _, err := path.Match(p, ""); err != nil {
			return nil, fmt.Errorf("found the pattern %.120q, expected one like 'blk.*.attn_[qk].weight'", p)
		}
	}
	if len(patterns) == 0 {
		return r.Tensors, nil
	}
	out := []formats.Tensor{}
	for _, t := range r.Tensors {
		if matches(patterns, t.Origin.Name) || matches(patterns, r.Canonical[t.Origin.Name]) {
			out = append(out, t)
		}
	}
	return out, nil
}

func matches(patterns []string, name string) bool {
	for _, p := range patterns {
		if ok, _ := path.Match(p, name); ok && name != "" {
			return true
		}
	}
	return false
}
