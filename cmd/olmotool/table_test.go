package main

import (
	"strings"
	"testing"
)

func TestTable(t *testing.T) {
	for _, c := range []struct {
		name    string
		columns []column
		rows    [][]string
		want    string
	}{
		{
			"numbers are right, text is left, nothing trails",
			[]column{{name: "NAME"}, {name: "BYTES", right: true}, {name: "NOTE"}},
			[][]string{{"a", "1", "x"}, {"longer", "1,000,000", ""}, {"größe", "12", "y z"}},
			"NAME        BYTES  NOTE\na               1  x\nlonger  1,000,000\ngröße          12  y z\n",
		},
		{
			"no header",
			[]column{{}, {}},
			[][]string{{"layout", "hf"}, {"", "F32"}, {"x", "a  b"}},
			"layout  hf\n        F32\nx       a  b\n",
		},
		{"no rows", []column{{name: "A"}, {name: "B"}}, nil, "A  B\n"},
		{"fewer columns than cells", []column{{name: "A"}}, [][]string{{"1", "2"}}, "A\n1\n"},
		{"escapes", []column{{name: "A"}, {name: "B"}}, [][]string{{"\x1b[31m", "x\ny"}}, "A         B\n\\x1b[31m  x\\ny\n"},
		{"not a format", []column{{name: "A"}}, [][]string{{"%d %s"}, {"<&>"}}, "A\n%d %s\n<&>\n"},
		{"lower case header stays", []column{{name: "SHA-256"}, {name: "a_b c"}}, [][]string{{"1", "2"}}, "SHA-256  a_b c\n1        2\n"},
	} {
		tb := table{columns: c.columns}
		for _, r := range c.rows {
			tb.add(r...)
		}
		var b strings.Builder
		if err := tb.write(&b); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if b.String() != c.want {
			t.Errorf("%s: found\n%s\nwant\n%s", c.name, b.String(), c.want)
		}
	}
}

// One name of 64 KiB does not make every line that long.
func TestTableLongCell(t *testing.T) {
	tb := table{columns: []column{{name: "A"}, {name: "B"}}}
	tb.add(strings.Repeat("n", 64<<10), "1")
	for range 1000 {
		tb.add("x", "2")
	}
	var b strings.Builder
	if err := tb.write(&b); err != nil {
		t.Fatal(err)
	}
	if b.Len() > 1002*(maxCell+10) {
		t.Errorf("%d bytes", b.Len())
	}
}

// A table of very many rows is not laid out.
func TestTableLong(t *testing.T) {
	tb := table{columns: []column{{name: "A"}, {name: "B", right: true}}}
	for range maxTableRows + 1 {
		tb.add("x", "1")
	}
	var b strings.Builder
	if err := tb.write(&b); err != nil {
		t.Fatal(err)
	}
	if got, want := b.String(), "A\tB\n"+strings.Repeat("x\t1\n", maxTableRows+1); got != want {
		t.Errorf("found %.100q…", got)
	}
}

func TestWriteJSON(t *testing.T) {
	var b strings.Builder
	if err := writeJSON(&b, map[string]string{"a": "<&>\x1b"}); err != nil {
		t.Fatal(err)
	}
	if want := "{\n  \"a\": \"<&>\\u001b\"\n}\n"; b.String() != want {
		t.Errorf("found %q, want %q", b.String(), want)
	}
}
