package weights

import (
	"context"
	"fmt"
	"hash/maphash"
	"slices"

	"olmotool/formats"
)

// others finds tensors by what they hold: names by the hash of samples, for each
// type and shape that was asked for.
type others map[string]map[uint64][]int

var hashSeed = maphash.MakeSeed()

// fingerprint hashes samples of a tensor.
func fingerprint(t formats.Tensor) (uint64, error) {
	var h maphash.Hash
	h.SetSeed(hashSeed)
	var w worker
	for _, s := range spots(t.Elements(), t.DType) {
		b, off := w.at(0, t.DType, s.lo, s.n)
		if err := formats.ReadFull(t.Data, b, off); err != nil {
			return 0, fmt.Errorf("tensor %q: %w", t.Name, err)
		}
		h.Write(b)
	}
	return h.Sum64(), nil
}

// like returns the tensors of REF, by their place, that have the shape of t and,
// in its type, the same samples.
func (c *comparison) like(t formats.Tensor) ([]int, error) {
	key := fmt.Sprint(t.DType, t.Shape)
	index, ok := c.others[key]
	if !ok {
		index = map[uint64][]int{}
		for i, r := range c.ref.Tensors {
			if !slices.Equal(r.Shape, t.Shape) || !formats.CanCast(r.DType, t.DType) {
				continue
			}
			r, err := formats.Cast(r, t.DType, nil)
			if err != nil {
				continue // rows that do not fill blocks
			}
			h, err := fingerprint(r)
			if err != nil {
				return nil, err
			}
			index[h] = append(index[h], i)
		}
		if c.others == nil {
			c.others = others{}
		}
		c.others[key] = index
	}
	h, err := fingerprint(t)
	return index[h], err
}

// holder returns the name of the tensor of REF whose values t has, other than the
// one called name, and how: exactly, or in most rows. Of several it is the
// nearest: of its layer, then of its module.
func (c *comparison) holder(ctx context.Context, t formats.Tensor, name string) (holder, how string, err error) {
	like, err := c.like(t)
	if err != nil {
		return "", "", err
	}
	layer, module := split(name)
	distance := func(i int) int {
		l, m := split(c.ref.Tensors[i].Name)
		switch {
		case l == layer:
			return 0
		case m == module:
			return max(l-layer, layer-l)
		}
		return len(c.ref.Tensors)
	}
	like = slices.Clone(like)
	slices.SortStableFunc(like, func(a, b int) int { return distance(a) - distance(b) })
	for _, i := range like {
		r := c.ref.Tensors[i]
		if r.Name == name {
			continue
		}
		cast, err := formats.Cast(r, t.DType, nil)
		if err != nil {
			continue
		}
		if how, err := c.nearlyIs(ctx, cast, t, t.DType != r.DType); err != nil || how != "" {
			return r.Name, how, err
		}
	}
	return "", "", nil
}

// otherTensor recognises the values of another tensor of REF.
func (x *patient) otherTensor(ctx context.Context) (finding, error) {
	if x.part {
		return finding{}, nil
	}
	holds, how, err := x.holder(ctx, x.got, x.name)
	if err != nil || holds == "" {
		return finding{}, err
	}
	story := "holds REF's values of " + relative(holds, x.name)
	if how != exactly {
		return finding{say: story + ", " + how, story: story}, nil
	}
	return finding{say: story, holds: holds}, nil
}

// copyOfLayer begins what is said of a tensor that is that of another layer.
const copyOfLayer = "holds REF's values of layer "

// relative names a tensor as seen from another: by its module in the same layer,
// by its layer if it is the same module.
func relative(name, from string) string {
	l, m := split(name)
	fl, fm := split(from)
	switch {
	case l == fl && l >= 0:
		return m
	case m == fm && l >= 0:
		return fmt.Sprintf("layer %d", l)
	}
	return short(name)
}

// swaps recognises failures that hold each other's values.
func (c *comparison) swaps(found []finding) {
	at := map[string]int{}
	for i, p := range c.failed {
		at[p.ref.Name] = i
	}
	for i, p := range c.failed {
		j, ok := at[found[i].holds]
		if !ok || j <= i || found[j].holds != p.ref.Name {
			continue
		}
		a, b := relative(p.ref.Name, c.failed[j].ref.Name), relative(c.failed[j].ref.Name, p.ref.Name)
		say := fmt.Sprintf("swapped: %s and %s hold each other's values", a, b)
		found[i].say, found[j].say = say, say
	}
}

// short is a name for people: without what all have.
func short(name string) string {
	layer, module := split(name)
	if layer < 0 {
		return module
	}
	return fmt.Sprintf("layer %d's %s", layer, module)
}
