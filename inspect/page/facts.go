package page

import (
	"fmt"
	"strings"

	"olmotool/formats"
	"olmotool/inspect"
	"olmotool/internal/human"
)

// Share is a row of a table with a bar.
type Share struct {
	Name      string
	Cells     []string
	Of, Width string // of the whole, in words and for the style sheet
}

// Shares is such a table.
type Shares struct {
	Columns []string
	Rows    []Share
}

func (s *Shares) add(name string, n, all int64, cells ...string) {
	of := part(n, all)
	s.Rows = append(s.Rows, Share{short(name), cells, percent(of), fmt.Sprintf("%.1f%%", 100*min(of, 1))})
}

// Types are the element types.
func (v *view) Types() Shares {
	s := Shares{Columns: []string{"element type", "tensors", "size"}}
	for _, d := range v.DTypes {
		s.add(d.DType.String(), d.Bytes, v.Bytes, human.Count(int64(d.Tensors)), human.Bytes(d.Bytes))
	}
	return s
}

// Parts are the modules.
func (v *view) Parts() Shares {
	s := Shares{Columns: []string{"modules", "tensors", "parameters", "size"}}
	for _, p := range v.Modules {
		s.add(p.Name, p.Parameters, v.Parameters, human.Count(int64(p.Tensors)), human.Count(p.Parameters), human.Bytes(p.Bytes))
	}
	return s
}

// Larger are the reasons why the files are larger than the model asks for.
func (v *view) Larger() Shares {
	s := Shares{Columns: []string{"why the files are as large", "could be saved"}}
	var all int64
	for _, f := range v.Files {
		all = saturated(all, f.Bytes)
	}
	for _, e := range v.Excess {
		s.add(e.Message, e.Bytes, all, human.Bytes(e.Bytes))
	}
	return s
}

// CacheRow is the memory of one sequence.
type CacheRow struct {
	inspect.CacheMemory
	Sum int64 // with the weights
}

// Caches is what running the model takes.
func (v *view) Caches() (rows []CacheRow) {
	if v.Memory != nil {
		for _, c := range v.Memory.Cache {
			rows = append(rows, CacheRow{c, saturated(c.Bytes, v.Memory.Weights)})
		}
	}
	return rows
}

// FirstFiles are the files that hold tensors, and FirstBeside others.
func (v *view) FirstFiles() []inspect.Container {
	return v.Containers[:min(len(v.Containers), maxListed)]
}

// FirstBeside are the first of the other files.
func (v *view) FirstBeside() []inspect.BesideFile {
	return v.Beside.List[:min(len(v.Beside.List), maxListed)]
}

// MoreFiles is how many files are not listed.
func (v *view) MoreFiles() int { return len(v.Containers) - len(v.FirstFiles()) }

// MoreBeside is how many others are not.
func (v *view) MoreBeside() int { return v.Beside.Files - len(v.FirstBeside()) }

// Found are the findings, the worst first, of each code the first ones.
func (v *view) Found() (out []formats.Finding) {
	for _, severity := range severities {
		of, shown := map[string]int{}, map[string]int{}
		for _, f := range v.Findings {
			if f.Severity == severity.is {
				of[f.Code]++
			}
		}
		for _, f := range v.Findings {
			if f.Severity != severity.is {
				continue
			}
			shown[f.Code]++
			switch n := of[f.Code]; {
			case shown[f.Code] <= maxOfCode || n == maxOfCode+1:
				f.Where = short(f.Where)
				out = append(out, f)
			case shown[f.Code] == maxOfCode+1:
				out = append(out, formats.Finding{Severity: f.Severity, Code: f.Code, Message: fmt.Sprintf("… and %d more; --json has all", n-maxOfCode)})
			}
		}
	}
	return out
}

var severities = []struct {
	is   formats.Severity
	name string
}{{formats.Serious, "error"}, {formats.Warning, "warning"}, {formats.Info, "note"}}

// Bad reports whether there is an error among the findings.
func (v *view) Bad() bool { return v.howMany(formats.Serious) > 0 }

// Mark counts the findings.
func (v *view) Mark() string {
	var words []string
	for _, s := range severities {
		if n := v.howMany(s.is); n > 0 {
			words = append(words, human.Plural(n, s.name))
		}
	}
	if words == nil {
		return "nothing odd"
	}
	return strings.Join(words, ", ")
}

func (v *view) howMany(s formats.Severity) (n int) {
	for _, f := range v.Findings {
		if f.Severity == s {
			n++
		}
	}
	return n
}
