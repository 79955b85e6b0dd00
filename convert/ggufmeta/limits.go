package ggufmeta

// What hostile files may reach. The sizes of whole files are bounded by who
// reads them ([Source]), their nesting and number of values by package ordjson.
const (
	// maxFrontMatter bounds the YAML of a model card. Cards with long lists of
	// evaluation results have some hundred kilobytes; the parser takes some
	// hundred bytes for each byte of the worst ones.
	maxFrontMatter = 512 << 10

	// maxMerged bounds how many members all merge keys ("<<") of a card may
	// copy together; without it a chain of them takes quadratic time.
	maxMerged = 1 << 16

	// maxDigits is how long an integer of a card may be: as long as Python
	// reads one.
	maxDigits = 4300

	// maxVocab bounds the entries of a token list and of the merges. The
	// largest vocabularies of today have a quarter of a million; a
	// configuration may claim any number.
	maxVocab = 1 << 22

	// maxTokenText bounds the text of an added token, which is copied more than
	// once. Real ones have some dozen bytes.
	maxTokenText = 1 << 16

	// maxStages bounds how many stages of a pre-tokenizer are looked at; the
	// known ones have two.
	maxStages = 8

	// maxTemplates bounds the chat templates. Models have one to five; each
	// becomes a record.
	maxTemplates = 1024
)
