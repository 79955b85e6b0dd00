package ggufmeta

import "testing"

// The golden cases of TestTokenizer compare with the tokenizers library; these
// are the corners of UTF-8 (Unicode Standard, table 3-8).
func TestValidUTF8(t *testing.T) {
	for in, want := range map[string]string{
		"":                 "",
		"aé模😀":             "aé模😀",
		"\xff":             "\ufffd",
		"a\xe9b":           "a\ufffdb",
		"\xe2\x82":         "\ufffd",
		"\xe2\x82x":        "\ufffdx",
		"\xf0\x9f\x98":     "\ufffd",
		"\xf0\x9f\x98\xf0": "\ufffd\ufffd",
		"\xed\xa0\x80":     "\ufffd\ufffd\ufffd", // a surrogate
		"\xc0\xaf":         "\ufffd\ufffd",
		"\xe0\x80\xaf":     "\ufffd\ufffd\ufffd",
		"\xf4\x91\x92\x93": "\ufffd\ufffd\ufffd\ufffd",
		"\xf1\x80\x80A":    "\ufffdA",
		"\x80\xbf":         "\ufffd\ufffd",
		"\xf4\x8f\xbf":     "\ufffd",
		"\xe0\xa0":         "\ufffd",
		"\xf0\x90":         "\ufffd",
	} {
		if got := validUTF8([]byte(in)); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestDecodeByteLevel(t *testing.T) {
	for in, want := range map[string]string{
		"<|endoftext|>": "<|endoftext|>",
		"Ġthe":          " the",
		"Ċ":             "\n",
		"Ã©":            "é",
		"é":             "\ufffd",
		"a b":           "a b", // the space is no sign of the alphabet
		"Ġ模":            "Ġ模",
		"":              "",
	} {
		if got := decodeByteLevel(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}
