package tokenizer

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// naive is bpe as its documentation says it, in quadratic time.
func naive(b *bpe, text []byte) []int32 {
	var ids []int32
	for _, c := range text {
		ids = append(ids, b.byteID[c])
	}
	for {
		best, at := merged{rank: maxVocab}, -1
		for i := 1; i < len(ids); i++ {
			if m, ok := b.merges[pair(ids[i-1], ids[i])]; ok && m.rank < best.rank {
				best, at = m, i
			}
		}
		if at < 0 {
			return ids
		}
		ids = slices.Replace(ids, at-1, at+1, best.id)
	}
}

// randomModel has the bytes and random merges over a few letters.
func randomModel(t *rapid.T) *bpe {
	v := newVocabulary("f", 256)
	for c, sign := range byteSigns {
		if err := v.add(string(sign), int32(c)); err != nil {
			t.Fatal(err)
		}
	}
	tokens := []string{"a", "b", "c"}
	var merges [][2]string
	for range rapid.IntRange(0, 30).Draw(t, "merges") {
		m := [2]string{rapid.SampledFrom(tokens).Draw(t, "left"), rapid.SampledFrom(tokens).Draw(t, "right")}
		if slices.Contains(merges, m) {
			continue
		}
		merges = append(merges, m)
		if joined := m[0] + m[1]; !slices.Contains(tokens, joined) {
			if err := v.add(joined, int32(len(v.text))); err != nil {
				t.Fatal(err)
			}
			tokens = append(tokens, joined)
		}
	}
	b, err := v.bpe("merges", merges, false)
	if err != nil {
		t.Fatal(err)
	}
	return &b
}

func TestMergesAsDocumented(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b, w := randomModel(t), new(word)
		for range 5 {
			text := rapid.StringMatching(`[abcd]{1,60}`).Draw(t, "text")
			got, want := b.appendTokens([]int32{7}, []byte(text), w), append([]int32{7}, naive(b, []byte(text))...)
			if !slices.Equal(got, want) {
				t.Fatalf("%q: got %v, want %v", text, got, want)
			}
		}
	})
}

// TestLongWords: a megabyte that is one word, and somewhat less of longer units,
// takes no longer than other text.
func TestLongWords(t *testing.T) {
	const size = 1 << 20
	long := func(unit string) []byte { return []byte(strings.Repeat(unit, size/len(unit)/len(unit))) }
	tok := parse(t, baseFile(t, "dolma2-tiny"))
	for _, unit := range []string{"a", " ", "é", "0", " \n", "<|"} {
		text := long(unit)
		ids, err := tok.Encode(text, false)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(textOf(tok, ids), text) {
			t.Errorf("%q: the ids stand for another text", unit)
		}
	}
	olmo1 := parse(t, baseFile(t, "olmo1-tiny"))
	for _, unit := range []string{" ", "\u0323\u0301", "\u1100\u1161"} {
		text := long(unit)
		ids, err := olmo1.Encode(text, false)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(textOf(olmo1, ids), normalize(text)) {
			t.Errorf("%q: the ids stand for another text", unit)
		}
	}
}

func textOf(tok *Tokenizer, ids []int32) []byte {
	var b []byte
	for _, id := range ids {
		b = append(b, tok.Text(id)...)
	}
	return b
}

func TestHeap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var h, in, out []uint64
		for _, v := range rapid.SliceOf(rapid.Uint64Range(0, 50)).Draw(t, "numbers") {
			push(&h, v)
			in = append(in, v)
		}
		for len(h) > 0 {
			out = append(out, pop(&h))
		}
		if slices.Sort(in); !slices.Equal(out, in) {
			t.Errorf("got %v, want %v", out, in)
		}
	})
}
