// Package digest computes content digests of tensors and of models.
//
// A digest says what the values are, not how they are stored: it is the same
// for one file or many shards, for safetensors, a pickle or a GGUF, as long as
// names, element types, shapes and bytes are the same. It is defined over the
// canonical tensors of a model (package olmo), or over the tensors of a bare
// file as they are named there.
//
// # Definition
//
// All integers are 64-bit little-endian, strings are UTF-8, | is concatenation.
//
// The digest is over the tensor's row-major little-endian bytes B of element
// type D (safetensors' name, "BF16", or ggml's, "Q8_0") and shape S, after this
// change: a tensor of one dimension whose type is F16 or BF16 is first widened
// to F32, because GGUF stores norms so; with [Values], every tensor of a type
// that has an exact float32 value (F16, BF16 and the quantised types that can
// be decoded) is.
//
//	content = SHA256(SHA256(B[0:1 MiB]) | SHA256(B[1 MiB:2 MiB]) | …)
//	tensor  = SHA256("olmotool tensor 1\n" | len(name) | name | len(D) | D |
//	                 len(S) | S[0] | S[1] | … | content)
//	model   = SHA256("olmotool model 1\n" | tensor digests, sorted by name as bytes)
//
// The last chunk may be shorter; an empty tensor has no chunks. A model digest
// is printed as "sha256:" and 64 hexadecimal digits. A model whose lm_head
// equals its embedding, in content, type and shape, counts as tied: its lm_head
// is left out, so that a tied model and one with a copy have one digest. That
// rule is the caller's to ask for ([Options.Tied]).
package digest

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"sort"
	"sync"

	"golang.org/x/sync/errgroup"

	"olmotool/formats"
)

// ChunkBytes is the number of bytes that are hashed on their own, so that
// several cores can share one tensor.
const ChunkBytes = 1 << 20

// jobBytes is how much one worker reads at a time.
const jobBytes = 4 * ChunkBytes

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
	if off%ChunkBytes != 0 || (len(p)%ChunkBytes != 0 && off+int64(len(p)) != h.data.Size()) {
		return fmt.Errorf("tensor %q: bytes [%d,%d) are not whole chunks", h.name, off, off+int64(len(p)))
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
	return h.dtype == o.dtype && fmt.Sprint(h.shape) == fmt.Sprint(o.shape) && h.content() == o.content()
}

// Options say what is hashed and how.
type Options struct {
	Values  bool // hash float32 values rather than bytes
	Threads int  // at least 1
	// Tied names a tensor and the one that it may be a copy of; a copy is left
	// out of the model digest.
	Tied [2]string
	// Progress, if set, is told of bytes as they are hashed, from several goroutines.
	Progress func(n int64)
}

// Result is the digest of a model and of its tensors, the latter sorted by name.
type Result struct {
	Model   string
	Tensors []Named
}

// Named is a tensor digest.
type Named struct {
	Name   string
	Digest string
}

// Of computes the digest of tensors. Names must be unique.
func Of(ctx context.Context, tensors []formats.Tensor, o Options) (*Result, error) {
	hs := make([]*Hasher, len(tensors))
	for i, t := range tensors {
		h, err := NewHasher(t, o.Values)
		if err != nil {
			return nil, err
		}
		hs[i] = h
	}
	if err := Hash(ctx, hs, o); err != nil {
		return nil, err
	}
	return Combine(hs, o), nil
}

// Hash reads all bytes of the given hashers' tensors.
func Hash(ctx context.Context, hs []*Hasher, o Options) error {
	type job struct {
		h   *Hasher
		off int64
	}
	var (
		mu   sync.Mutex
		next int
		at   int64
	)
	take := func() (job, bool) {
		mu.Lock()
		defer mu.Unlock()
		for next < len(hs) && at >= hs[next].data.Size() {
			next, at = next+1, 0
		}
		if next == len(hs) {
			return job{}, false
		}
		j := job{hs[next], at}
		at += jobBytes
		return j, true
	}
	g, ctx := errgroup.WithContext(ctx)
	for range max(1, o.Threads) {
		g.Go(func() error {
			buf := make([]byte, jobBytes)
			for {
				j, ok := take()
				if !ok {
					return nil
				}
				if err := ctx.Err(); err != nil {
					return err
				}
				p := buf[:min(jobBytes, j.h.data.Size()-j.off)]
				if err := formats.ReadFull(j.h.data, p, j.off); err != nil {
					return fmt.Errorf("tensor %q: %w", j.h.name, err)
				}
				if err := j.h.Write(j.off, p); err != nil {
					return err
				}
				if o.Progress != nil {
					o.Progress(int64(len(p)))
				}
			}
		})
	}
	return g.Wait()
}

// Combine returns the digests of hashers that have seen all their bytes.
func Combine(hs []*Hasher, o Options) *Result {
	hs = append([]*Hasher(nil), hs...)
	sort.Slice(hs, func(i, j int) bool { return hs[i].name < hs[j].name })
	find := func(name string) *Hasher {
		i := sort.Search(len(hs), func(i int) bool { return hs[i].name >= name })
		if i < len(hs) && hs[i].name == name {
			return hs[i]
		}
		return nil
	}
	r := &Result{}
	model := sha256.New()
	model.Write([]byte("olmotool model 1\n"))
	for _, h := range hs {
		if h.name == o.Tied[0] {
			if c := find(o.Tied[1]); c != nil && h.sameContent(c) {
				continue
			}
		}
		sum := h.Sum()
		model.Write(sum[:])
		r.Tensors = append(r.Tensors, Named{h.name, "sha256:" + hex.EncodeToString(sum[:])})
	}
	r.Model = "sha256:" + hex.EncodeToString(model.Sum(nil))
	return r
}
