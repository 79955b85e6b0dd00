package tokenizer

import (
	"fmt"
	"strings"
	"sync"
	"testing"
)

func TestRefusedTexts(t *testing.T) {
	tok := parse(t, baseFile(t, "dolma2-tiny"))
	for text, want := range map[string]string{
		"\xff":                              "byte 0: found invalid UTF-8 (byte 0xff), expected UTF-8 text",
		"é\xe9t\xe9":                        "byte 2: found invalid UTF-8 (byte 0xe9), expected UTF-8 text",
		"a\xed\xa0\x80":                     "byte 1: found invalid UTF-8 (byte 0xed), expected UTF-8 text", // a surrogate
		"ab\xc0\xaf":                        "byte 2: found invalid UTF-8 (byte 0xc0), expected UTF-8 text",
		"\ufffd\xf4\x90\x80":                "byte 3: found invalid UTF-8 (byte 0xf4), expected UTF-8 text",
		"模\xe6\xa8":                         "byte 3: found invalid UTF-8 (byte 0xe6), expected UTF-8 text",
		". " + strings.Repeat("x", maxWord): `found a word of 16777217 bytes, " xxxxxxxxxxxxxxxxxxx"…, expected at most 16777216`,
	} {
		if _, err := tok.Encode([]byte(text), false); fmt.Sprint(err) != want {
			t.Errorf("%.20q: got %v, want %s", text, err, want)
		}
	}
	if _, err := tok.Encode(make([]byte, maxText+1), false); fmt.Sprint(err) != "found a text of 1073741825 bytes, expected at most 1073741824" {
		t.Error(err)
	}
}

func TestIDs(t *testing.T) {
	tok := parse(t, baseFile(t, "dolma2-tiny"))
	if n := tok.VocabSize(); n != 534 {
		t.Errorf("%d ids", n)
	}
	for id, want := range map[int32]string{
		-1: "", 0: "!", 127: "\xc3", 198: "\n", 220: " ", 513: "<|endoftext|>", 517: "|||PHONE_NUMBER|||", 534: "",
	} {
		if got := tok.Text(id); got != want {
			t.Errorf("id %d: got %q, want %q", id, got, want)
		}
	}
}

// TestConcurrent is for the race detector.
func TestConcurrent(t *testing.T) {
	tok := parse(t, baseFile(t, "olmo1-tiny"))
	g := readGolden(t)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i, text := range g.Texts {
				equalIDs(t, tok, text, false, g.IDs["olmo1-tiny"][i])
			}
		})
	}
	wg.Wait()
}

func BenchmarkEncode(b *testing.B) {
	var text []byte
	for len(text) < 1<<20 {
		text = append(text, baseText...)
	}
	for _, base := range bases {
		tok := parse(b, baseFile(b, base))
		b.Run(base, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				if _, err := tok.Encode(text, false); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

const baseText = `In room 17 of the old house somebody counted 1024 lamps, and wrote it down; the last of them was never lit.
"It's not that I don't know," she said – "they'll ask." Ça, c'était déjà l'été; 模型 и модель.
	for i := range rows {
		sum += float64(x[i]) * y[i] // 1e-6
	}
`
