package tokenizer

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"olmotool/formats"
)

// vocabulary is what a file says of the tokens of the model.
type vocabulary struct {
	file string
	ids  map[string]int32 // by the token in the byte-level alphabet
	text []string         // by id, the bytes that the token stands for
	set  []bool           // by id, whether there is one
}

func newVocabulary(file string, size int) *vocabulary {
	return &vocabulary{file: file, ids: make(map[string]int32, size), text: make([]string, 0, size), set: make([]bool, 0, size)}
}

// add adds a token of the model. Its id must be below maxVocab.
func (v *vocabulary) add(token string, id int32) error {
	if other, ok := v.ids[token]; ok {
		return fmt.Errorf("found %s, which id %d is too, expected an id for each token", quote(token), other)
	}
	v.grow(int(id) + 1)
	if v.set[id] {
		return fmt.Errorf("found id %d, which another token has, expected an id for each token", id)
	}
	v.ids[token], v.set[id] = id, true
	text, ok := DecodeToken(token)
	if !ok {
		text = token
	}
	v.text[id] = text
	return nil
}

// grow makes room for n ids.
func (v *vocabulary) grow(n int) {
	for len(v.text) < n {
		v.text, v.set = append(v.text, ""), append(v.set, false)
	}
}

// bpe makes the model of the tokens and the merges, which are found in the list
// of that name.
func (v *vocabulary) bpe(place string, merges [][2]string, ignoreMerges bool) (bpe, error) {
	b := bpe{merges: make(map[uint64]merged, len(merges))}
	for c, sign := range byteSigns {
		id, ok := v.ids[string(sign)]
		if !ok {
			if inUTF8(byte(c)) {
				return b, formats.Errorf(v.file, "vocabulary", "found no token %q, expected one for byte 0x%02x", string(sign), c)
			}
			id = -1
		}
		b.byteID[c] = id
	}
	if len(merges) > maxVocab {
		return b, formats.Errorf(v.file, place, "found %d merges, expected at most %d", len(merges), maxVocab)
	}
	var joined []byte
	for i, m := range merges {
		joined = append(append(joined[:0], m[0]...), m[1]...)
		left, ok1 := v.ids[m[0]]
		right, ok2 := v.ids[m[1]]
		id, ok3 := v.ids[string(joined)]
		if !ok1 || !ok2 || !ok3 {
			return b, formats.Errorf(v.file, fmt.Sprintf("%s[%d]", place, i), "found %s and %s, expected them and both together in the vocabulary", quote(m[0]), quote(m[1]))
		}
		if first, ok := b.merges[pair(left, right)]; ok {
			return b, formats.Errorf(v.file, fmt.Sprintf("%s[%d]", place, i), "found the merge of entry %d again, expected each merge once", first.rank)
		}
		b.merges[pair(left, right)] = merged{int32(i), id}
	}
	if ignoreMerges {
		b.whole = make(map[string]int32, len(v.ids))
		for token, id := range v.ids {
			if text, ok := DecodeToken(token); ok {
				b.whole[text] = id
			}
		}
	}
	return b, nil
}

// cutMerge takes apart a merge that is written with a space between.
func cutMerge(s string) (merge [2]string, ok bool) {
	left, right, ok := strings.Cut(s, " ")
	return [2]string{left, right}, ok && !strings.Contains(right, " ")
}

// inUTF8 reports whether text has the byte anywhere.
func inUTF8(c byte) bool { return c < 0xc0 || c > 0xc1 && c < 0xf5 }

// addAdded adds an added token. The vocabulary may have it with its id; that of
// any other must have no token yet.
func (v *vocabulary) addAdded(t addedToken) error {
	switch {
	case t.text == "":
		return errors.New("found an empty token, expected text")
	case len(t.text) > maxAddedText:
		return fmt.Errorf("found a token of %d bytes, expected at most %d", len(t.text), maxAddedText)
	case !utf8.ValidString(t.text):
		return fmt.Errorf("found %s, expected UTF-8 text", quote(t.text))
	}
	id, known := v.ids[t.text]
	v.grow(int(t.id) + 1)
	switch {
	case known && id != t.id:
		return fmt.Errorf("found id %d for %s, expected %d, as in the vocabulary", t.id, quote(t.text), id)
	case !known && v.set[t.id]:
		return fmt.Errorf("found id %d for %s, which another token has, expected an id for each token", t.id, quote(t.text))
	}
	v.text[t.id], v.set[t.id] = t.text, true
	return nil
}

// matchers sorts added tokens out into those that are looked for in the text as
// it is and those that are in the normalised text, which are normalised too.
func (v *vocabulary) matchers(t *Tokenizer, raw, normalized []addedToken) error {
	if t.nfc {
		for i := range normalized {
			normalized[i].text = string(normalize([]byte(normalized[i].text)))
		}
	}
	if n := len(raw) + len(normalized); n > maxAdded {
		return formats.Errorf(v.file, "added tokens", "found %d, expected at most %d", n, maxAdded)
	}
	t.raw, t.normalized = newMatcher(raw), newMatcher(normalized)
	for _, m := range []*matcher{&t.raw, &t.normalized} {
		for i := range m.tokens[:max(len(m.tokens)-1, 0)] {
			if a, b := m.tokens[i], m.tokens[i+1]; a.text == b.text {
				return formats.Errorf(v.file, "added tokens", "found %s for ids %d and %d, expected each text once", quote(a.text), min(a.id, b.id), max(a.id, b.id))
			}
		}
	}
	return nil
}
