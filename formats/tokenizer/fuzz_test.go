package tokenizer

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"olmotool/formats"
	"olmotool/formats/gguf"
)

// FuzzParseJSON: a file is refused with one clear line, or its tokenizer works.
func FuzzParseJSON(f *testing.F) {
	for _, base := range bases {
		f.Add(baseFile(f, base))
	}
	for _, c := range malformed {
		doc := document(f, "dolma2-tiny")
		edit(doc, c.path, c.value)
		if data := encode(f, doc); len(data) < 20_000 {
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		tok, err := ParseJSON(data, "f.json")
		if err != nil {
			clear(t, err)
			return
		}
		if _, err := tok.Encode([]byte(baseText), true); err != nil {
			t.Error(err)
		}
	})
}

// FuzzParseGGUF does the same with key-values: a line is one token, with its
// type before it; "#" begins a merge.
func FuzzParseGGUF(f *testing.F) {
	var lines strings.Builder
	for _, sign := range byteSigns {
		fmt.Fprintf(&lines, "1%s\n", string(sign))
	}
	f.Add("dbrx", lines.String()+"1in\n#i n\n3<|x|>\n4  \n5[PAD1]\n3x")
	f.Add("olmo", lines.String()+"1in\n#i m\n6x\n")
	f.Fuzz(func(t *testing.T, pre, lines string) {
		var tokens, merges []string
		var types []int32
		for line := range strings.SplitSeq(lines, "\n") {
			switch {
			case line == "":
			case line[0] == '#':
				merges = append(merges, line[1:])
			default:
				tokens, types = append(tokens, line[1:]), append(types, int32(line[0]-'0'))
			}
		}
		tok, err := ParseGGUF([]gguf.KV{
			{Key: "tokenizer.ggml.model", Value: "gpt2"},
			{Key: "tokenizer.ggml.pre", Value: pre},
			{Key: "tokenizer.ggml.tokens", Value: tokens},
			{Key: "tokenizer.ggml.token_type", Value: types},
			{Key: "tokenizer.ggml.merges", Value: merges},
		}, "f.gguf")
		if err != nil {
			clear(t, err)
			return
		}
		ids, err := tok.Encode([]byte(baseText), true)
		if err != nil {
			t.Error(err)
		}
		if got := textOf(tok, ids); !bytes.Equal(got, []byte(baseText)) {
			t.Errorf("the ids stand for %q", got)
		}
	})
}

// clear wants an *Error of one line.
func clear(t *testing.T, err error) {
	t.Helper()
	var e *formats.Error
	if msg := err.Error(); !errors.As(err, &e) || !utf8.ValidString(msg) || strings.ContainsAny(msg, "\n\x1b") || len(msg) > 2000 {
		t.Errorf("%T with message %q", err, msg)
	}
}

// FuzzEncode: the ids stand for the text, in its normal form if the tokenizer
// normalises.
func FuzzEncode(f *testing.F) {
	for _, text := range readGolden(f).Texts {
		f.Add([]byte(text))
	}
	f.Add([]byte("a\xffb"))
	dolma2, olmo1 := parse(f, baseFile(f, "dolma2-tiny")), parse(f, baseFile(f, "olmo1-tiny"))
	f.Fuzz(func(t *testing.T, text []byte) {
		ids, err := dolma2.Encode(text, true)
		if (err == nil) != utf8.Valid(text) {
			t.Fatalf("%q: %v", text, err)
		}
		if err != nil {
			return
		}
		if got := textOf(dolma2, ids); !bytes.Equal(got, text) {
			t.Errorf("%q: the ids stand for %q", text, got)
		}
		for _, id := range ids {
			if id < 0 || int(id) >= dolma2.VocabSize() {
				t.Errorf("%q: id %d", text, id)
			}
		}
		normal := normalize(text)
		if again := normalize(normal); !bytes.Equal(again, normal) {
			t.Errorf("%+q: normal form %+q, of which it is %+q", text, normal, again)
		}
		if ids, err = olmo1.Encode(text, true); err != nil {
			t.Fatal(err)
		}
		// Added tokens are no part of what is normalised.
		if bytes.Contains(text, []byte("<|")) {
			return
		}
		if got := textOf(olmo1, ids); !bytes.Equal(got, normal) {
			t.Errorf("%+q: the ids stand for %+q, want %+q", text, got, normal)
		}
	})
}
