package tokenizer

// What hostile input may reach.
const (
	// maxFile bounds a tokenizer.json. Real ones have 2 to 20 MB.
	maxFile = 64 << 20

	// maxVocab bounds ids and merges; a table has an entry for each id. The
	// largest vocabularies of today have a quarter of a million tokens.
	maxVocab = 1 << 22

	// maxAdded bounds the added tokens. Real tokenizers have some dozen, those
	// with reserved ones some thousand.
	maxAdded = 1 << 16

	// maxAddedText bounds the text of an added token, and with it how often a
	// byte of a text is looked at. Real ones have some dozen bytes.
	maxAddedText = 256

	// maxEnds bounds the special tokens around each text, which a template
	// could multiply. Real ones have one or two.
	maxEnds = 64

	// maxStages bounds the members of a sequence of stages. Real ones have two.
	maxStages = 8

	// maxText bounds a text: its ids take four times its size at worst.
	maxText = 1 << 30

	// maxWord bounds a word, of which each byte takes some 30 bytes while it is
	// worked on. Words of real text have some dozen bytes, base64 some thousand.
	maxWord = 16 << 20

	// maxCached and maxCachedWord bound the words whose tokens are remembered
	// during a text, to some megabytes. A million words of English have some
	// forty thousand different ones.
	maxCached     = 1 << 16
	maxCachedWord = 64
)
