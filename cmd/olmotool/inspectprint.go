package main

import (
	"fmt"
	"io"

	"olmotool/formats"
	"olmotool/internal/human"
)

// shownRows is how many files are listed, and findings of one code; a model with
// the wrong config has hundreds. --json has all.
const shownRows = 12

// shownKeys is how many key-values are listed: a real GGUF has some forty.
const shownKeys = 200

// text prints the values that were asked for, and nothing else then; or what was
// found: facts, files, key-values, tensors, findings last.
func (r inspected) text(w io.Writer) error {
	for i, v := range r.values {
		if i > 0 {
			fmt.Fprintln(w)
		}
		if err := v.text(w); err != nil {
			return err
		}
	}
	if r.values != nil && r.list == nil && r.checked == nil {
		return nil
	}
	if r.values != nil {
		fmt.Fprintln(w)
	}
	fmt.Fprintln(w, printable(r.Path))
	for _, t := range []table{r.facts(), r.filesTable(), r.keysTable(), r.tensorTable()} {
		if err := writeTable(w, "", t); err != nil {
			return err
		}
	}
	if r.list != nil && len(r.list) == 0 {
		fmt.Fprintln(w, "\nno tensor has a name that matches")
	}
	if r.stats != nil {
		titles, tables := layerTables(r.stats)
		for i, t := range tables {
			if err := writeTable(w, titles[i], t); err != nil {
				return err
			}
		}
	}
	return writeTable(w, "", findingsTable(r.Findings))
}

// writeTable prints a table that has rows, under a title if there is one.
func writeTable(w io.Writer, title string, t table) error {
	if len(t.rows) == 0 {
		return nil
	}
	fmt.Fprintln(w)
	if title != "" {
		fmt.Fprintf(w, "%s\n\n", title)
	}
	return t.write(w)
}

func (r inspected) filesTable() table {
	t := table{columns: []column{{name: "FILE"}, {name: "BYTES", right: true}}}
	for i, f := range r.Files {
		if i == shownRows && len(r.Files) > shownRows+1 {
			t.add(fmt.Sprintf("… and %d more", len(r.Files)-i), "")
			break
		}
		t.add(f.Path, human.Count(f.Bytes))
	}
	return t
}

func (r inspected) keysTable() table {
	t := table{columns: []column{{name: "KEY"}, {name: "TYPE"}, {name: "VALUE"}}}
	for i, kv := range r.KVs {
		if i == shownKeys {
			t.add(fmt.Sprintf("… and %d more", len(r.KVs)-i), "", "")
			break
		}
		t.add(kvText(kv))
	}
	return t
}

// tensorTable is the list of tensors, with their statistics if there are some.
func (r inspected) tensorTable() table {
	if r.stats != nil {
		return statsTable(r.stats)
	}
	t := table{columns: []column{{name: "TENSOR"}, {name: "DTYPE"}, {name: "SHAPE"}, {name: "BYTES", right: true}}}
	for _, x := range r.list {
		t.add(x.Origin.Name, x.DType.String(), fmt.Sprint(x.Shape), human.Count(x.Bytes()))
	}
	return t
}

// findingsTable lists findings, of each code the first ones.
func findingsTable(found []formats.Finding) table {
	t := table{columns: []column{{name: "FINDING"}, {name: "CODE"}, {name: "WHERE"}, {name: "WHAT"}}}
	of, shown := map[string]int{}, map[string]int{}
	for _, f := range found {
		of[f.Code]++
	}
	for _, f := range found {
		shown[f.Code]++
		switch n := of[f.Code]; {
		case shown[f.Code] <= shownRows || n == shownRows+1:
			t.add(string(f.Severity), f.Code, f.Where, f.Message)
		case shown[f.Code] == shownRows+1:
			t.add(string(f.Severity), f.Code, "", fmt.Sprintf("… and %d more; --json has all", n-shownRows))
		}
	}
	return t
}
