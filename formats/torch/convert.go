package torch

import (
	"fmt"
	"math/big"

	"github.com/nlpodyssey/gopickle/types"
)

// converter makes our values of gopickle's. What is shared stays shared: each
// is converted once.
type converter struct {
	seen       map[any]Value // of tuples, lists and dicts, by their pointers
	args       map[argsKey][]Value
	used       map[*types.List]bool // as the items of a dict
	persistent []*Persistent
}

func newConverter() *converter {
	return &converter{seen: map[any]Value{}, args: map[argsKey][]Value{}, used: map[*types.List]bool{}}
}

// argsKey is the identity of a slice. Calls with one tuple share its items.
type argsKey struct {
	first *any
	n     int
}

func (c *converter) value(v any, depth int) (Value, error) {
	switch v := v.(type) {
	case nil, bool, float64, string, []byte:
		return v, nil
	case int:
		return int64(v), nil
	case *big.Int:
		if v.IsInt64() {
			return v.Int64(), nil
		}
		return v, nil
	}
	if depth > maxDepth {
		return nil, fmt.Errorf("found values nested deeper than %d, expected at most that", maxDepth)
	}
	if t, ok := v.(*thing); ok {
		return c.thing(t, depth)
	}
	if known, ok := c.seen[v]; ok {
		return known, nil
	}
	var err error
	switch v := v.(type) {
	case *types.Tuple:
		t := &Tuple{}
		c.seen[v] = t
		t.Items, err = c.slice(*v, depth)
		return t, err
	case *types.List:
		l := &List{}
		c.seen[v] = l
		l.Items, err = c.slice(*v, depth)
		return l, err
	case *types.Dict:
		d := &Dict{}
		c.seen[v] = d
		d.Items, err = c.items(*v, depth)
		return d, err
	}
	return nil, fmt.Errorf("found a %T, expected a value of the pickle", v)
}

// thing converts a global, a persistent reference or an object.
func (c *converter) thing(t *thing, depth int) (Value, error) {
	if t.value != nil {
		return t.value, nil
	}
	var err error
	switch {
	case t.global != nil:
		t.value = t.global
		return t.value, nil
	case t.persistent:
		p := &Persistent{}
		t.value = p
		c.persistent = append(c.persistent, p)
		p.ID, err = c.value(t.id, depth+1)
		return p, err
	}
	class, err := c.value(t.class, depth+1)
	if err != nil {
		return nil, err
	}
	o := &Object{Class: class}
	if d := mapping(o.Called()); d != nil {
		d.Class = class.(*Global)
		t.value = d
		return d, c.dict(d, t, depth)
	}
	t.value = o
	if o.Args, err = c.arguments(t.args, depth); err != nil {
		return nil, err
	}
	if o.State, err = c.value(t.state, depth+1); err != nil {
		return nil, err
	}
	if o.Items, err = c.slice(t.items, depth); err != nil {
		return nil, err
	}
	o.Pairs, err = c.items(t.pairs, depth)
	return o, err
}

// sequence returns the items of a list or tuple, and nil of anything else.
func sequence(v Value) []Value {
	switch v := v.(type) {
	case *List:
		return v.Items
	case *Tuple:
		return v.Items
	}
	return nil
}

func (c *converter) slice(vs []any, depth int) ([]Value, error) {
	if len(vs) == 0 {
		return nil, nil
	}
	out := make([]Value, len(vs))
	for i, v := range vs {
		var err error
		if out[i], err = c.value(v, depth+1); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (c *converter) arguments(vs []any, depth int) ([]Value, error) {
	if len(vs) == 0 {
		return nil, nil
	}
	key := argsKey{&vs[0], len(vs)}
	if known, ok := c.args[key]; ok {
		return known, nil
	}
	out := make([]Value, len(vs))
	c.args[key] = out // a call may be among its own arguments
	for i, v := range vs {
		var err error
		if out[i], err = c.value(v, depth+1); err != nil {
			return nil, err
		}
	}
	return out, nil
}
