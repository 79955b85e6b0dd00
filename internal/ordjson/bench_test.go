package ordjson

import (
	"strings"
	"testing"
)

// BenchmarkParse reads the shape of a tokenizer: a large vocabulary and a list
// of merges.
func BenchmarkParse(b *testing.B) {
	doc := []byte(`{"model":{"vocab":` + manyKeys(100_000) + `},"merges":[` + strings.Repeat(`"Ġsome thing",`, 99_999) + `"a b"]}}`)
	b.SetBytes(int64(len(doc)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(doc); err != nil {
			b.Fatal(err)
		}
	}
}
