package text

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"olmotool/accel"
	"olmotool/formats"
)

func TestRefused(t *testing.T) {
	ids := func(n int, id int32) []int32 { return slices.Repeat([]int32{id}, n) }
	bos := int32(10)
	for i, c := range []struct {
		ids  []int32
		o    Options
		want string
	}{
		{ids(1023, 0), Options{Name: "a.txt"}, "a.txt: found 1023 tokens, expected at least 1024 for two pieces of 512; pieces of 511 would do"},
		{nil, Options{}, "text: found 0 tokens, expected at least 1024 for two pieces of 512"},
		{ids(5, 0), Options{Context: 3}, "text: found 5 tokens, expected at least 6 for two pieces of 3"},
		{ids(100, 0), Options{Context: 2}, "text: found pieces of 2 tokens, expected at least 3 and at most 600, the context of the model"},
		{ids(100, 0), Options{Context: -1}, "text: found pieces of -1 tokens"},
		{ids(2000, 0), Options{Context: 601}, "text: found pieces of 601 tokens"},
		{ids(100, 0), Options{Context: math.MaxInt}, "text: found pieces of 9223372036854775807 tokens"},
		{append(ids(7, 9), 10), Options{Context: 4}, "text: token 7: found id 10, expected one of a vocabulary of 10"},
		{append(ids(1, -1), ids(7, 0)...), Options{Context: 4}, "text: token 0: found id -1"},
		{ids(8, 9), Options{Context: 4, AddBOS: &bos}, "text: first token: found id 10, expected one of a vocabulary of 10"},
	} {
		m := accel.NewMatrix[float32](1, 10)
		models := scripts(t, pieces{context: 4}, m, m)
		models[i%2].config.MaxPositionEmbeddings = 600
		r, err := run(t.Context(), models, c.ids, c.o)
		var bad *formats.Error
		if !errors.As(err, &bad) || r != nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%d ids, %+v: found %v, want %s", len(c.ids), c.o, err, c.want)
		}
	}
	models := scripts(t, pieces{context: 4}, accel.NewMatrix[float32](1, 10), accel.NewMatrix[float32](1, 11))
	_, err := run(t.Context(), models, ids(8, 1), Options{Context: 4})
	if want := "text: found a candidate with a vocabulary of 11, expected 10, that of the reference"; err == nil || err.Error() != want {
		t.Errorf("found %v, want %s", err, want)
	}
}

// With a bos, as llama-perplexity: the text has it in front, and each piece in the
// place of its first token, which is lost.
func TestPieces(t *testing.T) {
	bos := int32(9)
	for _, c := range []struct {
		n, context int
		bos        *int32
		read, came [][]int32
	}{
		{11, 5, nil, [][]int32{{0, 1, 2, 3, 4}, {5, 6, 7, 8, 9}}, [][]int32{{3, 4}, {8, 9}}},
		{8, 4, nil, [][]int32{{0, 1, 2, 3}, {4, 5, 6, 7}}, [][]int32{{3}, {7}}},
		{6, 3, nil, [][]int32{{0, 1, 2}, {3, 4, 5}}, [][]int32{{2}, {5}}},
		{7, 4, &bos, [][]int32{{9, 0, 1, 2}, {9, 4, 5, 6}}, [][]int32{{2}, {6}}},
		{10, 5, &bos, [][]int32{{9, 0, 1, 2, 3}, {9, 5, 6, 7, 8}}, [][]int32{{2, 3}, {7, 8}}},
	} {
		p := pieces{context: c.context, bos: c.bos}
		for i := range c.n {
			p.ids = append(p.ids, int32(i))
		}
		var read, came [][]int32
		for i := range p.count() {
			read, came = append(read, p.read(i)), append(came, p.came(i))
			if len(p.came(i)) != p.scored() {
				t.Errorf("%d tokens came, %d are scored", len(p.came(i)), p.scored())
			}
		}
		if d := cmp.Diff([][][]int32{c.read, c.came}, [][][]int32{read, came}); d != "" {
			t.Errorf("%d tokens in pieces of %d: %s", c.n, c.context, d)
		}
		if err := p.check(1<<20, 100); err != nil {
			t.Error(err)
		}
	}
}
