package forward

import (
	"reflect"
	"strings"
	"testing"

	"olmotool/formats/olmo"
)

func TestBatchCheck(t *testing.T) {
	c := &olmo.Config{VocabSize: 100, MaxPositionEmbeddings: 8, HiddenSize: 64, IntermediateSize: 1 << 26, NumAttentionHeads: 4, HeadDim: 16}
	for _, test := range []struct {
		name  string
		batch Batch
		long  bool
		want  string // in the error; empty: none
	}{
		{"good", Batch{Seqs: [][]int32{{0, 99}, {1}}}, false, ""},
		{"whole context", Batch{Seqs: [][]int32{make([]int32, 8)}}, false, ""},
		{"too long", Batch{Seqs: [][]int32{{1}, make([]int32, 9)}}, false, "sequence 1: found positions to 9, expected at most 8, the model's max_position_embeddings"},
		{"long and allowed", Batch{Seqs: [][]int32{make([]int32, 9)}}, true, ""},
		{"begins late", Batch{Seqs: [][]int32{{1, 2}}, First: 7}, false, "sequence 0: found positions to 9"},
		{"begins late and allowed", Batch{Seqs: [][]int32{{1, 2}}, First: 65534}, true, ""},
		{"negative first", Batch{Seqs: [][]int32{{1}}, First: -1}, true, "found first position -1"},
		{"first beyond float32", Batch{Seqs: [][]int32{{1}}, First: 1<<24 + 1}, true, "found first position 16777217"},
		{"last beyond float32", Batch{Seqs: [][]int32{{1}}, First: 1 << 24}, true, "found positions to 16777217, expected at most 16777216, that float32 has"},
		{"id too large", Batch{Seqs: [][]int32{{1}, {2, 100}}}, false, "sequence 1: position 1: found token 100, expected 0 to 99"},
		{"id negative", Batch{Seqs: [][]int32{{-1}}}, false, "sequence 0: position 0: found token -1, expected 0 to 99"},
		{"nothing", Batch{}, false, "found no tokens"},
		{"nothing in a sequence", Batch{Seqs: [][]int32{{}}}, false, "found no tokens"},
		{"too much memory", Batch{Seqs: [][]int32{make([]int32, 33)}}, true, "found 33 tokens, expected at most 32 at a time for rows of 67108864 numbers"},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := test.batch.Check(c, test.long)
			if test.want == "" && err != nil {
				t.Fatal(err)
			}
			if test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Fatalf("error %v, want one with %q", err, test.want)
			}
		})
	}
}

func TestBatchJoin(t *testing.T) {
	a := Batch{Seqs: append(make([][]int32, 0, 4), []int32{1, 2}), First: 5}
	b := Batch{Seqs: [][]int32{{3}, {4, 5, 6}}, First: 5}
	j := a.Join(b)
	if want := (Batch{Seqs: [][]int32{{1, 2}, {3}, {4, 5, 6}}, First: 5}); !reflect.DeepEqual(j, want) || j.Tokens() != 6 {
		t.Errorf("joined %v, want %v", j, want)
	}
	a.Join(Batch{Seqs: [][]int32{{9}}})
	if j.Seqs[1][0] != 3 {
		t.Error("joining again changes what was joined before")
	}
	if got := j.places(); !reflect.DeepEqual(got, []int{0, 1, 0, 0, 1, 2}) {
		t.Errorf("places %v", got)
	}
}
