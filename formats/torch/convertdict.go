package torch

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"math/big"

	"github.com/nlpodyssey/gopickle/types"
)

// mapping returns an empty dict for the classes that are one.
func mapping(class string) *Dict {
	switch class {
	case "collections.OrderedDict", "collections.defaultdict":
		return &Dict{}
	}
	return nil
}

// dict fills in what was an OrderedDict. Python 2 gives its items as an
// argument, a list of pairs; Python 3 sets them one by one.
func (c *converter) dict(d *Dict, t *thing, depth int) error {
	pairs := t.pairs
	if list, ok := oneList(t.args); ok {
		// A list that makes many dicts would make many copies of its items.
		if c.used[list] {
			return fmt.Errorf("found one list as the items of two dicts, expected a list for each")
		}
		c.used[list] = true
		pairs = make(types.Dict, 0, len(*list)+len(t.pairs))
		for _, v := range *list {
			kv := rawSequence(v)
			if len(kv) != 2 {
				return fmt.Errorf("found an item of an OrderedDict that is not a pair, expected pairs of key and value")
			}
			pairs.Set(kv[0], kv[1])
		}
		pairs = append(pairs, t.pairs...)
	}
	var err error
	if d.State, err = c.value(t.state, depth+1); err != nil {
		return err
	}
	d.Items, err = c.items(pairs, depth)
	return err
}

func oneList(args []any) (*types.List, bool) {
	if len(args) != 1 {
		return nil, false
	}
	l, ok := args[0].(*types.List)
	return l, ok
}

func rawSequence(v any) []any {
	switch v := v.(type) {
	case *types.List:
		return *v
	case *types.Tuple:
		return *v
	}
	return nil
}

// items converts the entries of a dict, of which gopickle keeps all that were
// ever set.
func (c *converter) items(entries []types.DictEntry, depth int) ([]Item, error) {
	if len(entries) == 0 {
		return nil, nil
	}
	out := make([]Item, 0, len(entries))
	at := make(map[any]int, len(entries))
	for _, e := range entries {
		key, err := c.value(e.Key, depth+1)
		if err != nil {
			return nil, err
		}
		hash, err := hashable(key)
		if err != nil {
			return nil, err
		}
		val, err := c.value(e.Value, depth+1)
		if err != nil {
			return nil, err
		}
		if i, ok := at[hash]; ok {
			out[i].Value = val
			continue
		}
		at[hash] = len(out)
		out = append(out, Item{key, val})
	}
	return out, nil
}

// written is a key that is compared by what it looks like when written out. The
// hash of that is kept, so that long keys take no more memory than short ones.
type written [sha256.Size]byte

// hashable returns what stands for the key in a Go map. Objects are compared by
// identity; that 1, 1.0 and True are one key in Python is not modelled.
func hashable(key Value) (any, error) {
	switch key := key.(type) {
	case *List, *Dict:
		return nil, fmt.Errorf("found %s as a dict key, expected a value that Python can hash", describe(key))
	case *Tuple, []byte, *big.Int:
		b, err := appendKey(nil, key)
		return written(sha256.Sum256(b)), err
	}
	return key, nil
}

func appendKey(b []byte, key Value) ([]byte, error) {
	if len(b) > maxKey {
		return nil, fmt.Errorf("found a dict key of more than %d bytes, expected a short one", maxKey)
	}
	number := func(kind byte, n uint64) []byte { return binary.LittleEndian.AppendUint64(append(b, kind), n) }
	switch key := key.(type) {
	case nil:
		return append(b, 'n'), nil
	case bool:
		if key {
			return append(b, 'T'), nil
		}
		return append(b, 'F'), nil
	case int64:
		return number('i', uint64(key)), nil
	case float64:
		return number('f', math.Float64bits(key)), nil
	case *big.Int:
		return append(number('b', uint64(key.BitLen())), key.String()...), nil
	case string:
		return append(number('s', uint64(len(key))), key...), nil
	case []byte:
		return append(number('y', uint64(len(key))), key...), nil
	case *Tuple:
		b = number('t', uint64(len(key.Items)))
		for _, v := range key.Items {
			var err error
			if b, err = appendKey(b, v); err != nil {
				return nil, err
			}
		}
		return b, nil
	case *Global, *Object, *Persistent:
		return fmt.Appendf(b, "%p", key), nil
	}
	return nil, fmt.Errorf("found %s inside of a dict key, expected a value that Python can hash", describe(key))
}
