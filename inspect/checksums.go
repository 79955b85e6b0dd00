package inspect

import (
	"context"
	"errors"

	"olmotool/formats"
	"olmotool/formats/torch"
)

// archiveSums is the checksums of a zip archive.
type archiveSums struct {
	file  *torch.File
	close bool
	index map[string]int // tensors by name
}

// openSums opens a file for its checksums if it is of torch.
func (k *checker) openSums(path string) error {
	if kind, err := kindOfContainer(path); err != nil || kind != "torch" {
		return err
	}
	s := &archiveSums{file: k.src.Torch, index: map[string]int{}}
	if s.file == nil || len(k.src.Files) > 1 {
		f, err := torch.OpenFile(path)
		if err != nil {
			return err
		}
		s.file, s.close = f, true
	}
	for i, t := range s.file.Tensors {
		s.index[t.Name] = i
	}
	k.sums[path] = s
	return nil
}

func (k *checker) close() {
	for _, s := range k.sums {
		if s.close {
			_ = s.file.Close() // it was read only
		}
	}
}

// sumOf returns the checksum of a tensor that has one.
func (k *checker) sumOf(t formats.Tensor) (uint32, bool) {
	s := k.sums[t.Origin.File]
	if s == nil {
		return 0, false
	}
	i, ok := s.index[t.Origin.Name]
	if !ok {
		return 0, false
	}
	return s.file.TensorCRC(i)
}

// planMembers makes tasks of what is in archives beside tensors that have
// checksums.
func (k *checker) planMembers() {
	for _, f := range k.src.Files {
		s := k.sums[f.Path]
		if s == nil {
			continue
		}
		whole := map[int64]bool{} // where tensors with checksums begin
		for i, t := range s.file.Tensors {
			if _, ok := s.file.TensorCRC(i); ok && t.Origin.Offset >= 0 {
				whole[t.Origin.Offset] = true
			}
		}
		for i, m := range s.file.Members() {
			if m.CRC == 0 || m.Bytes > 0 && whole[m.Offset] {
				continue
			}
			n := len(k.tensors) + len(k.tasks) // behind all tensors
			k.add(m.Bytes, func(ctx context.Context, _ []byte) error {
				err := s.file.CheckMember(ctx, i)
				if ctx.Err() != nil {
					return ctx.Err()
				}
				k.mu.Lock()
				k.out.Checksums++
				k.mu.Unlock()
				var fe *formats.Error
				if errors.As(err, &fe) {
					k.note(n, found(formats.Serious, "bad-crc", fe.Place, "%s", fe.Msg))
					return nil
				}
				return err
			})
		}
	}
}
