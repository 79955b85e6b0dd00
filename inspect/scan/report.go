package scan

import (
	"fmt"

	"olmotool/formats"
)

// Report is what was found in all paths. The fields named in JSON are a
// contract with pipelines.
type Report struct {
	Verdict Verdict `json:"verdict"` // the worst; Inert if there are no files
	Files   []File  `json:"files"`   // in the order of the walk

	Unreadable int `json:"unreadable"` // files that could not be read: no such file, no permission
}

// File is one file, with all that lies in it.
type File struct {
	Path     string    `json:"path"`
	Bytes    int64     `json:"bytes"`
	Format   string    `json:"format"` // "zip", "pickle", "safetensors", …; "data" if it is none that is known
	Verdict  Verdict   `json:"verdict"`
	Pickles  []Pickle  `json:"pickles"`
	Globals  []Global  `json:"globals"` // of all pickles, each once for every pickle and way
	Findings []Finding `json:"findings"`

	// Unreadable says that the system would not give the file, or not all of it;
	// its verdict is then malformed at least.
	Unreadable bool `json:"unreadable,omitempty"`
}

// Pickle is one pickle that was found.
type Pickle struct {
	Where    string  `json:"where"`  // members of archives that lead to it; empty at the top of the file
	Offset   int64   `json:"offset"` // in the content that Where names
	Bytes    int64   `json:"bytes"`  // up to STOP, or to where it cannot be parsed any more
	Protocol int     `json:"protocol"`
	Opcodes  int64   `json:"opcodes"`
	Verdict  Verdict `json:"verdict"`

	// Refused is why torch's restricted loader does not take the pickle; empty
	// if it does.
	Refused string `json:"weights_only_refuses,omitempty"`
}

// Global is a class or function that a pickle names.
type Global struct {
	Where  string `json:"where"`
	Offset int64  `json:"offset"` // of the opcode that names it first
	Module string `json:"module"` // as written: Python 2's names are not translated
	Name   string `json:"name"`
	Via    string `json:"via"` // GLOBAL, STACK_GLOBAL, INST, EXT1, EXT2 or EXT4
	Kind   Kind   `json:"kind"`
	Why    string `json:"why,omitempty"` // of the dangerous: the family it belongs to

	Count    int    `json:"count"`             // how often it is named
	Called   int    `json:"called"`            // how often it is called or instantiated
	Built    int    `json:"built"`             // how often what it made is given a state
	Argument int    `json:"argument"`          // how often it is put into something else
	Preview  string `json:"preview,omitempty"` // arguments of the first call, in short
}

// Finding is something to know about a file.
type Finding struct {
	formats.Finding
	// Offset is where it is in the content that Where names; -1 if that is no
	// one place.
	Offset int64 `json:"offset"`
}

// note adds a finding, unless there are many of its kind already.
func (t *target) note(s formats.Severity, code, where string, offset int64, format string, args ...any) {
	t.codes[code]++
	if t.codes[code] > maxListed {
		return
	}
	t.file.Findings = append(t.file.Findings, Finding{
		Finding: formats.Finding{Severity: s, Code: code, Where: where, Message: fmt.Sprintf(format, args...)},
		Offset:  offset,
	})
}

// malformed adds a finding for which the file is malformed.
func (t *target) malformed(code, where string, offset int64, format string, args ...any) {
	t.raise(Malformed)
	t.note(formats.Serious, code, where, offset, format, args...)
}

// raise makes the verdict of the file at least v.
func (t *target) raise(v Verdict) {
	if !t.judged || v > t.file.Verdict {
		t.file.Verdict, t.judged = v, true
	}
}

// finish counts what was left out, and settles the verdict of a file in which
// nothing was judged.
func (t *target) finish() {
	for i := range t.file.Findings {
		f := &t.file.Findings[i]
		if n := t.codes[f.Code] - maxListed; n > 0 {
			f.Message += fmt.Sprintf(" (and %d more findings of this kind)", n)
			t.codes[f.Code] = 0
		}
	}
	if !t.judged {
		t.file.Verdict = Inert
	}
}
