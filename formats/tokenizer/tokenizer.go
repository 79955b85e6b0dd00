package tokenizer

// Tokenizer turns text into token ids. It does not change once it is made:
// several goroutines may use it at the same time.
type Tokenizer struct {
	text []string // by id: the bytes that the token stands for; "" for none

	raw         matcher // added tokens that are looked for in the text as it is,
	normalized  matcher // and in the normalised text
	nfc         bool    // the normaliser
	prefixSpace bool    // each piece of text gets a space in front, if it has none
	split       splitter
	bpe         bpe

	before, after []int32 // special tokens around each text
}

// VocabSize returns the number of ids, each of which is in [0, VocabSize). There
// may be ids without a token among them; a GGUF has an id for each row of the
// embedding.
func (t *Tokenizer) VocabSize() int { return len(t.text) }

// Text returns the bytes that a token stands for, which need not be whole
// characters, and "" for an id that has no token. A text is the concatenation of
// those of its ids, unless it was normalised, got a space in front, or had
// spaces that belong to an added token.
func (t *Tokenizer) Text(id int32) string {
	if id < 0 || int(id) >= len(t.text) {
		return ""
	}
	return t.text[id]
}
