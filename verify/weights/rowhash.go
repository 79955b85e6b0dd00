package weights

import (
	"context"
	"fmt"
	"hash/maphash"

	"olmotool/formats"
	"olmotool/internal/sweep"
)

// rowHashes returns the hash of each row of a tensor; nil if it has none, or too
// many.
func (c *comparison) rowHashes(ctx context.Context, t formats.Tensor) ([]uint64, error) {
	size := t.RowBytes()
	if size == 0 || t.Shape[0] > maxRows {
		return nil, nil
	}
	hashes := make([]uint64, t.Shape[0])
	const read = 1 << 20
	some := func(int) int64 { return max(1, read/size) }
	err := sweep.Each(ctx, c.Threads, t.Shape[:1], some, func(w *worker, _ int, lo, n int64) error {
		b := w.buf(0, min(n*size, read))
		if size <= read {
			if err := formats.ReadFull(t.Data, b, lo*size); err != nil {
				return fmt.Errorf("tensor %q: %w", t.Name, err)
			}
			for i := range n {
				hashes[lo+i] = maphash.Bytes(hashSeed, b[i*size:(i+1)*size])
			}
			return nil
		}
		var h maphash.Hash
		h.SetSeed(hashSeed)
		for at := int64(0); at < size; at += read {
			b := b[:min(read, size-at)]
			if err := formats.ReadFull(t.Data, b, lo*size+at); err != nil {
				return fmt.Errorf("tensor %q: %w", t.Name, err)
			}
			h.Write(b)
		}
		hashes[lo] = h.Sum64()
		return nil
	})
	return hashes, err
}

// hashRows hashes the rows of both sides once.
func (x *patient) hashRows(ctx context.Context) (ref, got []uint64, err error) {
	if x.refRows == nil {
		if x.refRows, err = x.rowHashes(ctx, x.want); err != nil {
			return nil, nil, err
		}
		if x.gotRows, err = x.rowHashes(ctx, x.got); err != nil {
			return nil, nil, err
		}
	}
	return x.refRows, x.gotRows, nil
}

// blockHashes returns the hash of every size rows.
func blockHashes(rows []uint64, size int64) []uint64 {
	var out []uint64
	for ; int64(len(rows)) >= size; rows = rows[size:] {
		var h maphash.Hash
		h.SetSeed(hashSeed)
		for _, r := range rows[:size] {
			maphash.WriteComparable(&h, r)
		}
		out = append(out, h.Sum64())
	}
	return out
}

// sources returns, for each of got, which of ref it is: its own place if it fits,
// else one that is not taken yet, else any. missing counts those that are none of
// ref, repeated those that others have, too.
func sources(ref, got []uint64) (from []int64, missing, repeated int) {
	places := make(map[uint64][]int64, len(ref))
	taken := make(map[int64]bool)
	from = make([]int64, len(got))
	for i, h := range got {
		from[i] = -1
		if i < len(ref) && ref[i] == h {
			from[i], taken[int64(i)] = int64(i), true
		}
	}
	for i, h := range ref {
		if !taken[int64(i)] {
			places[h] = append(places[h], int64(i))
		}
	}
	used := map[uint64]int64{} // one that was taken, by hash
	for i, h := range got {
		if from[i] >= 0 {
			used[h] = from[i]
		}
	}
	for i, h := range got {
		if from[i] >= 0 {
			continue
		}
		if p := places[h]; len(p) > 0 {
			from[i], places[h] = p[0], p[1:]
			used[h] = p[0]
		} else if j, ok := used[h]; ok {
			from[i] = j
			repeated++
		} else {
			missing++
		}
	}
	return from, missing, repeated
}

// rotation returns by how many places got is ref moved on: the smallest, forwards
// or backwards; 0 if it is none.
func rotation(ref, got []uint64) int64 {
	n := len(ref)
	if n != len(got) || n < 2 {
		return 0
	}
	// Knuth, Morris, Pratt: ref is looked for in got, twice; where it begins is how
	// far it was moved.
	fail := make([]int, n)
	for i, k := 1, 0; i < n; i++ {
		for k > 0 && ref[i] != ref[k] {
			k = fail[k-1]
		}
		if ref[i] == ref[k] {
			k++
		}
		fail[i] = k
	}
	best := int64(0)
	for i, k := 0, 0; i < 2*n-1; i++ {
		for k > 0 && (k == n || got[i%n] != ref[k]) {
			k = fail[k-1]
		}
		if got[i%n] == ref[k] {
			k++
		}
		if k < n {
			continue
		}
		by := int64(i - n + 1)
		if by > int64(n)/2 {
			by -= int64(n)
		}
		if best == 0 || max(by, -by) < max(best, -best) {
			best = by
		}
	}
	return best
}
