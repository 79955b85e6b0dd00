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
	file  *pooled
	at    location
	dtype formats.DType
	shape []int64
	size  int64

	once sync.Once
	data formats.Data
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

// open finds the chunk's bytes. The storage behind it may be larger: early
// OLMo-core saved views without cloning them.
func (i *item) open() {
	if at, ok := i.file.pool.like.find(i); ok {
		i.data = io.NewSectionReader(i.file, i.at.off+at, i.size)
		return
	}
	place := fmt.Sprintf("item at byte %d", i.at.off)
	f, err := torch.OpenAt(io.NewSectionReader(i.file, i.at.off, i.at.length), i.at.length, i.file.path+": "+place)
	if err != nil {
		i.err = err
		return
	}
	t, err := f.Tensor(i.key, f.Root)
	switch {
	case err != nil:
		i.err = err
	case t.DType != i.dtype || !slices.Equal(t.Shape, i.shape):
		i.err = formats.Errorf(i.file.path, place, "found %s %v, expected %s %v of tensor %.120q as in %s",
			t.DType, t.Shape, i.dtype, i.shape, i.key, metadataName)
	case t.Origin.Offset < 0:
		i.data = t.Data // in another order, or compressed
	default:
		i.data = io.NewSectionReader(i.file, i.at.off+t.Origin.Offset, i.size)
		i.file.pool.like.add(i, t.Origin.Offset)
	}
}
