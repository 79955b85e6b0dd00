package verify

import (
	"encoding/binary"
	"errors"
	"math"
	"os"
	"runtime"
	"slices"
	"sync"
	"unsafe"

	"golang.org/x/sync/errgroup"

	"olmotool/accel"
	"olmotool/formats"
	"olmotool/formats/ggml"
)

// later is data that is not there when it is planned.
type later int64

func (n later) Size() int64 { return int64(n) }

func (n later) ReadAt([]byte, int64) (int, error) { return 0, errors.New("not computed yet") }

// writePlan writes all of a plan but the data that comes later, and returns
// where that begins.
func writePlan(f *os.File, plan *formats.FilePlan) (at int64, err error) {
	for i, s := range plan.Segments {
		off := plan.Offset(i)
		if s.Tensor != nil && s.Tensor.Name == logitsName {
			at = off
			continue
		}
		b := make([]byte, s.Size)
		if err := formats.ReadFull(s.Data, b, 0); err != nil {
			return 0, err
		}
		if _, err := f.WriteAt(b, off); err != nil {
			return 0, err
		}
	}
	return at, nil
}

// writePiece is how many numbers a thread writes at a time.
const writePiece = 1 << 19

// writeFloats writes numbers, little-endian, at an offset.
func writeFloats[T accel.Float](f *os.File, off int64, x []T, threads int) error {
	if threads <= 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	var g errgroup.Group
	g.SetLimit(threads)
	var pool sync.Pool
	for len(x) > 0 {
		piece, at := x[:min(writePiece, len(x))], off
		g.Go(func() error {
			b, _ := pool.Get().([]byte)
			b = encodeFloats(b[:0], piece)
			_, err := f.WriteAt(b, at)
			pool.Put(b) //nolint:staticcheck // a slice header a piece is nothing
			return err
		})
		x = x[len(piece):]
		off += int64(len(piece)) * int64(unsafe.Sizeof(piece[0]))
	}
	return g.Wait()
}

// encodeFloats appends numbers as bytes.
func encodeFloats[T accel.Float](b []byte, x []T) []byte {
	switch x := any(x).(type) {
	case []float32:
		b = slices.Grow(b, 4*len(x))[:4*len(x)]
		ggml.EncodeF32(b, x)
	case []float64:
		for _, v := range x {
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
		}
	}
	return b
}
