package tokenizer

import (
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"testing"
)

// golden is what the tokenizers library makes of texts: testdata/make.py.
type golden struct {
	Texts []string
	IDs   map[string][][]int32 // by tokenizer
	Words map[string][][]int   // by expression: the lengths of words
	NFC   [][2]string
	Edits []struct {
		Base         string
		Edits        [][2]any // path, value
		Texts        []string
		IDs, Special [][]int32
	}
}

var bases = []string{"dolma2-tiny", "olmo1-tiny"}

func readFile(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func readGolden(t testing.TB) (g golden) {
	t.Helper()
	if err := json.Unmarshal(readFile(t, "testdata/golden.json"), &g); err != nil {
		t.Fatal(err)
	}
	return g
}

// baseFile returns the tokenizer.json of a tiny tokenizer.
func baseFile(t testing.TB, base string) []byte {
	t.Helper()
	return readFile(t, "../../testdata/tokenizers/"+base+"/tokenizer.json")
}

func parse(t testing.TB, data []byte) *Tokenizer {
	t.Helper()
	tok, err := ParseJSON(data, "tokenizer.json")
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// document is the tokenizer.json of a base as plain maps and lists.
func document(t testing.TB, base string) map[string]any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(baseFile(t, base)))
	d.UseNumber()
	var doc map[string]any
	if err := d.Decode(&doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

// edit sets what path leads to; a step is a key, an index, or "+" for a new
// element of a list.
func edit(at any, path []any, value any) any {
	if len(path) == 0 {
		return value
	}
	switch at := at.(type) {
	case map[string]any:
		key := path[0].(string)
		at[key] = edit(at[key], path[1:], value)
	case []any:
		if path[0] == "+" {
			return append(at, value)
		}
		i := int(path[0].(float64))
		at[i] = edit(at[i], path[1:], value)
	}
	return at
}

func encode(t testing.TB, v any) []byte {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func equalIDs(t *testing.T, tok *Tokenizer, text string, special bool, want []int32) {
	t.Helper()
	got, err := tok.Encode([]byte(text), special)
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%+q, special tokens %v: got %v, %v, want %v", text, special, got, err, want)
	}
}

func TestEncode(t *testing.T) {
	g := readGolden(t)
	for _, base := range bases {
		tok := parse(t, baseFile(t, base))
		for i, text := range g.Texts {
			equalIDs(t, tok, text, false, g.IDs[base][i])
			equalIDs(t, tok, text, true, g.IDs[base][i])
		}
		// All in one text, twice: words that are remembered are right.
		const end = "<|endoftext|>"
		endID, _ := tok.Encode([]byte(end), false)
		text, want := "", []int32{}
		for i := range 2 * len(g.Texts) {
			i %= len(g.Texts)
			text += end + g.Texts[i]
			want = slices.Concat(want, endID, g.IDs[base][i])
		}
		equalIDs(t, tok, text, false, want)
	}
}

// TestEdits: other structures, flags of added tokens, special tokens around the
// text.
func TestEdits(t *testing.T) {
	for _, c := range readGolden(t).Edits {
		doc := document(t, c.Base)
		for _, e := range c.Edits {
			edit(doc, e[0].([]any), e[1])
		}
		tok, err := ParseJSON(encode(t, doc), "tokenizer.json")
		if err != nil {
			t.Errorf("%s with %v: %v", c.Base, c.Edits, err)
			continue
		}
		for i, text := range c.Texts {
			equalIDs(t, tok, text, false, c.IDs[i])
			equalIDs(t, tok, text, true, c.Special[i])
		}
		if t.Failed() {
			t.Fatalf("%s with %v", c.Base, c.Edits)
		}
	}
}

func TestWords(t *testing.T) {
	g := readGolden(t)
	for name, split := range map[string]splitter{"dolma2": splitDolma2, "gpt2": splitGPT2} {
		for i, text := range g.Texts {
			got := []int{}
			for rest := []byte(text); len(rest) > 0; rest = rest[got[len(got)-1]:] {
				got = append(got, split(rest))
			}
			if !slices.Equal(got, g.Words[name][i]) {
				t.Errorf("%s: %+q: got %v, want %v", name, text, got, g.Words[name][i])
			}
		}
	}
}

func TestNormalize(t *testing.T) {
	for _, c := range readGolden(t).NFC {
		if got := string(normalize([]byte(c[0]))); got != c[1] {
			t.Errorf("%+q: got %+q, want %+q", c[0], got, c[1])
		}
	}
}
