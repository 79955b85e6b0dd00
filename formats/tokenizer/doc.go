// Package tokenizer turns text into the token ids that a model of the OLMo
// family was trained on, exactly as the tokenizers library of Hugging Face does.
//
// [ParseJSON] reads a tokenizer.json, [ParseGGUF] the tokenizer in the key-values
// of a GGUF; [Tokenizer.Encode] does the work. A text goes through these steps,
// each in a file of its own:
//
//	added.go    added tokens, such as <|endoftext|>, are found and taken out
//	nfc.go      what lies between is normalised (OLMo 1 only)
//	split.go    and cut into words, by a fixed expression
//	bpe.go      the bytes of each word are joined to longer tokens
//
// OLMo 2 and 3 (dolma2) cut words as cl100k does, OLMo 1 (GPT-NeoX) as GPT-2.
// Expressions are hand-written, because package regexp has no lookahead, and
// chosen by their exact text. What is a letter, a number or a space is written
// down in unicodetable.go as the library sees it (Unicode 16, whatever Go has), and
// what NFC does in nfctable.go (Unicode 9, likewise).
//
// Whatever else a file asks for is refused by its name: a part of a tokenizer
// that is not understood changes ids silently. Time is n log n in the length of
// a word and linear in the length of a text.
package tokenizer
