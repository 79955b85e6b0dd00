package sharded

import (
	"errors"
	"fmt"
	"strings"

	"olmotool/formats"
	"olmotool/formats/torch"
)

// What follows reads values of a pickle that is inert. Classes are known by the
// last part of their names: the module differs between versions of torch.

// className returns the last part of the name of an object's class.
func className(v torch.Value) string {
	o, ok := v.(*torch.Object)
	if !ok {
		return ""
	}
	name := o.Called()
	return name[strings.LastIndexByte(name, '.')+1:]
}

// fields returns the attributes of an instance of a class. Those of a class with
// slots come second in a tuple.
func fields(v torch.Value, class string) (*torch.Dict, error) {
	o, ok := v.(*torch.Object)
	if !ok || className(v) != class {
		return nil, fmt.Errorf("found no %s, expected one", class)
	}
	state := o.State
	if t, ok := state.(*torch.Tuple); ok && len(t.Items) == 2 && t.Items[0] == nil {
		state = t.Items[1]
	}
	if d, ok := state.(*torch.Dict); ok {
		return d, nil
	}
	return nil, fmt.Errorf("found a %s without fields, expected some", class)
}

// items returns the items of a tuple or list.
func items(v torch.Value) ([]torch.Value, bool) {
	switch v := v.(type) {
	case *torch.Tuple:
		return v.Items, true
	case *torch.List:
		return v.Items, true
	}
	return nil, false
}

// itemsOf returns the items of a tuple or list that a dict holds.
func itemsOf(d *torch.Dict, key string) ([]torch.Value, error) {
	v, _ := d.Get(key)
	if vs, ok := items(v); ok {
		return vs, nil
	}
	return nil, fmt.Errorf("found no list %s, expected one", key)
}

// number reads an int that a dict holds, of at least 0.
func number(d *torch.Dict, key string) (int64, error) {
	v, _ := d.Get(key)
	if n, ok := v.(int64); ok && n >= 0 {
		return n, nil
	}
	return 0, fmt.Errorf("found no %s that is a number of at least 0, expected one", key)
}

// sizes reads a torch.Size, which is a call of its class with a tuple, or a plain
// list or tuple of numbers.
func sizes(v torch.Value) ([]int64, error) {
	if o, ok := v.(*torch.Object); ok && className(v) == "Size" && len(o.Args) == 1 {
		v = o.Args[0]
	}
	vs, ok := items(v)
	if !ok || len(vs) > maxDims {
		return nil, fmt.Errorf("found no list of at most %d sizes, expected one", maxDims)
	}
	out := make([]int64, len(vs))
	for i, v := range vs {
		n, ok := v.(int64)
		if !ok || n < 0 {
			return nil, fmt.Errorf("found item %d to be no size, expected a number of at least 0", i)
		}
		out[i] = n
	}
	return out, nil
}

// dtypeOf reads the type in TensorProperties, whose state is a tuple that begins
// with it.
func dtypeOf(v torch.Value) (formats.DType, error) {
	o, ok := v.(*torch.Object)
	if !ok || className(v) != "TensorProperties" {
		return formats.InvalidDType, errors.New("found no TensorProperties, expected them")
	}
	var g *torch.Global
	switch s := o.State.(type) {
	case *torch.Tuple:
		if len(s.Items) > 0 {
			g, _ = s.Items[0].(*torch.Global)
		}
	case *torch.Dict:
		v, _ := s.Get("dtype")
		g, _ = v.(*torch.Global)
	}
	if g == nil {
		return formats.InvalidDType, errors.New("found no dtype, expected one")
	}
	if d, ok := g.DType(); ok {
		return d, nil
	}
	return formats.InvalidDType, fmt.Errorf("found the dtype %.120q, expected one of torch's", g)
}
