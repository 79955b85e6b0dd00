package torch

import (
	"encoding/binary"
	"fmt"
	"io"
	"math/big"

	"olmotool/formats"
)

// The pickles in front of the object in the stream of torch before 1.6.
var legacyMagic, _ = new(big.Int).SetString("1950a86a20f9469cfc6c", 16)

const legacyProtocol = 1001

// openStream reads a file that begins with a pickle: the stream that torch
// wrote before 1.6, or a bare pickle.
func (f *File) openStream(r io.ReaderAt, size int64) error {
	first, err := f.pickleAt(r, 0, size)
	if err != nil {
		return err
	}
	if n, ok := first.root.(*big.Int); !ok || n.Cmp(legacyMagic) != 0 {
		f.Root, f.Scan = first.root, first.scan
		if left := size - first.scan.End; left > 0 {
			f.note(formats.Warning, "trailing-bytes", "", "found %d bytes behind the pickle, which nothing reads", left)
		}
		return nil
	}
	at, err := f.legacyHeader(r, first.scan.End, size)
	if err != nil {
		return err
	}
	object, err := f.pickleAt(r, at, size)
	if err != nil {
		return err
	}
	f.Root, f.Scan = object.root, object.scan
	if f.storages, err = storages(object.persistent); err != nil {
		return formats.Errorf(f.Path, fmt.Sprintf("pickle at byte %d", at), "%w", err)
	}
	keys, err := f.pickleAt(r, object.scan.End, size)
	if err != nil {
		return err
	}
	return f.legacyStorages(r, keys, object.scan.End, size)
}

func (f *File) pickleAt(r io.ReaderAt, off, size int64) (*pickled, error) {
	return readPickle(&window{file: f.Path, r: r, base: off, end: size})
}

// legacyHeader reads the two pickles behind the magic, the protocol and facts
// about the writer's machine, and returns where they end. That machine may have
// been big-endian: the storages are little-endian all the same.
func (f *File) legacyHeader(r io.ReaderAt, at, size int64) (int64, error) {
	protocol, err := f.pickleAt(r, at, size)
	if err != nil {
		return 0, err
	}
	if n, ok := protocol.root.(int64); !ok || n != legacyProtocol {
		return 0, formats.Errorf(f.Path, fmt.Sprintf("pickle at byte %d", at), "found %s %v, expected protocol version %d", describe(protocol.root), protocol.root, legacyProtocol)
	}
	at = protocol.scan.End
	system, err := f.pickleAt(r, at, size)
	if err != nil {
		return 0, err
	}
	if _, ok := system.root.(*Dict); !ok || len(system.scan.Globals) > 0 {
		return 0, formats.Errorf(f.Path, fmt.Sprintf("pickle at byte %d", at), "found %s, expected a plain dict about the writer's machine", describe(system.root))
	}
	return system.scan.End, nil
}

// legacyStorages goes through the storages, which lie behind the list of their
// keys, each with its count of elements in front.
func (f *File) legacyStorages(r io.ReaderAt, keys *pickled, keysAt, size int64) error {
	place := fmt.Sprintf("pickle at byte %d", keysAt)
	list, ok := keys.root.(*List)
	if !ok {
		return formats.Errorf(f.Path, place, "found %s, expected the list of storage keys", describe(keys.root))
	}
	byKey := make(map[string]*readStorage, len(f.storages))
	for _, s := range f.storages {
		byKey[s.key] = s
	}
	at := keys.scan.End
	for _, k := range list.Items {
		key := text(k)
		s := byKey[key]
		switch {
		case s == nil:
			return formats.Errorf(f.Path, place, "found storage key %.300q, expected one that the object refers to", key)
		case s.src != nil:
			return formats.Errorf(f.Path, place, "found storage key %q twice, expected each once", key)
		}
		where := fmt.Sprintf("storage %q", key)
		var b [8]byte
		if left := size - at; left < 8 {
			return formats.Errorf(f.Path, where, "found %d bytes to the end, expected its size in 8", left)
		}
		if err := formats.ReadFull(r, b[:], at); err != nil {
			return formats.Errorf(f.Path, where, "%w", err)
		}
		if n := int64(binary.LittleEndian.Uint64(b[:])); n != s.count {
			return formats.Errorf(f.Path, where, "found %d elements at byte %d, expected %d as the object says", n, at, s.count)
		}
		at += 8
		if left := size - at; s.bytes > left {
			return formats.Errorf(f.Path, where, "found %d bytes to the end, expected %d", left, s.bytes)
		}
		s.src, s.off = r, at
		at += s.bytes
	}
	for _, s := range f.storages {
		if s.src == nil {
			return formats.Errorf(f.Path, place, "found no storage key %q, expected all that the object refers to", s.key)
		}
	}
	if at < size {
		f.note(formats.Warning, "trailing-bytes", "", "found %d bytes behind the last storage, which nothing reads", size-at)
	}
	return nil
}
