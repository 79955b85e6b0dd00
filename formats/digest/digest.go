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
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"olmotool/formats"
)

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

// Named is a tensor digest, and the type and shape that were hashed.
type Named struct {
	Name   string  `json:"name"`
	DType  string  `json:"dtype"`
	Shape  []int64 `json:"shape"`
	Digest string  `json:"digest"`
}

// Parts of what is hashed and printed.
const (
	modelMagic = "olmotool model 1\n"
	prefix     = "sha256:"
)

// Of computes the digest of tensors. Names must be unique.
func Of(ctx context.Context, tensors []formats.Tensor, o Options) (*Result, error) {
	hs := make([]*Hasher, len(tensors))
	seen := make(map[string]bool, len(tensors))
	for i, t := range tensors {
		if seen[t.Name] {
			return nil, fmt.Errorf("tensor %.120q: found the name twice, expected each name once", t.Name)
		}
		seen[t.Name] = true
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

// Hash reads all bytes of the given hashers' tensors, a chunk at a time in every
// thread.
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
		at += ChunkBytes
		return j, true
	}
	g, ctx := errgroup.WithContext(ctx)
	for range max(1, o.Threads) {
		g.Go(func() error {
			buf := make([]byte, ChunkBytes)
			for {
				j, ok := take()
				if !ok {
					return nil
				}
				if err := ctx.Err(); err != nil {
					return err
				}
				p := buf[:min(ChunkBytes, j.h.data.Size()-j.off)]
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
	hs = slices.Clone(hs)
	slices.SortFunc(hs, func(a, b *Hasher) int { return strings.Compare(a.name, b.name) })
	original := slices.IndexFunc(hs, func(h *Hasher) bool { return h.name == o.Tied[1] })
	r := &Result{}
	model := sha256.New()
	model.Write([]byte(modelMagic))
	for _, h := range hs {
		if h.name == o.Tied[0] && o.Tied[0] != o.Tied[1] && original >= 0 && h.sameContent(hs[original]) {
			continue
		}
		sum := h.Sum()
		model.Write(sum[:])
		r.Tensors = append(r.Tensors, Named{h.name, h.dtype.String(), h.shape, prefix + hex.EncodeToString(sum[:])})
	}
	r.Model = prefix + hex.EncodeToString(model.Sum(nil))
	return r
}
