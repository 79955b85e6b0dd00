package torch

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"

	"olmotool/formats"
)

// Member is a file in a zip archive.
type Member struct {
	Name   string // with the folder that all lie in
	Bytes  int64  // of its content
	Offset int64  // of its bytes in the archive; those may be compressed
	CRC    uint32 // of its content; 0 if its writer computed none
}

// Members returns the members of the archive, in the order of its directory;
// none if the file is the stream of torch before 1.6 or a bare pickle.
func (f *File) Members() []Member {
	if f.zip == nil {
		return nil
	}
	out := make([]Member, len(f.zip.members))
	for i, m := range f.zip.members {
		out[i] = Member{Name: m.name, Bytes: m.size, Offset: m.data, CRC: m.crc}
	}
	return out
}

// CheckMember reads member i of [File.Members] and reports whether its content is
// what its checksum was made of. Without a checksum, that it can be read is enough.
func (f *File) CheckMember(ctx context.Context, i int) error {
	m := f.zip.members[i]
	sum, err := f.zip.sum(ctx, m)
	switch {
	case err != nil:
		return f.zip.errorf(m.place(), "%w", err)
	case m.crc != 0 && sum != m.crc:
		return f.zip.errorf(m.place(), badCRC, sum, m.crc)
	}
	return nil
}

// StorageUse is how much of a storage the tensors of the checkpoint are.
type StorageUse struct {
	Key         string
	Bytes, Used int64
}

// Storages returns the storages that tensors lie in, in the order in which the
// pickle names them. A range counts once however many tensors have it, and a
// tensor counts from its first byte to its last, as torch's strides allow gaps.
func (f *File) Storages() []StorageUse {
	views := map[*readStorage][]*tensorView{}
	for _, v := range f.views {
		if v.bytes() > 0 {
			views[v.storage] = append(views[v.storage], v)
		}
	}
	out := make([]StorageUse, 0, len(f.storages))
	for _, s := range f.storages {
		u := StorageUse{Key: s.key, Bytes: s.bytes}
		of := views[s]
		slices.SortFunc(of, func(a, b *tensorView) int { return cmp.Compare(a.begin(), b.begin()) })
		end := int64(0)
		for _, v := range of {
			if e := v.end(); e > end {
				u.Used += e - max(end, v.begin())
				end = e
			}
		}
		out = append(out, u)
	}
	return out
}

// Rewritten compares the file with what [Plan] makes of its tensors, the bytes of
// torch 2.1 to 2.6, and returns where they part; empty if they do not. It takes
// the archive's checksums for those of the data, of which it reads nothing.
func (f *File) Rewritten() (difference string, err error) {
	o, ok := f.Options()
	switch {
	case f.zip == nil:
		return "it is no zip archive", nil
	case !ok:
		return "the object is more than a dict of tensors", nil
	}
	z, err := newArchive(f.Path, f.Tensors, o)
	if err != nil {
		return err.Error(), nil
	}
	segments, err := z.plan()
	if err != nil {
		return err.Error(), nil
	}
	for _, m := range z.members {
		if m.data == nil {
			continue
		}
		have := f.zip.member(m.name)
		if have == nil || have.size != m.size || have.method != stored {
			return fmt.Sprintf("it has no member %q of %d bytes as they are", m.name, m.size), nil
		}
		m.sum = zipSum{have.crc, have.size}
	}
	at := int64(0)
	for _, s := range segments {
		if s.Late == nil {
			at += s.Size
			continue
		}
		want, err := s.Late()
		if err != nil {
			return "", err
		}
		have := make([]byte, min(int64(len(want)), max(f.zip.size-at, 0)))
		if err := formats.ReadFull(f.zip.r, have, at); err != nil {
			return "", f.zip.errorf(fmt.Sprintf("byte %d", at), "%w", err)
		}
		if !bytes.Equal(have, want) {
			n := int64(0)
			for int(n) < len(have) && have[n] == want[n] {
				n++
			}
			return fmt.Sprintf("other bytes from byte %d on%s", at+n, f.zip.near(at+n)), nil
		}
		at += s.Size
	}
	if at != f.zip.size {
		return fmt.Sprintf("%d bytes more", f.zip.size-at), nil
	}
	return "", nil
}

// near names the member that byte at lies in or in front of.
func (z *zipArchive) near(at int64) string {
	best := (*zipEntry)(nil)
	for _, m := range z.members {
		if m.data+m.packed > at && (best == nil || m.data < best.data) {
			best = m
		}
	}
	switch {
	case best == nil:
		return ", in the directory"
	case at < best.data:
		return fmt.Sprintf(", in the header of %.120q", best.name)
	}
	return fmt.Sprintf(", in %.120q", best.name)
}
