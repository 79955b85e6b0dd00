package torch

import (
	"fmt"
	"math/big"
)

// Value is a value that a pickle describes, inert: nothing of it was called.
// It is one of
//
//	nil, bool, int64, *big.Int (what int64 cannot hold), float64,
//	string (the bytes as they are, UTF-8 or not), []byte,
//	*Tuple (and frozenset), *List (and set), *Dict,
//	*Global, *Object, *Persistent
//
// Values share parts and may contain themselves. [Leaves] walks them safely.
type Value any

// Tuple is a tuple or a frozenset.
type Tuple struct{ Items []Value }

// List is a list or a set, which keeps the order in which it was written.
type List struct{ Items []Value }

// Dict is a dict in the order of its items; of two equal keys the place is
// that of the first and the value that of the last, as in Python.
type Dict struct {
	// Class is nil for a plain dict, or collections.OrderedDict or
	// collections.defaultdict.
	Class *Global
	Items []Item
	State Value // attributes that BUILD gave it, such as _metadata; nil without
}

// Item is an entry of a dict.
type Item struct{ Key, Value Value }

// Get returns the value of a string key. It looks at one item after the other.
func (d *Dict) Get(key string) (Value, bool) {
	for _, it := range d.Items {
		if k, ok := it.Key.(string); ok && k == key {
			return it.Value, true
		}
	}
	return nil, false
}

// Object is what a pickle would have made by a call: of a function, or of a
// class to get an instance of it.
type Object struct {
	Class Value   // *Global, or the *Object that another call made
	Args  []Value // NEWOBJ_EX has two: the tuple of arguments and the dict of named ones
	State Value   // what BUILD gave it last; nil without
	Items []Value // what was appended to it
	Pairs []Item  // what was set in it
}

// Called returns the module and name of the class or function that was called,
// in the spelling of Python 3; empty when it was itself made by a call.
func (o *Object) Called() string {
	if g, ok := o.Class.(*Global); ok {
		return g.canonical()
	}
	return ""
}

// Persistent is a reference to an object outside of the pickle, in torch's
// files a storage.
type Persistent struct {
	ID Value

	storage *readStorage // nil in a bare pickle
}

// canonical returns the global's dotted name with Python 2's modules renamed.
func (g *Global) canonical() string {
	m := g.Module
	switch m {
	case "__builtin__":
		m = "builtins"
	case "copy_reg":
		m = "copyreg"
	case "torch.tensor":
		m = "torch._tensor"
	}
	return m + "." + g.Name
}

// describe names the kind of a value for an error.
func describe(v Value) string {
	switch v := v.(type) {
	case nil:
		return "None"
	case bool:
		return "a bool"
	case int64, *big.Int:
		return "an int"
	case float64:
		return "a float"
	case string:
		return "a string"
	case []byte:
		return "bytes"
	case *Tuple:
		return "a tuple"
	case *List:
		return "a list"
	case *Dict:
		return "a dict"
	case *Global:
		return fmt.Sprintf("the global %q", v)
	case *Object:
		if c := v.Called(); c != "" {
			return fmt.Sprintf("an object made by %q", c)
		}
		return "an object"
	case *Persistent:
		return "a persistent reference"
	}
	return fmt.Sprintf("a %T", v)
}
