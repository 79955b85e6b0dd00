package torch

import (
	"fmt"
	"io"
	"strings"

	"olmotool/formats"
)

// readStorage is a storage of a file: a run of elements that tensors are views
// of.
type readStorage struct {
	key    string
	device string
	class  storageClass
	name   string // of the class
	count  int64  // elements of the class
	bytes  int64

	// Where it lies, found after the pickle was read.
	src  io.ReaderAt
	off  int64
	swap bool      // big-endian
	zip  *zipEntry // nil in the legacy stream
}

// section returns n bytes of the storage.
func (s *readStorage) section(off, n int64) *io.SectionReader {
	return io.NewSectionReader(s.src, s.off+off, n)
}

// storages gives each persistent reference its storage, made from the
// reference itself, and returns them in the order in which they were met.
// References to one key are to one storage and must agree on it.
func storages(persistent []*Persistent) ([]*readStorage, error) {
	var all []*readStorage
	byKey := map[string]*readStorage{}
	for _, p := range persistent {
		s, err := parsePersistent(p.ID)
		if err != nil {
			return nil, err
		}
		if s == nil {
			continue
		}
		known, ok := byKey[s.key]
		switch {
		case !ok:
			byKey[s.key] = s
			all = append(all, s)
			known = s
		case known.name != s.name || known.count != s.count:
			return nil, fmt.Errorf("storage %q: found %s of %d elements and %s of %d, expected all references to agree",
				s.key, known.name, known.count, s.name, s.count)
		}
		p.storage = known
	}
	return all, nil
}

// parsePersistent reads a persistent id: the tuple ("storage", class, key,
// location, elements), and in the legacy stream None behind it. It returns nil
// for the other kind there, ("module", class, file, source text).
func parsePersistent(id Value) (*readStorage, error) {
	t, ok := id.(*Tuple)
	if !ok || len(t.Items) == 0 {
		return nil, fmt.Errorf("found %s as a persistent id, expected a tuple", describe(id))
	}
	switch kind := text(t.Items[0]); kind {
	case "storage":
	case "module":
		return nil, nil
	default:
		return nil, fmt.Errorf("found a persistent id of kind %.40q, expected \"storage\"", kind)
	}
	if n := len(t.Items); n != 5 && n != 6 {
		return nil, fmt.Errorf("found a persistent id of %d items, expected 5", n)
	}
	if len(t.Items) == 6 && t.Items[5] != nil {
		return nil, fmt.Errorf("found a storage that is a view of another (torch before 0.4), expected one that stands alone")
	}
	g, ok := t.Items[1].(*Global)
	if !ok {
		return nil, fmt.Errorf("found %s as the class of a storage, expected a global", describe(t.Items[1]))
	}
	class, ok := storageClassOf(g)
	if !ok {
		return nil, fmt.Errorf("found %q as the class of a storage, expected one of torch's", g)
	}
	key := text(t.Items[2])
	if key == "" || len(key) > 255 || strings.ContainsAny(key, "/\\\x00") || strings.Contains(key, "..") {
		return nil, fmt.Errorf("found storage key %.300q, expected a short name without slashes", key)
	}
	count, ok := t.Items[4].(int64)
	if !ok {
		return nil, fmt.Errorf("storage %q: found %s as its size, expected an int", key, describe(t.Items[4]))
	}
	n, err := formats.MulChecked(count, class.bytes)
	if err != nil {
		return nil, fmt.Errorf("storage %q: found %d elements of %d bytes, expected a size that fits", key, count, class.bytes)
	}
	return &readStorage{
		key: key, device: text(t.Items[3]), class: class, name: g.canonical(), count: count, bytes: n,
	}, nil
}

// text returns a string, or the bytes that Python 2 wrote in its place.
func text(v Value) string {
	switch v := v.(type) {
	case string:
		return v
	case []byte:
		return string(v)
	}
	return ""
}
