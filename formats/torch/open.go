package torch

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"

	"olmotool/formats"
)

// File is a file that torch.save wrote, or a bare pickle.
type File struct {
	// Checkpoint has the tensors that can be reached from the root through
	// dicts, lists and tuples, in their order. The name of a tensor is the keys
	// and indices that lead to it, joined with dots.
	*formats.Checkpoint

	// Root is the saved object, tensors and all, and Scan how its pickle makes
	// it. In a zip archive the scan counts bytes from the start of data.pkl.
	Root Value
	Scan Scan

	zip      *zipArchive // nil if it is not an archive
	storages []*readStorage
	views    []*tensorView // of Checkpoint.Tensors
	refused  error         // the first tensor of a kind that is not read
}

// Open describes the tensors of a file. Those of a kind that is not read, or
// that there are none at all, is an error. The caller closes the checkpoint.
func Open(path string) (*formats.Checkpoint, error) {
	f, err := OpenFile(path)
	if err != nil {
		return nil, err
	}
	if err := f.complete(); err != nil {
		f.Close()
		return nil, err
	}
	return f.Checkpoint, nil
}

func (f *File) complete() error {
	if f.refused != nil {
		return f.refused
	}
	if len(f.Tensors) == 0 {
		return formats.Errorf(f.Path, "", "found %s without tensors in dicts, lists and tuples, expected a state dict", describe(f.Root))
	}
	return nil
}

// OpenFile describes a file of which more is wanted than its tensors. That it
// has none is no error, and those of a kind that is not read (sparse,
// quantised, sharded) are named by a finding of severity "error".
func OpenFile(path string) (*File, error) {
	r, size, err := formats.OpenRegular(path)
	if err != nil {
		return nil, err
	}
	f, err := OpenAt(r, size, path)
	if err != nil {
		r.Close()
		return nil, err
	}
	f.Closers = append(f.Closers, r)
	return f, nil
}

// OpenAt is OpenFile of what r holds, which may be a part of a file: the item of
// a distributed checkpoint. path names it in errors. Closing the File leaves r
// open.
func OpenAt(r io.ReaderAt, size int64, path string) (*File, error) {
	f := &File{Checkpoint: &formats.Checkpoint{
		Path:  path,
		Files: []formats.File{{Path: path, Bytes: size}},
	}}
	head := make([]byte, min(size, 512))
	if err := formats.ReadFull(r, head, 0); err != nil {
		return nil, formats.Errorf(path, "", "%w", err)
	}
	var err error
	switch {
	case bytes.HasPrefix(head, []byte(sigLocal)):
		err = f.openArchive(r, size)
	case len(head) > 1 && head[0] == 0x80 && head[1] <= 5:
		err = f.openStream(r, size)
	default:
		err = formats.Errorf(path, "", "found %s, expected a zip archive or a pickle", whatElse(head))
	}
	if err == nil {
		err = f.findTensors()
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	f.noteGlobals()
	f.noteShared()
	return f, nil
}

// whatElse describes the start of a file that is neither archive nor pickle.
func whatElse(head []byte) string {
	switch {
	case len(head) == 0:
		return "an empty file"
	case bytes.HasPrefix(head, []byte(sigEnd)):
		return "an empty zip archive"
	case len(head) >= 262 && string(head[257:262]) == "ustar":
		return "a tar archive (torch 0.1: load and save it with a newer torch)"
	case len(head) > 1 && head[0] == 0x80:
		return fmt.Sprintf("a pickle of protocol %d", head[1])
	}
	return fmt.Sprintf("bytes %q", head[:min(len(head), 16)])
}

// openArchive reads the zip archive of torch 1.6 and later.
func (f *File) openArchive(r io.ReaderAt, size int64) error {
	z, err := openZip(r, size, f.Path)
	if err != nil {
		return err
	}
	f.zip = z
	f.Findings = append(f.Findings, z.findings...)
	big, err := z.checkRecords()
	if err != nil {
		return err
	}
	w, err := z.pickleWindow()
	if err != nil {
		return err
	}
	p, err := readPickle(w)
	if err != nil {
		return err
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
	if m.method == stored {
		w.r = io.NewSectionReader(z.r, m.data, m.size)
		return w, nil
	}
	b, err := z.read(m, maxUnpacked)
	w.r = bytes.NewReader(b)
	return w, err
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

// Tensor returns a value of the root as a tensor of that name: a tensor that
// stands where the checkpoint's tensors are not looked for, in an object.
func (f *File) Tensor(name string, v Value) (formats.Tensor, error) {
	t, err := rebuild(v, 0)
	if err == nil {
		var out formats.Tensor
		if out, err = t.tensor(name, f.Path); err == nil {
			return out, nil
		}
	}
	return formats.Tensor{}, formats.Errorf(f.Path, fmt.Sprintf("tensor %q", name), "%w", err)
}
