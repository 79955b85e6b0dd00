package torch

import (
	"bytes"
	"fmt"
	"io"

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
