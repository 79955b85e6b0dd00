package torch

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"

	"olmotool/formats"
)

// openArchive reads the zip archive of torch 1.6 and later.
func (f *File) openArchive(r io.ReaderAt, size int64) error {
	z, err := openZip(r, size, f.Path)
	if err != nil {
		return err
	}
	f.zip = z
	big, err := z.checkRecords()
	if err != nil {
		return err
	}
	w, err := z.pickleWindow()
	if err != nil {
		return err
	}
	f.Findings = append(f.Findings, z.findings...)
	p, err := readPickle(w)
	if err != nil {
		return z.damaged(err)
	}
	if p.scan.End < w.end {
		f.note(formats.Warning, "trailing-bytes", w.in, "found %d bytes behind the pickle, which nothing reads", w.end-p.scan.End)
	}
	f.Root, f.Scan = p.root, p.scan
	if f.storages, err = storages(p.persistent); err != nil {
		return formats.Errorf(f.Path, w.in, "%w", err)
	}
	return f.placeStorages(big)
}

// checkRecords looks at the members beside the pickle and the storages, and
// reports whether the storages are big-endian.
func (z *zipArchive) checkRecords() (big bool, err error) {
	if z.member("data.pkl") == nil {
		return false, z.errorf("", "found a zip archive without %q, expected one written by torch.save", z.root+"/data.pkl")
	}
	for _, m := range z.members {
		name := strings.TrimPrefix(m.name, z.root+"/")
		if name == "constants.pkl" || strings.HasPrefix(name, "code/") {
			return false, z.errorf(m.place(), "found it as in a TorchScript archive, expected a file written by torch.save")
		}
	}
	version := z.member(".data/version")
	if version == nil {
		version = z.member("version")
	}
	if version == nil {
		return false, z.errorf("", "found no member %q, expected one", z.root+"/version")
	}
	word, err := z.word(version)
	if err != nil {
		return false, err
	}
	if n, err := strconv.Atoi(word); err != nil || n < 1 || n > 10 {
		return false, z.errorf(version.place(), "found %q, expected a number from 1 to 10", word)
	}
	order := z.member("byteorder")
	if order == nil {
		return false, nil // torch before 2.1
	}
	switch word, err = z.word(order); {
	case err != nil:
		return false, err
	case word != "little" && word != "big":
		return false, z.errorf(order.place(), "found %q, expected little or big", word)
	}
	return word == "big", nil
}

func (z *zipArchive) pickleWindow() (*window, error) {
	m := z.member("data.pkl")
	w := &window{file: z.file, in: "data.pkl", end: m.size}
	if m.method != stored {
		b, err := z.read(m, maxUnpacked)
		w.r = bytes.NewReader(b)
		return w, err
	}
	if m.size > maxPickle {
		return nil, z.errorf(m.place(), "found %d bytes, expected at most %d", m.size, int64(maxPickle))
	}
	w.r = io.NewSectionReader(z.r, m.data, m.size)
	if m.crc == 0 {
		return w, nil
	}
	sum, err := z.sum(context.Background(), m)
	if err != nil {
		return nil, z.errorf(m.place(), "%w", err)
	}
	z.noteCRC(m, sum)
	return w, nil
}

// placeStorages finds the member of every storage.
func (f *File) placeStorages(big bool) error {
	used := make(map[*zipEntry]bool, len(f.storages))
	unaligned, compressed := 0, 0
	for _, s := range f.storages {
		m := f.zip.member("data/" + s.key)
		if m == nil {
			return f.zip.errorf(fmt.Sprintf("storage %q", s.key), "found no member %q, expected one", f.zip.root+"/data/"+s.key)
		}
		if m.size != s.bytes {
			return f.zip.errorf(m.place(), "found %d bytes, expected %d for %s of %d elements", m.size, s.bytes, s.name, s.count)
		}
		used[m] = true
		s.zip, s.swap = m, big
		if m.method == stored {
			s.src, s.off = f.zip.r, m.data
		} else {
			d := &inflated{zip: f.zip, member: m}
			s.src = d
			f.Closers = append(f.Closers, d)
			compressed++
		}
		if m.size > 0 && m.data%64 != 0 {
			unaligned++
		}
	}
	if unaligned > 0 {
		f.note(formats.Info, "unaligned", "", "found %d storages that do not begin at a multiple of 64 bytes", unaligned)
	}
	if compressed > 0 {
		f.note(formats.Info, "compressed", "", "found %d storages compressed, which torch maps wrongly", compressed)
	}
	f.noteMembers(used)
	return nil
}
