package convert

import (
	"context"
	"io"
	"os"

	"olmotool/formats/olmo"
	"olmotool/formats/torch"
)

// checksums makes the tensors of torch archives sum up the bytes that are read
// of them, so that their CRC-32, which torch writes and never checks, is
// checked without reading anything twice. An archive that has tensors which are
// not a whole record each is checked here, before anything else is done.
func checksums(ctx context.Context, src *olmo.Source) ([]*summed, error) {
	type key struct{ file, name string }
	want := map[key]uint32{}
	if src.InParts() {
		return nil, nil // no record is a tensor, and most are the optimizer's
	}
	for _, f := range src.Files {
		ok, err := isArchive(f.Path)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		sums, err := recordSums(ctx, f.Path)
		if err != nil {
			return nil, err
		}
		for name, sum := range sums {
			want[key{f.Path, name}] = sum
		}
	}
	var all []*summed
	for i := range src.Tensors {
		t := &src.Tensors[i]
		if sum, ok := want[key{t.Origin.File, t.Origin.Name}]; ok {
			s := &summed{Data: t.Data, tensor: *t, want: sum}
			t.Data = s
			all = append(all, s)
		}
	}
	return all, nil
}

// isArchive reports whether a file begins as a zip archive does: of all
// containers torch's alone.
func isArchive(path string) (bool, error) {
	f, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	var magic [4]byte
	_, err = io.ReadFull(f, magic[:])
	return err == nil && string(magic[:]) == "PK\x03\x04", nil
}

// recordSums returns the checksums of the tensors of an archive, or none after
// checking the archive as a whole.
func recordSums(ctx context.Context, path string) (map[string]uint32, error) {
	f, err := torch.OpenFile(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	sums := map[string]uint32{}
	for i, t := range f.Tensors {
		sum, ok := f.TensorCRC(i)
		if !ok && t.Bytes() > 0 {
			return nil, f.CheckCRC(ctx)
		}
		if ok {
			sums[t.Name] = sum
		}
	}
	return sums, nil
}
