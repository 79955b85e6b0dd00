package dcp

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"olmotool/formats"
	"olmotool/formats/torch"
)

// metadataName is the file that is written last, so that a directory without it
// is a checkpoint whose saving was interrupted.
const metadataName = ".metadata"

// Limits of what .metadata may say. The largest runs have a thousand processes.
const (
	maxTensors = 1_000_000
	maxChunks  = 16_000_000
	maxRank    = 64
	maxPath    = 4096
)

// metadata is what .metadata says, of what is needed here.
type metadata struct {
	file    string
	tensors []tensorMeta // in the order of the file
	objects []string     // keys of what is no tensor
	items   map[itemKey]location
	order   []itemKey // of items, as in the file
}

type tensorMeta struct {
	key    string
	dtype  formats.DType
	shape  []int64
	chunks []chunkMeta
}

type chunkMeta struct{ offset, shape []int64 }

// itemKey finds an item: that of an object has no offset, which is not the empty
// offset of a scalar.
type itemKey struct {
	key    string
	tensor bool
	offset string
}

// location is where an item lies.
type location struct {
	path        string // relative to the directory
	off, length int64
}

func keyOf(key string, offset []int64) itemKey {
	return itemKey{key, true, fmt.Sprint(offset)}
}

// readMetadata reads the file in a directory.
func readMetadata(dir string) (*metadata, error) {
	m := &metadata{file: filepath.Join(dir, metadataName), items: map[itemKey]location{}}
	f, size, err := formats.OpenRegular(m.file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, formats.Errorf(dir, "", "found no %s, expected one: it is written last, and its absence means that saving was interrupted", metadataName)
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	root, _, err := torch.ReadPickle(m.file, f, 0, size)
	if err != nil {
		return nil, err
	}
	top, err := instance(root, "Metadata")
	if err == nil {
		err = m.tensorsOf(top)
	}
	if err == nil {
		err = m.itemsOf(top)
	}
	if known := (*formats.Error)(nil); err != nil && !errors.As(err, &known) {
		err = formats.Errorf(m.file, "", "%w", err)
	}
	return m, err
}

func (m *metadata) tensorsOf(top *torch.Dict) error {
	all, err := dict(top, "state_dict_metadata")
	if err != nil {
		return err
	}
	chunks := 0
	for _, it := range all.Items {
		key, ok := it.Key.(string)
		if !ok {
			return fmt.Errorf("state_dict_metadata: found a key that is no text, expected the name of a tensor or object")
		}
		if className(it.Value) == "BytesStorageMetadata" {
			m.objects = append(m.objects, key)
			continue
		}
		t, err := tensorOf(it.Value)
		if err != nil {
			return formats.Errorf(m.file, fmt.Sprintf("tensor %.120q", key), "%w", err)
		}
		t.key = key
		m.tensors = append(m.tensors, t)
		if chunks += len(t.chunks); chunks > maxChunks || len(m.tensors) > maxTensors {
			return fmt.Errorf("found more than %d tensors or %d chunks, expected fewer", maxTensors, maxChunks)
		}
	}
	return nil
}

func tensorOf(v torch.Value) (t tensorMeta, err error) {
	fields, err := instance(v, "TensorStorageMetadata")
	if err != nil {
		return t, err
	}
	properties, _ := fields.Get("properties")
	if t.dtype, err = dtypeOf(properties); err != nil {
		return t, err
	}
	size, _ := fields.Get("size")
	if t.shape, err = sizes(size); err != nil {
		return t, fmt.Errorf("size: %w", err)
	}
	v, _ = fields.Get("chunks")
	list, ok := v.(*torch.List)
	if !ok {
		return t, errors.New("found no list of chunks, expected one")
	}
	for _, v := range list.Items {
		fields, err := instance(v, "ChunkStorageMetadata")
		if err != nil {
			return t, err
		}
		var c chunkMeta
		offsets, _ := fields.Get("offsets")
		size, _ := fields.Get("sizes")
		if c.offset, err = sizes(offsets); err == nil {
			c.shape, err = sizes(size)
		}
		if err != nil {
			return t, fmt.Errorf("chunk %d: %w", len(t.chunks), err)
		}
		t.chunks = append(t.chunks, c)
	}
	return t, nil
}

func (m *metadata) itemsOf(top *torch.Dict) error {
	all, err := dict(top, "storage_data")
	if err != nil {
		return err
	}
	for _, it := range all.Items {
		index, err := instance(it.Key, "MetadataIndex")
		if err != nil {
			return fmt.Errorf("storage_data: %w", err)
		}
		v, _ := index.Get("fqn")
		key, ok := v.(string)
		if !ok {
			return errors.New("storage_data: found an index without fqn, expected the name of a tensor or object")
		}
		k := itemKey{key: key}
		// The field index is a hint, and differs between writers.
		if v, ok := index.Get("offset"); ok && v != nil {
			offset, err := sizes(v)
			if err != nil {
				return formats.Errorf(m.file, fmt.Sprintf("tensor %.120q", key), "offset: %w", err)
			}
			k = keyOf(key, offset)
		}
		l, err := locationOf(it.Value)
		if err != nil {
			return formats.Errorf(m.file, fmt.Sprintf("item %.120q", key), "%w", err)
		}
		if was, twice := m.items[k]; twice && was != l {
			return formats.Errorf(m.file, fmt.Sprintf("item %.120q", key), "found it in %.300q and in %.300q, expected it in one place", was.path, l.path)
		}
		m.items[k] = l
		m.order = append(m.order, k)
	}
	return nil
}

func locationOf(v torch.Value) (l location, err error) {
	// OLMo-core has a class of its own, of the same name.
	fields, err := instance(v, "_StorageInfo")
	if err != nil {
		return l, err
	}
	for _, f := range []struct {
		name string
		to   *int64
	}{{"offset", &l.off}, {"length", &l.length}} {
		v, _ := fields.Get(f.name)
		n, ok := v.(int64)
		if !ok || n < 0 {
			return l, fmt.Errorf("found no %s that is a number, expected one", f.name)
		}
		*f.to = n
	}
	v, _ = fields.Get("relative_path")
	l.path, _ = v.(string)
	if l.path == "" || len(l.path) > maxPath || strings.ContainsAny(l.path, "\\:\x00") || !filepath.IsLocal(filepath.FromSlash(l.path)) {
		return l, fmt.Errorf("found the file %.300q, expected the name of a file in the same directory", l.path)
	}
	if v, ok := fields.Get("transform_descriptors"); ok && v != nil {
		if list, ok := v.(*torch.List); !ok || len(list.Items) > 0 {
			return l, errors.New("found an item that was transformed (compressed, say) when it was written, expected one stored as it is")
		}
	}
	return l, nil
}

// instance returns the fields of an instance of a class, by the last part of its
// name: the module differs between versions of torch.
func instance(v torch.Value, class string) (*torch.Dict, error) {
	o, ok := v.(*torch.Object)
	if !ok || className(v) != class {
		return nil, fmt.Errorf("found no %s, expected one", class)
	}
	if d, ok := o.State.(*torch.Dict); ok {
		return d, nil
	}
	return nil, fmt.Errorf("found a %s without fields, expected some", class)
}

// className returns the last part of the name of an object's class.
func className(v torch.Value) string {
	o, ok := v.(*torch.Object)
	if !ok {
		return ""
	}
	name := o.Called()
	return name[strings.LastIndexByte(name, '.')+1:]
}

func dict(d *torch.Dict, name string) (*torch.Dict, error) {
	v, _ := d.Get(name)
	out, ok := v.(*torch.Dict)
	if !ok {
		return nil, fmt.Errorf("found no dict %s, expected one", name)
	}
	return out, nil
}

// sizes reads a torch.Size, which calls its class with a tuple, or a plain list.
func sizes(v torch.Value) ([]int64, error) {
	if o, ok := v.(*torch.Object); ok && className(v) == "Size" && len(o.Args) == 1 {
		v = o.Args[0]
	}
	var items []torch.Value
	switch v := v.(type) {
	case *torch.Tuple:
		items = v.Items
	case *torch.List:
		items = v.Items
	default:
		return nil, errors.New("found no torch.Size, expected one")
	}
	if len(items) > maxRank {
		return nil, fmt.Errorf("found %d dimensions, expected at most %d", len(items), maxRank)
	}
	out := make([]int64, len(items))
	for i, v := range items {
		n, ok := v.(int64)
		if !ok || n < 0 {
			return nil, fmt.Errorf("found dimension %d to be no size, expected a number of at least 0", i)
		}
		out[i] = n
	}
	return out, nil
}

// dtypeOf reads TensorProperties, the state of which is a tuple that begins with
// the type; a dict in others than torch's own.
func dtypeOf(v torch.Value) (formats.DType, error) {
	o, ok := v.(*torch.Object)
	if !ok || className(v) != "TensorProperties" {
		return formats.InvalidDType, errors.New("found no TensorProperties, expected them")
	}
	switch s := o.State.(type) {
	case *torch.Tuple:
		v = nil
		if len(s.Items) > 0 {
			v = s.Items[0]
		}
	case *torch.Dict:
		v, _ = s.Get("dtype")
	}
	if g, ok := v.(*torch.Global); ok {
		if d, ok := g.DType(); ok {
			return d, nil
		}
		return formats.InvalidDType, fmt.Errorf("found the dtype %.120q, expected one of torch's", g)
	}
	return formats.InvalidDType, errors.New("found no dtype, expected one")
}
