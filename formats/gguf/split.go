package gguf

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"olmotool/formats"
)

// The keys of a shard.
const (
	splitNoKey      = "split.no"            // uint16: which shard, from 0
	splitCountKey   = "split.count"         // uint16: how many there are
	splitTensorsKey = "split.tensors.count" // int32: tensors in all shards
)

// split says which shard of how many a file is.
type split struct {
	no, count uint16
	tensors   int32
}

func (s split) String() string {
	return fmt.Sprintf("%s %d, %s %d, %s %d", splitNoKey, s.no, splitCountKey, s.count, splitTensorsKey, s.tensors)
}

// suffix ends the name of a shard; no counts from 0.
func suffix(no, count int) string { return fmt.Sprintf("-%05d-of-%05d.gguf", no+1, count) }

// splitOf returns what the keys of f say; a count of 0 or 1 means that f is
// whole. A set that has been merged may keep its keys with a count of 0.
func splitOf(f *File) (split, error) {
	var s split
	var ok bool
	var err error
	if s.count, _, err = Lookup[uint16](f.KVs, splitCountKey); err != nil || s.count <= 1 {
		return s, wrap(f.Path, err)
	}
	if s.count > maxShards {
		return s, formats.Errorf(f.Path, "", "key %q: found %d, expected at most %d", splitCountKey, s.count, maxShards)
	}
	if s.no, ok, err = Lookup[uint16](f.KVs, splitNoKey); err == nil && !ok {
		err = fmt.Errorf("key %q: found none, expected one beside %q", splitNoKey, splitCountKey)
	}
	if err == nil && s.no >= s.count {
		err = fmt.Errorf("key %q: found %d, expected less than %q, %d", splitNoKey, s.no, splitCountKey, s.count)
	}
	if err != nil {
		return s, wrap(f.Path, err)
	}
	if s.tensors, ok, err = Lookup[int32](f.KVs, splitTensorsKey); err == nil && !ok {
		err = fmt.Errorf("key %q: found none, expected one beside %q", splitTensorsKey, splitCountKey)
	}
	if err == nil && (s.tensors < 0 || s.tensors > maxTensors) {
		err = fmt.Errorf("key %q: found %d, expected 0 to %d", splitTensorsKey, s.tensors, maxTensors)
	}
	return s, wrap(f.Path, err)
}

func wrap(path string, err error) error {
	if err == nil {
		return nil
	}
	return formats.Errorf(path, "", "%w", err)
}

// openSet opens the set of which f, opened from path, is the shard s. It takes
// over f, and closes everything that it opened if it fails.
func openSet(path string, f *File, s split) (_ *File, err error) {
	shards := make([]*File, s.count)
	shards[s.no] = f
	defer func() {
		if err != nil {
			for _, x := range shards {
				if x != nil {
					x.Close()
				}
			}
		}
	}()
	dir, base := filepath.Split(path)
	prefix, ok := strings.CutSuffix(base, suffix(int(s.no), int(s.count)))
	if !ok || prefix == "" {
		return nil, formats.Errorf(path, "file name", "found shard %d of %d under the name %q, expected a name and then %q",
			s.no+1, s.count, base, suffix(int(s.no), int(s.count)))
	}
	if err := missing(path, dir+prefix, s); err != nil {
		return nil, err
	}
	n := 0 // tensors so far
	for i := range shards {
		if shards[i] == nil {
			name := dir + prefix + suffix(i, int(s.count))
			if shards[i], err = openShard(name, split{uint16(i), s.count, s.tensors}, base); err != nil {
				return nil, err
			}
		}
		if i > 0 {
			shards[i].KVs = nil // only those of the first are kept
		}
		if n += len(shards[i].Tensors); n > int(s.tensors) {
			return nil, formats.Errorf(shards[i].Path, "", "found %d tensors in the shards up to this one, expected %d in all, as %q says", n, s.tensors, splitTensorsKey)
		}
	}
	if n < int(s.tensors) {
		return nil, formats.Errorf(path, "", "found %d tensors in the shards, expected %d, as %q says", n, s.tensors, splitTensorsKey)
	}
	return join(path, shards)
}

// openShard opens a shard whose keys must be those of want, as in the file of
// that name.
func openShard(path string, want split, like string) (*File, error) {
	f, err := openOne(path)
	if err != nil {
		return nil, err
	}
	s, err := splitOf(f)
	if err == nil && s != want {
		err = formats.Errorf(path, "", "found %s, expected %s as in %q", s, want, like)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// missing reports the shards of the set that are not there, all at once.
func missing(path, prefix string, s split) error {
	const most = 10 // names in the message
	var names []string
	n := 0
	for i := range int(s.count) {
		name := prefix + suffix(i, int(s.count))
		if _, err := os.Stat(name); !os.IsNotExist(err) {
			continue
		}
		if n++; n <= most {
			names = append(names, fmt.Sprintf("%q", filepath.Base(name)))
		}
	}
	if n == 0 {
		return nil
	}
	if n > most {
		names = append(names, fmt.Sprintf("and %d more", n-most))
	}
	return formats.Errorf(path, "shards", "found %d of %d, expected also %s", int(s.count)-n, s.count, strings.Join(names, ", "))
}

// join makes one File of the shards of a set, in their order.
func join(path string, shards []*File) (*File, error) {
	all := &File{
		Checkpoint: &formats.Checkpoint{Path: path},
		Version:    shards[0].Version, BigEndian: shards[0].BigEndian, Alignment: shards[0].Alignment,
		KVs: shards[0].KVs,
	}
	for _, k := range []string{splitNoKey, splitCountKey, splitTensorsKey} {
		all.KVs = Delete(all.KVs, k)
	}
	seen := map[string]string{} // tensor name to file
	for _, x := range shards {
		for _, t := range x.Tensors {
			if first, ok := seen[t.Name]; ok {
				return nil, formats.Errorf(x.Path, fmt.Sprintf("tensor %q", t.Name), "found it in %q too, expected it in one shard", filepath.Base(first))
			}
			seen[t.Name] = x.Path
		}
		all.Tensors = append(all.Tensors, x.Tensors...)
		all.Files = append(all.Files, x.Files...)
		all.Findings = append(all.Findings, x.Findings...)
		all.Closers = append(all.Closers, x.Closers...)
	}
	return all, nil
}
