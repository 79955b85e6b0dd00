package torch

import (
	"fmt"
	"strconv"
	"strings"
)

// Leaves calls visit for every value that can be reached from root through
// dicts, lists and tuples and is none of these, in order. path holds the keys
// and indices that lead to it; visit must not keep it. Objects are leaves: what
// they hold is not looked into.
//
// A value that contains itself, values nested deeper than a thousand, and more
// than ten million of them are errors. An error of visit ends the walk.
func Leaves(root Value, visit func(path []Value, leaf Value) error) error {
	w := &walk{visit: visit, open: map[Value]bool{}}
	return w.value(root)
}

type walk struct {
	visit func([]Value, Value) error
	path  []Value
	open  map[Value]bool // containers on the path
	nodes int
}

func (w *walk) value(v Value) error {
	if w.nodes++; w.nodes > maxNodes {
		return fmt.Errorf("found more than %d values, expected at most that", maxNodes)
	}
	switch v.(type) {
	case *Dict, *List, *Tuple:
	default:
		return w.visit(w.path, v)
	}
	if w.open[v] {
		return fmt.Errorf("found %s that contains itself at %q, expected an end", describe(v), shortPath(w.path))
	}
	if len(w.path) == maxDepth {
		return fmt.Errorf("found values nested deeper than %d at %q, expected at most that", maxDepth, shortPath(w.path))
	}
	w.open[v] = true
	defer delete(w.open, v)
	if d, ok := v.(*Dict); ok {
		for _, it := range d.Items {
			if err := w.step(it.Key, it.Value); err != nil {
				return err
			}
		}
		return nil
	}
	for i, item := range sequence(v) {
		if err := w.step(int64(i), item); err != nil {
			return err
		}
	}
	return nil
}

func (w *walk) step(key, v Value) error {
	w.path = append(w.path, key)
	err := w.value(v)
	w.path = w.path[:len(w.path)-1]
	return err
}

// joinPath returns the name of the tensor at a path: its keys and indices
// joined with dots.
func joinPath(path []Value) (string, error) {
	if len(path) == 1 {
		if s, ok := path[0].(string); ok {
			return s, nil // the same string, however often it is asked for
		}
	}
	var b strings.Builder
	for i, key := range path {
		if i > 0 {
			b.WriteByte('.')
		}
		switch key := key.(type) {
		case string:
			b.WriteString(key)
		case int64:
			b.WriteString(strconv.FormatInt(key, 10))
		default:
			return "", fmt.Errorf("found %s as a key on the way to a tensor, expected strings and ints", describe(key))
		}
		if b.Len() > maxTensorName {
			return "", fmt.Errorf("found a tensor whose name is longer than %d bytes, expected at most that", maxTensorName)
		}
	}
	return b.String(), nil
}

// shortPath is a path for an error.
func shortPath(path []Value) string {
	name, err := joinPath(path[:min(len(path), 8)])
	if err != nil {
		return "?"
	}
	if len(path) > 8 {
		name += "…"
	}
	return name
}
