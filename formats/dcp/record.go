package dcp

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"olmotool/formats"
	"olmotool/formats/torch"
)

// size is a torch.Size: dimensions, or an offset.
type size []int64

const sizeClass = "torch.Size"

// record makes of the state of an object what is wanted of it: the fields of
// classes that are known by name, or an error, which is reported when it is clear
// whose object it is; else nothing.
func record(class global, state any) any {
	d, _ := state.(*dict)
	var v any
	var err error
	switch class.name() {
	case "Metadata":
		return d
	case "TensorStorageMetadata":
		v, err = tensorOf(d)
	case "ChunkStorageMetadata":
		v, err = chunkOf(d)
	case "TensorProperties":
		v, err = dtypeOf(state)
	case "MetadataIndex":
		v, err = indexOf(d)
	case "_StorageInfo": // OLMo-core has a class of its own, of the same name
		v, err = locationOf(d)
	}
	if err != nil {
		return err
	}
	return v
}

// wanted returns what record made of an object of that class.
func wanted[T any](o *object, class string) (v T, err error) {
	if o == nil || o.class.name() != class {
		return v, fmt.Errorf("found no object of a class %s, expected one", class)
	}
	if err, ok := o.state.(error); ok {
		return v, err
	}
	v, ok := o.state.(T)
	if !ok {
		return v, fmt.Errorf("found a %s without fields, expected some", class)
	}
	return v, nil
}

// get returns the value of a key; there are few, and of a nil dict none.
func (d *dict) get(key string) any {
	if d == nil {
		return nil
	}
	for _, e := range d.items {
		if e.key == any(key) {
			return e.value
		}
	}
	return nil
}

func place(kind, key string) string { return fmt.Sprintf("%s %.120q", kind, key) }

func tensorOf(d *dict) (*tensorMeta, error) {
	t := &tensorMeta{}
	properties, _ := d.get("properties").(*object)
	var err error
	if t.dtype, err = wanted[formats.DType](properties, "TensorProperties"); err != nil {
		return nil, err
	}
	if t.shape, err = sizes(d.get("size")); err != nil {
		return nil, fmt.Errorf("size: %w", err)
	}
	chunks, ok := d.get("chunks").(*array)
	if !ok {
		return nil, errors.New("found no list of chunks, expected one")
	}
	t.chunks = make([]chunkMeta, 0, len(chunks.items))
	for i, v := range chunks.items {
		o, _ := v.(*object)
		c, err := wanted[chunkMeta](o, "ChunkStorageMetadata")
		if err != nil {
			return nil, fmt.Errorf("chunk %d: %w", i, err)
		}
		t.chunks = append(t.chunks, c)
	}
	return t, nil
}

func chunkOf(d *dict) (c chunkMeta, err error) {
	if c.offset, err = sizes(d.get("offsets")); err == nil {
		c.shape, err = sizes(d.get("sizes"))
	}
	return c, err
}

// indexOf leaves out the field index: it is a hint, and differs between writers.
func indexOf(d *dict) (itemKey, error) {
	key, ok := d.get("fqn").(string)
	if !ok {
		return itemKey{}, errors.New("found an index without fqn, expected the name of a tensor or object")
	}
	v := d.get("offset")
	if v == nil {
		return itemKey{key: key}, nil
	}
	offset, err := sizes(v)
	if err != nil {
		return itemKey{}, fmt.Errorf("%s: offset: %w", place("tensor", key), err)
	}
	return keyOf(key, offset), nil
}

func locationOf(d *dict) (l location, err error) {
	for _, f := range []struct {
		name string
		to   *int64
	}{{"offset", &l.off}, {"length", &l.length}} {
		n, ok := d.get(f.name).(int64)
		if !ok || n < 0 {
			return l, fmt.Errorf("found no %s that is a number of bytes, expected one", f.name)
		}
		*f.to = n
	}
	l.path, _ = d.get("relative_path").(string)
	if len(l.path) > maxPath || strings.ContainsAny(l.path, "/\\:\x00") || !filepath.IsLocal(l.path) {
		return l, fmt.Errorf("found the file %.300q, expected the name of one in the same directory", l.path)
	}
	if v := d.get("transform_descriptors"); v != nil {
		if a, ok := v.(*array); !ok || len(a.items) > 0 {
			return l, errors.New("found an item that was transformed (compressed, say) when it was written, expected one stored as it is")
		}
	}
	return l, nil
}

// sizes reads a torch.Size, which is called with a tuple, or a plain tuple or list.
func sizes(v any) (size, error) {
	var items []any
	switch v := v.(type) {
	case size:
		return v, nil
	case tuple:
		items = v
	case *array:
		items = v.items
	default:
		if o, ok := v.(*object); ok && o.class == sizeClass {
			if err, ok := o.state.(error); ok {
				return nil, err // of an earlier call
			}
		}
		return nil, errors.New("found no torch.Size, expected one")
	}
	if len(items) > maxRank {
		return nil, fmt.Errorf("found %d dimensions, expected at most %d", len(items), maxRank)
	}
	out := make(size, len(items))
	for i, v := range items {
		n, ok := v.(int64)
		if !ok || n < 0 {
			return nil, fmt.Errorf("found dimension %d to be no size, expected a number of at least 0", i)
		}
		out[i] = n
	}
	return out, nil
}

// dtypeOf reads the state of TensorProperties, a tuple that begins with the type;
// a dict in others than torch's own.
func dtypeOf(state any) (formats.DType, error) {
	var v any
	switch s := state.(type) {
	case tuple:
		if len(s) > 0 {
			v = s[0]
		}
	case *dict:
		v = s.get("dtype")
	}
	g, ok := v.(global)
	if !ok {
		return formats.InvalidDType, errors.New("found no dtype, expected one")
	}
	module, name, _ := strings.Cut(string(g), ".")
	d, ok := (&torch.Global{Module: module, Name: name}).DType()
	if !ok {
		return formats.InvalidDType, fmt.Errorf("found the dtype %.120q, expected one of torch's", string(g))
	}
	return d, nil
}
