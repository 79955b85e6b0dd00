package human

import "testing"

func TestPrintable(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"", ""},
		{"model.layers.0.weight", "model.layers.0.weight"},
		{"größe 大きさ", "größe 大きさ"},
		{"\x1b[31mred\x1b[0m", `\x1b[31mred\x1b[0m`},
		{"a\nb\tc\r\x00", `a\nb\tc\r\x00`},
		{"a\u202eb\u2066", `a\u202eb\u2066`}, // reverses the order of what follows
		{"c1 \u009b2J", `c1 \u009b2J`},       // a control sequence in itself
		{"raw \x9b2J", `raw \x9b2J`},         // and so is its byte to some terminals
		{"\xff\xfe", `\xff\xfe`},
		{"real \ufffd", "real \ufffd"},
		{"quo\"te \\", `quo"te \`},
		{"\u2028", `\u2028`},
		{"\U000e0041", `\U000e0041`}, // an invisible tag
	} {
		if got := Printable(c.in); got != c.want {
			t.Errorf("Printable(%q): found %s, want %s", c.in, got, c.want)
		}
	}
}
