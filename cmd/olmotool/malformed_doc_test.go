package main

import (
	"flag"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the tables of docs/malformed.md")

// document lists what malformed inputs get for an answer. All behind the line
// tablesBelow is made here.
const (
	document    = "../../docs/malformed.md"
	tablesBelow = "<!-- Made by TestMalformed of cmd/olmotool. -->\n"
)

// checkDocument compares the tables of the document, or rewrites them.
func checkDocument(t *testing.T, tables string) {
	b, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	intro, old, ok := strings.Cut(string(b), tablesBelow)
	switch {
	case !ok:
		t.Errorf("%s has no line %q", document, tablesBelow)
	case *update:
		if err := os.WriteFile(document, []byte(intro+tablesBelow+tables), 0o666); err != nil {
			t.Fatal(err)
		}
	case old != tables:
		t.Errorf("%s is out of date: run\n\tgo test -run TestMalformed ./cmd/olmotool -update\n%s", document, firstDifference(old, tables))
	}
}

// firstDifference shows the first line in which two texts differ.
func firstDifference(old, now string) string {
	a, b := strings.Split(old, "\n"), strings.Split(now, "\n")
	i := 0
	for i < len(a)-1 && i < len(b)-1 && a[i] == b[i] {
		i++
	}
	return "it has\n\t" + a[i] + "\nthe program says\n\t" + b[i]
}

// cell is code in a cell of a Markdown table.
func cell(s string) string {
	s = strings.ReplaceAll(s, "|", `\|`)
	if strings.Contains(s, "`") {
		return "`` " + s + " ``"
	}
	return "`" + s + "`"
}
