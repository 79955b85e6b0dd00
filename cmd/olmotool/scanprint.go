package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"olmotool/formats"
	"olmotool/inspect/scan"
	"olmotool/internal/human"
)

// scanAnswer is no if something is dangerous or malformed, and an error if
// something else could not be read.
func scanAnswer(r *scan.Report, strict bool) error {
	no := scan.Malformed
	if strict {
		no = scan.NeedsCode
	}
	var worst, unread *scan.File
	for i := range r.Files {
		f := &r.Files[i]
		if f.Unreadable && f.Verdict < scan.Dangerous {
			unread = cmp.Or(unread, f)
		} else if f.Verdict >= no && (worst == nil || f.Verdict > worst.Verdict) {
			worst = f
		}
	}
	switch {
	case worst != nil:
		return &answer{worst.Verdict.String() + ": " + worst.Path + andMore(r, func(f *scan.File) bool { return f.Verdict == worst.Verdict && !f.Unreadable })}
	case unread != nil:
		i := slices.IndexFunc(unread.Findings, func(x scan.Finding) bool { return x.Severity == formats.Serious })
		return fmt.Errorf("%s: %s%s", unread.Path, unread.Findings[i].Message, andMore(r, func(f *scan.File) bool { return f.Unreadable }))
	}
	return nil
}

// andMore says how many more such files there are.
func andMore(r *scan.Report, is func(*scan.File) bool) string {
	n := -1
	for i := range r.Files {
		if is(&r.Files[i]) {
			n++
		}
	}
	if n < 1 {
		return ""
	}
	return fmt.Sprintf(" and %s more", human.Count(int64(n)))
}

func scanText(r *scan.Report) func(w io.Writer) error {
	return func(w io.Writer) error {
		files := table{columns: []column{{name: "VERDICT"}, {name: "FILE"}, {name: "FORMAT"}, {name: "BYTES", right: true}, {name: "PICKLES", right: true}, {name: "GLOBALS", right: true}}}
		globals := table{columns: []column{{name: "GLOBAL"}, {name: "KIND"}, {name: "USE"}, {name: "WHERE"}, {name: "FILE"}}}
		odd := table{columns: []column{{name: "FINDING"}, {name: "CODE"}, {name: "WHERE"}, {name: "WHAT"}, {name: "FILE"}}}
		for _, f := range r.Files {
			files.add(f.Verdict.String(), f.Path, f.Format, human.Count(f.Bytes), human.Count(int64(len(f.Pickles))), human.Count(int64(len(f.Globals))))
			for _, x := range f.Globals {
				if x.Kind >= scan.KindUnknown {
					globals.add(x.Module+"."+x.Name, x.Kind.String(), usesOf(x), whereOf(x.Where, x.Offset), f.Path)
				}
			}
			for _, x := range f.Findings {
				if x.Severity != formats.Info {
					odd.add(string(x.Severity), x.Code, whereOf(x.Where, x.Offset), x.Message, f.Path)
				}
			}
		}
		for _, t := range []table{files, globals, odd} {
			if len(t.rows) == 0 {
				continue
			}
			if err := t.write(w); err != nil {
				return err
			}
			fmt.Fprintln(w)
		}
		fmt.Fprintf(w, "%s: %s files\n", r.Verdict, human.Count(int64(len(r.Files))))
		return nil
	}
}

func whereOf(where string, offset int64) string {
	switch {
	case offset < 0:
		return where
	case where == "":
		return fmt.Sprintf("byte %d", offset)
	}
	return fmt.Sprintf("%s, byte %d", where, offset)
}

// usesOf says how a global is used.
func usesOf(g scan.Global) string {
	var uses []string
	for _, u := range []struct {
		n    int
		word string
	}{{g.Called, "called"}, {g.Built, "given a state"}, {g.Argument, "handed on"}} {
		if u.n > 0 {
			uses = append(uses, fmt.Sprintf("%s %d×", u.word, u.n))
		}
	}
	if uses == nil {
		return "named only"
	}
	return strings.Join(uses, ", ")
}
