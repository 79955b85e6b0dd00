package weights

import (
	"bytes"
	"context"
	"fmt"
	"sync/atomic"

	"olmotool/formats"
	"olmotool/internal/sweep"
	"olmotool/verify/internal/view"
)

// patternBytes is what is looked for in REF: some bytes of CAND.
const patternBytes = 64

// shifted recognises values that lie further on or back than they should: rolled
// round, or read at a wrong offset.
func (x *patient) shifted(ctx context.Context) (finding, error) {
	size := x.got.Bytes()
	if x.part || size < 4*patternBytes {
		return finding{}, nil
	}
	by, ok, err := x.shift(ctx)
	if err != nil || !ok || by == 0 {
		return finding{}, err
	}
	if w := x.got.DType.BlockBytes(); x.got.DType.BlockElems() == 1 && by%w == 0 {
		n := by / w
		if total := x.got.Elements(); n > total/2 {
			n -= total
		} else if n < -total/2 {
			n += total
		}
		rolled, err := view.Roll(x.want, n)
		if err != nil {
			return finding{}, nil
		}
		if same, err := x.is(ctx, rolled); err != nil || same {
			return finding{say: "rolled by " + plural(n, "element")}, err
		}
	}
	lost := max(by, -by)
	want, got := view.Bytes(x.want, 0, size-lost), view.Bytes(x.got, lost, size)
	if by < 0 {
		want, got = view.Bytes(x.want, lost, size), view.Bytes(x.got, 0, size-lost)
	}
	if same, err := x.equal(ctx, want, got, false); err != nil || !same {
		return finding{}, err
	}
	return finding{say: fmt.Sprintf("read at a wrong offset: REF's bytes, %d further on (%d bytes are not REF's)", by, lost)}, nil
}

// shift looks in REF for bytes from the middle of CAND. It returns by how much
// further on CAND has them.
func (x *patient) shift(ctx context.Context) (by int64, ok bool, err error) {
	size := x.got.Bytes()
	pattern, best := make([]byte, patternBytes), 0
	var at int64
	// Of several places the one with the most different bytes: zeros are everywhere.
	for i := range int64(8) {
		off := size/4 + i*(size/16) - patternBytes/2
		b := make([]byte, patternBytes)
		if err := formats.ReadFull(x.got.Data, b, off); err != nil {
			return 0, false, fmt.Errorf("tensor %q: %w", x.name, err)
		}
		if n := different(b); n > best {
			pattern, best, at = b, n, off
		}
	}
	if best < 8 {
		return 0, false, nil
	}
	raw := view.Bytes(x.want, 0, size)
	var found atomic.Int64 // the first place, plus 1
	err = sweep.Each(ctx, x.Threads, []int64{size}, func(int) int64 { return 4 * pieceElems }, func(w *worker, _ int, lo, n int64) error {
		if f := found.Load(); f != 0 && f <= lo {
			return nil
		}
		b := w.buf(0, min(n+patternBytes-1, size-lo)) // what reaches into the next piece, too
		if err := formats.ReadFull(raw.Data, b, lo); err != nil {
			return fmt.Errorf("tensor %q: %w", x.name, err)
		}
		if k := bytes.Index(b, pattern); k >= 0 {
			lower(&found, lo+int64(k)+1)
		}
		return nil
	})
	f := found.Load()
	return at - (f - 1), f != 0, err
}

// different counts the values of bytes.
func different(b []byte) int {
	var seen [256]bool
	n := 0
	for _, c := range b {
		if !seen[c] {
			seen[c] = true
			n++
		}
	}
	return n
}
