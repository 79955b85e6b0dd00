package weights

import (
	"context"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"olmotool/formats"
	"olmotool/formats/olmo"
)

// TestRotation holds the search to trying every number of places. Few different
// values make for many repetitions.
func TestRotation(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ref := rapid.SliceOfN(rapid.Uint64Range(0, rapid.Uint64Range(0, 5).Draw(t, "values")), 2, 12).Draw(t, "ref")
		got := slices.Clone(ref)
		n := len(ref)
		by := rapid.IntRange(0, n-1).Draw(t, "by")
		for i := range got {
			got[(i+by)%n] = ref[i]
		}
		if rapid.Bool().Draw(t, "change") {
			got[rapid.IntRange(0, n-1).Draw(t, "at")] = rapid.Uint64Range(0, 5).Draw(t, "to")
		}
		moved := func(by int64) bool {
			for i := range ref {
				if got[(int64(i)+by+int64(n))%int64(n)] != ref[i] {
					return false
				}
			}
			return true
		}
		want := int64(0)
		for k := int64(1); k <= int64(n)/2 && want == 0; k++ {
			for _, by := range []int64{k, -k} {
				if want == 0 && moved(by) && !(by == -int64(n)/2 && n%2 == 0) {
					want = by
				}
			}
		}
		r := rotation(ref, got)
		if (r == 0) != (want == 0) || r != want && r != -want || r != 0 && !moved(r) {
			t.Fatalf("%v from %v: by %d, want %d", got, ref, r, want)
		}
	})
}

// TestSources: what is found is there; each place is taken once, unless it has to
// be taken again; and what is in its place stays there.
func TestSources(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Uint64Range(0, 6), 0, 12)
		ref, got := values.Draw(t, "ref"), values.Draw(t, "got")
		from, missing, repeated := sources(ref, got)
		taken := map[int64]int{}
		lost, again := 0, 0
		for i, f := range from {
			switch {
			case f < 0:
				if slices.Contains(ref, got[i]) {
					t.Fatalf("%d of %v is not found in %v", i, got, ref)
				}
				lost++
				continue
			case ref[f] != got[i]:
				t.Fatalf("%d of %v is taken for %d of %v", i, got, f, ref)
			case i < len(ref) && ref[i] == got[i] && f != int64(i):
				t.Fatalf("%d of %v was in its place", i, got)
			}
			if taken[f]++; taken[f] > 1 {
				again++
			}
		}
		if lost != missing || again != repeated {
			t.Fatalf("%d missing and %d repeated, want %d and %d", missing, repeated, lost, again)
		}
		// Nothing is repeated that need not be.
		count := func(vs []uint64, v uint64) (n int) {
			for _, x := range vs {
				if x == v {
					n++
				}
			}
			return n
		}
		need := 0
		for v := range uint64(7) {
			if c := count(ref, v); c > 0 {
				need += max(0, count(got, v)-c)
			}
		}
		if need != repeated {
			t.Fatalf("%v from %v: %d repeated, %d had to be", got, ref, repeated, need)
		}
	})
}

// TestRowHashes: rows of any size have one hash each, and equal rows the same one.
func TestRowHashes(t *testing.T) {
	c := &comparison{Options: Options{Threads: 3}, ref: &olmo.Model{}}
	for _, cols := range []int64{1, 3, 300_000} { // the last longer than what is read at a time
		x := noise(t, 1, formats.F32, 5, cols)
		b := make([]byte, x.Bytes())
		if err := formats.ReadFull(x.Data, b, 0); err != nil {
			t.Fatal(err)
		}
		row := x.RowBytes()
		copy(b[4*row:], b[row:2*row])
		x.Data = reader(b)
		h, err := c.rowHashes(context.Background(), x)
		if err != nil || len(h) != 5 || h[4] != h[1] || h[0] == h[1] || h[2] == h[3] {
			t.Errorf("%d columns: %x, %v", cols, h, err)
		}
		b[len(b)-1] ^= 1
		if h2, err := c.rowHashes(context.Background(), x); err != nil || h2[4] == h[4] || !slices.Equal(h2[:4], h[:4]) {
			t.Errorf("%d columns: %x after a change of %x, %v", cols, h2, h, err)
		}
	}
	scalar := formats.Tensor{DType: formats.F32, Data: reader(make([]byte, 4))}
	many := formats.Tensor{DType: formats.U8, Shape: []int64{maxRows + 1}, Data: reader(make([]byte, maxRows+1))}
	for _, x := range []formats.Tensor{scalar, many} {
		if h, err := c.rowHashes(context.Background(), x); h != nil || err != nil {
			t.Errorf("%v: %d hashes, %v", x.Shape, len(h), err)
		}
	}
}
