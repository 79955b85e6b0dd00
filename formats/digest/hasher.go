package digest

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"

	"olmotool/formats"
)

// ChunkBytes is the number of bytes that are hashed on their own, so that
// several cores can share one tensor.
const ChunkBytes = 1 << 20

// Hasher computes the digest of one tensor from its bytes, given in any order.
type Hasher struct {
	name   string
	dtype  formats.DType
	shape  []int64
	data   formats.Data
	direct bool
	chunks []byte // 32 bytes each
}

// NewHasher returns the hasher of t; with values, of its values.
func NewHasher(t formats.Tensor, values bool) (*Hasher, error) {
	v := t
	if to := hashedType(t, values); to != t.DType {
		var err error
		if v, err = formats.Cast(t, to, nil); err != nil {
			return nil, err
		}
	}
	n := (v.Bytes() + ChunkBytes - 1) / ChunkBytes
	return &Hasher{
		name: v.Name, dtype: v.DType, shape: v.Shape, data: v.Data,
		direct: v.DType == t.DType, chunks: make([]byte, n*sha256.Size),
	}, nil
}

// hashedType is the type in which the bytes of t are hashed.
func hashedType(t formats.Tensor, values bool) formats.DType {
	half := t.DType == formats.F16 || t.DType == formats.BF16
	if half && len(t.Shape) == 1 || values && (half || t.DType.IsBlock() && formats.CanCast(t.DType, formats.F32)) {
		return formats.F32
	}
	return t.DType
}

// Name returns the name of the tensor.
func (h *Hasher) Name() string { return h.name }

// Direct reports whether the tensor's own bytes are hashed, unchanged.
func (h *Hasher) Direct() bool { return h.direct }

// Data is the bytes that are hashed.
func (h *Hasher) Data() formats.Data { return h.data }

// Write takes the bytes p of Data at off. off must be a multiple of ChunkBytes,
// and p whole chunks unless it reaches the end. It may be called from several
// goroutines for different ranges.
func (h *Hasher) Write(off int64, p []byte) error {
	size, n := h.data.Size(), int64(len(p))
	if off < 0 || off > size || n > size-off || off%ChunkBytes != 0 || n%ChunkBytes != 0 && n != size-off {
		return fmt.Errorf("tensor %q: bytes [%d,%d) of %d are not whole chunks", h.name, off, off+n, size)
	}
	for i := off / ChunkBytes; len(p) > 0; i++ {
		n := min(len(p), ChunkBytes)
		sum := sha256.Sum256(p[:n])
		copy(h.chunks[i*sha256.Size:], sum[:])
		p = p[n:]
	}
	return nil
}

// content is the digest of the bytes alone.
func (h *Hasher) content() [sha256.Size]byte { return sha256.Sum256(h.chunks) }

// Sum returns the tensor digest. Every byte must have been written.
func (h *Hasher) Sum() [sha256.Size]byte {
	b := []byte("olmotool tensor 1\n")
	str := func(s string) {
		b = binary.LittleEndian.AppendUint64(b, uint64(len(s)))
		b = append(b, s...)
	}
	str(h.name)
	str(h.dtype.String())
	b = binary.LittleEndian.AppendUint64(b, uint64(len(h.shape)))
	for _, d := range h.shape {
		b = binary.LittleEndian.AppendUint64(b, uint64(d))
	}
	c := h.content()
	return sha256.Sum256(append(b, c[:]...))
}

// sameContent reports whether two tensors differ in nothing but their names.
func (h *Hasher) sameContent(o *Hasher) bool {
	return h.dtype == o.dtype && slices.Equal(h.shape, o.shape) && h.content() == o.content()
}
