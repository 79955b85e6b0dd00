package sharded

import (
	"errors"
	"fmt"

	"olmotool/formats"
	"olmotool/formats/torch"
)

// flatParam is how one rank describes a flat parameter: tensors laid end to end,
// and cut among the ranks wherever that falls.
type flatParam struct {
	names  []string // within the module
	shapes [][]int64
	ranges []flatRange // of each, what the rank has
	padded int64       // elements at the end of the rank's data that are none of a tensor's
}

// flatRange is n elements of a flattened tensor, which begin there at from, and in
// the rank's data at at.
type flatRange struct{ from, at, n int64 }

// prefix of what the trainer copies from torch's FlatParameter.
const flatPrefix = "flat_param."

func readFlatParam(d *torch.Dict) (*flatParam, error) {
	p := &flatParam{}
	names, err := itemsOf(d, flatPrefix+"_fqns")
	if err != nil {
		return nil, err
	}
	shapes, err := itemsOf(d, flatPrefix+"_shapes")
	if err != nil {
		return nil, err
	}
	if len(names) != len(shapes) {
		return nil, fmt.Errorf("found %d names and %d shapes, expected as many", len(names), len(shapes))
	}
	for i, v := range names {
		name, ok := v.(string)
		if !ok {
			return nil, fmt.Errorf("found name %d to be no text, expected one", i)
		}
		shape, err := sizes(shapes[i])
		if err != nil {
			return nil, fmt.Errorf("the shape of %.120q: %w", name, err)
		}
		p.names, p.shapes = append(p.names, name), append(p.shapes, shape)
	}
	if _, ok := d.Get(flatPrefix + "_shard_numel_padded"); ok { // not of every version
		if p.padded, err = number(d, flatPrefix+"_shard_numel_padded"); err != nil {
			return nil, err
		}
	}
	p.ranges = make([]flatRange, len(names))
	if _, old := d.Get(flatPrefix + "_shard_indices"); old {
		return p, p.offsets(d)
	}
	return p, p.infos(d)
}

// offsets reads what torch up to 2.0 has: which tensors are in the rank's data,
// and of each the first and the last element. They lie there end to end.
func (p *flatParam) offsets(d *torch.Dict) error {
	v, _ := d.Get(flatPrefix + "_shard_indices")
	indices, err := sizes(v)
	if err != nil || len(indices) != 2 {
		return errors.New("found _shard_indices that are no pair of numbers, expected the first and the last tensor")
	}
	all, err := itemsOf(d, flatPrefix+"_shard_param_offsets")
	if err != nil {
		return err
	}
	if first := indices[0]; len(all) > 0 && (first > int64(len(p.names)) || int64(len(all)) > int64(len(p.names))-first) {
		return fmt.Errorf("found %d tensors in the rank from the %d. on, expected at most %d in all", len(all), first, len(p.names))
	}
	var at int64
	for k, v := range all {
		pair, err := sizes(v)
		if err != nil || len(pair) != 2 || pair[1] < pair[0] {
			return fmt.Errorf("found _shard_param_offsets %d to be no range, expected the first and the last element", k)
		}
		r := flatRange{from: pair[0], at: at, n: pair[1] - pair[0] + 1}
		if r.n < 1 || at+r.n < at {
			return errors.New("found ranges of more elements than can be counted, expected fewer")
		}
		at += r.n
		p.ranges[indices[0]+int64(k)] = r
	}
	return nil
}

// infos reads what torch has from 2.1 on: for every tensor a named tuple of whether
// the rank has some of it, where in the rank's data, how much, and of the tensor
// the first and the last element.
func (p *flatParam) infos(d *torch.Dict) error {
	all, err := itemsOf(d, flatPrefix+"_shard_param_infos")
	if err != nil {
		return err
	}
	if len(all) != len(p.names) {
		return fmt.Errorf("found %d _shard_param_infos, expected %d, one for each tensor", len(all), len(p.names))
	}
	for i, v := range all {
		o, ok := v.(*torch.Object)
		if !ok || className(v) != "_ShardParamInfo" || len(o.Args) != 5 {
			return fmt.Errorf("found _shard_param_infos %d to be no _ShardParamInfo, expected one", i)
		}
		if o.Args[0] == false {
			continue
		}
		var ns [4]int64
		for k := range ns {
			if ns[k], ok = o.Args[k+1].(int64); !ok || ns[k] < 0 {
				return fmt.Errorf("found a _ShardParamInfo of %.120q without numbers, expected some", p.names[i])
			}
		}
		r := flatRange{at: ns[0], n: ns[1], from: ns[2]}
		if ns[3] < ns[2] || ns[3]-ns[2] != r.n-1 {
			return fmt.Errorf("found %d elements, the %d. to the %d., of %.120q, expected numbers that agree", r.n, ns[2], ns[3], p.names[i])
		}
		p.ranges[i] = r
	}
	return nil
}

// within checks the ranges against the length of the rank's data and against each
// other: what lies behind the last is padding.
func (p *flatParam) within(length int64) error {
	if p.padded > length {
		return fmt.Errorf("found %d elements of padding, expected at most the %d of the rank", p.padded, length)
	}
	var end int64
	for i, r := range p.ranges {
		n, err := formats.ElementsOf(p.shapes[i])
		if err != nil {
			return fmt.Errorf("%.120q: %w", p.names[i], err)
		}
		switch {
		case r.n == 0:
			continue
		case r.at < end:
			return fmt.Errorf("%.120q: found its elements to begin at %d, expected at least %d, behind those before", p.names[i], r.at, end)
		case r.at > length-p.padded || r.n > length-p.padded-r.at:
			return fmt.Errorf("%.120q: found %d elements from %d on, expected at most the %d that the rank has", p.names[i], r.n, r.at, length-p.padded)
		case r.from > n || r.n > n-r.from:
			return fmt.Errorf("%.120q: found %d elements from %d on, expected at most the %d of %v", p.names[i], r.n, r.from, n, p.shapes[i])
		}
		end = r.at + r.n
	}
	return nil
}
