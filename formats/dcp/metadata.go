package dcp

import (
	"encoding/binary"
	"errors"
	"io/fs"
	"path/filepath"

	"olmotool/formats"
)

// metadataName is the file that is written last, so that a directory without it
// is a checkpoint whose saving was interrupted.
const metadataName = ".metadata"

// Limits of what .metadata may say. The largest runs have a thousand processes.
const (
	// maxMetadata is how long it may be, in bytes: that of a thousand processes has
	// 200 MB.
	maxMetadata = 1 << 30
	maxRank     = 64   // torch's own limit of dimensions
	maxPath     = 4096 // that of Linux
)

// metadata is what .metadata says, of what is needed here.
type metadata struct {
	file    string
	size    int64
	tensors []*tensorMeta // in the order of the file
	objects []string      // keys of what is no tensor
	items   map[itemKey]location
	order   []itemKey // of items, as in the file
}

type tensorMeta struct {
	key    string
	dtype  formats.DType
	shape  []int64
	chunks []chunkMeta
}

type chunkMeta struct{ offset, shape size }

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

func keyOf(key string, offset size) itemKey {
	var b []byte
	for _, n := range offset {
		b = binary.AppendUvarint(b, uint64(n))
	}
	return itemKey{key, true, string(b)}
}

func newMetadata(file string) *metadata {
	return &metadata{file: file, items: map[itemKey]location{}}
}

// readMetadata reads the file in a directory.
func readMetadata(dir string) (*metadata, error) {
	m := newMetadata(filepath.Join(dir, metadataName))
	f, size, err := formats.OpenRegular(m.file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, formats.Errorf(dir, "", "found no %s, expected one: it is written last, and its absence means that saving was interrupted", metadataName)
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if size > maxMetadata {
		return nil, formats.Errorf(m.file, "", "found %d bytes, expected at most %d", size, maxMetadata)
	}
	m.size = size
	b := make([]byte, size)
	if err := formats.ReadFull(f, b, 0); err != nil {
		return nil, formats.Errorf(m.file, "", "%w", err)
	}
	return m, m.parse(b)
}

func (m *metadata) parse(b []byte) error {
	root, err := unpickle(m.file, b)
	if err != nil {
		return err
	}
	o, _ := root.(*object)
	if o == nil || o.class.name() != "Metadata" {
		return formats.Errorf(m.file, "", "found no object of a class Metadata, expected one")
	}
	top, _ := o.state.(*dict)
	tensors, ok1 := top.get("state_dict_metadata").(*dict)
	items, ok2 := top.get("storage_data").(*dict)
	if !ok1 || !ok2 {
		return formats.Errorf(m.file, "", "found no dicts state_dict_metadata and storage_data, expected both")
	}
	if err := m.tensorsOf(tensors); err != nil {
		return err
	}
	return m.itemsOf(items)
}

func (m *metadata) tensorsOf(all *dict) error {
	seen := map[string]bool{}
	for _, e := range all.items {
		key, ok := e.key.(string)
		if !ok || seen[key] {
			return formats.Errorf(m.file, "state_dict_metadata", "found the key %.120q once more, or one that is no text, expected the name of a tensor or object", key)
		}
		seen[key] = true
		o, _ := e.value.(*object)
		if o != nil && o.class.name() == "BytesStorageMetadata" {
			m.objects = append(m.objects, key)
			continue
		}
		t, err := wanted[*tensorMeta](o, "TensorStorageMetadata")
		if err != nil {
			return formats.Errorf(m.file, place("tensor", key), "%w", err)
		}
		t.key = key
		m.tensors = append(m.tensors, t)
	}
	return nil
}

func (m *metadata) itemsOf(all *dict) error {
	for _, e := range all.items {
		key, _ := e.key.(*object)
		k, err := wanted[itemKey](key, "MetadataIndex")
		if err != nil {
			return formats.Errorf(m.file, "storage_data", "%w", err)
		}
		value, _ := e.value.(*object)
		l, err := wanted[location](value, "_StorageInfo")
		if err != nil {
			return formats.Errorf(m.file, place("item", k.key), "%w", err)
		}
		switch was, twice := m.items[k]; {
		case twice && was != l:
			return formats.Errorf(m.file, place("item", k.key), "found it in %.300q at byte %d and in %.300q at byte %d, expected it in one place", was.path, was.off, l.path, l.off)
		case twice:
			continue
		}
		m.items[k] = l
		m.order = append(m.order, k)
	}
	return nil
}
