package dcp

import (
	"fmt"
	"io"
	"slices"
	"sync"

	"olmotool/formats"
	"olmotool/formats/torch"
)

// item is the data of one chunk: a complete file of torch.save within a larger
// one, which is looked into when it is first read.
type item struct {
	key   string
	file  *dataFile
	at    location
	dtype formats.DType
	shape []int64
	size  int64

	once sync.Once
	data formats.Data
	off  int64 // of the data in the file; -1 if they do not lie there as they are
	err  error
}

func (i *item) Size() int64 { return i.size }

func (i *item) ReadAt(p []byte, off int64) (int, error) {
	i.once.Do(i.open)
	if i.err != nil {
		return 0, i.err
	}
	return i.data.ReadAt(p, off)
}

// Extents is where the chunk lies in its file, if the file stays open.
func (i *item) Extents(off, n int64) ([]formats.Extent, bool) {
	i.once.Do(i.open)
	if i.err != nil || i.off < 0 {
		return nil, false
	}
	f, ok := i.file.Pinned()
	return []formats.Extent{{File: f, Off: i.off + off, N: n}}, ok
}

// open finds the chunk's bytes. The storage behind it may be larger: early
// OLMo-core saved views without cloning them.
func (i *item) open() {
	i.off = -1
	if at, ok := i.file.like.find(i); ok {
		i.lies(at)
		return
	}
	place := fmt.Sprintf("item at byte %d", i.at.off)
	f, err := torch.OpenAt(io.NewSectionReader(i.file, i.at.off, i.at.length), i.at.length, i.file.Path+": "+place)
	if err != nil {
		i.err = err
		return
	}
	t, err := f.Tensor(i.key, f.Root)
	switch {
	case err != nil:
		i.err = err
	case t.DType != i.dtype || !slices.Equal(t.Shape, i.shape):
		i.err = formats.Errorf(i.file.Path, place, "found %s %v, expected %s %v of tensor %.120q as in %s",
			t.DType, t.Shape, i.dtype, i.shape, i.key, metadataName)
	case t.Origin.Offset < 0:
		i.data = t.Data // in another order, or compressed
	default:
		i.lies(t.Origin.Offset)
		i.file.like.add(i, t.Origin.Offset)
	}
}

// lies is called with the place of the numbers within the item.
func (i *item) lies(at int64) {
	i.off = i.at.off + at
	i.data = io.NewSectionReader(i.file, i.off, i.size)
}
