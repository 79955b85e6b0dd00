package main

import (
	"bytes"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"olmotool/convert"
	"olmotool/internal/atomicfile"
	"olmotool/internal/htmlpage"
	"olmotool/soup"
	"olmotool/soup/page"
)

// Kinds of reports, as files begin.
var (
	jsonReport = kindOfFile{"a report as JSON", func(b []byte) bool { return bytes.HasPrefix(b, []byte("{\n  \"schema\": \"o")) }}
	textReport = kindOfFile{"a report as text", func(b []byte) bool { return bytes.HasPrefix(b, []byte("soup report")) }}
)

// reportKind is what the name of a report asks for.
func reportKind(path string) kindOfFile {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".html":
		return htmlPage
	case ".json":
		return jsonReport
	}
	return textReport
}

// refuseReport refuses flags that make no sense with or without a report.
func (f *soupFlags) refuseReport(fs *pflag.FlagSet) error {
	if f.dst == "" {
		for _, name := range ofOutput {
			if fs.Changed(name) && !slices.Contains([]string{"dtype", "dry-run", "force"}, name) {
				return usageError("--%s: found no --output, expected one with this flag", name)
			}
		}
	}
	for i, path := range f.reports {
		switch {
		case path == "":
			return usageError("--report: found no name, expected a file, or - for stdout")
		case slices.Contains(f.reports[:i], path):
			return usageError("--report: found %q twice", path)
		case path == "-" && (fs.Changed("json") || fs.Changed("quiet")):
			return usageError("--report: found --json or --quiet, expected a file with this flag")
		case path != "-" && f.dst != "" && within(f.dst, path):
			return usageError("--report: found %q in the output, expected another place", path)
		}
	}
	return nil
}

// within reports whether path is dir, or would be in it.
func within(dir, path string) bool {
	a, err := filepath.Abs(dir)
	b, err2 := filepath.Abs(path)
	if err != nil || err2 != nil {
		return false
	}
	rel, err := filepath.Rel(a, b)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

// report is the report of a soup in the making: the files that it is written to.
type report struct {
	to    []string
	files []*atomicfile.Output // nil is stdout
	soup  *soup.Diagnostics    // once it is known
}

// beginReport makes sure that all files can be written, before anything is
// computed. What the command reads must survive it.
func (f *soupFlags) beginReport(a *asked) (*report, error) {
	o := atomicfile.Options{Force: f.Force}
	for _, r := range a.all() {
		if path, err := r.Path(); err == nil {
			o.Protect = append(o.Protect, path)
		}
	}
	for _, path := range []string{f.config, f.search.text, f.search.cache} {
		if path != "" && path != "-" {
			o.Protect = append(o.Protect, path)
		}
	}
	p := &report{}
	for _, path := range f.reports {
		var out *atomicfile.Output
		if path != "-" {
			err := reportKind(path).replaceable(path, f.Force)
			if err == nil {
				if out, err = atomicfile.Create(path, o); err != nil {
					err = usageError("%w", err)
				}
			}
			if err != nil {
				p.abort()
				return nil, err
			}
		}
		p.to, p.files = append(p.to, path), append(p.files, out)
	}
	return p, nil
}

func (p *report) abort() {
	for _, out := range p.files {
		if out != nil {
			out.Abort()
		}
	}
}

// make diagnoses the soup, instead of a look at a sample.
func (p *report) make(cmd *cobra.Command, g *global, pot *pot) error {
	var total int64
	for _, in := range pot.inputs {
		for _, t := range in.Model.Tensors {
			total += t.Bytes()
		}
	}
	start, done := g.progress(cmd.ErrOrStderr())
	d, err := pot.merged.Diagnose(cmd.Context(), soup.DiagnoseOptions{Threads: g.threads, Progress: start("diagnosing", total)})
	done()
	for _, in := range pot.inputs {
		if err == nil {
			err = in.CheckSums()
		}
	}
	if err != nil {
		return err
	}
	p.soup, pot.findings = d, append(pot.findings, d.Findings...)
	return nil
}

// write writes the report, to stdout and to files that are not in place yet.
func (p *report) write(stdout io.Writer, about htmlpage.About) error {
	for i, out := range p.files {
		if out == nil {
			if err := reportText(stdout, p.soup); err != nil {
				return err
			}
			continue
		}
		file, err := out.File("", -1)
		if err == nil {
			switch strings.ToLower(filepath.Ext(p.to[i])) {
			case ".html":
				err = page.Write(file, p.soup, about)
			case ".json":
				err = writeJSON(file, soupReportDoc{"olmotool.soupreport/1", about.Version, p.soup})
			default:
				err = reportText(file, p.soup)
			}
		}
		if err != nil {
			return &convert.OutputError{Err: err}
		}
	}
	return nil
}

// commit puts the files in place.
func (p *report) commit() error {
	for _, out := range p.files {
		if out != nil {
			if err := out.Commit(); err != nil {
				return &convert.OutputError{Err: err}
			}
		}
	}
	return nil
}

// text names the files.
func (p *report) text(w io.Writer) {
	for i, out := range p.files {
		if out != nil {
			fmt.Fprintf(w, "report: %s\n", printable(p.to[i]))
		}
	}
}

// about says where a report comes from.
func (f *soupFlags) about(cmd *cobra.Command, g *global, args []string, p *pot, took time.Duration) htmlpage.About {
	var facts []htmlpage.Fact
	for i, r := range p.all() {
		name := "model " + strconv.Itoa(i+1)
		if i == len(p.names) {
			name = "base"
		}
		facts = append(facts, htmlpage.Fact{Name: name, Value: absolute(r.String()) + ", " + sideText(p.inputs[i].Side(), 0)})
	}
	facts = append(facts, htmlpage.Fact{Name: "recipe", Value: absolute(f.config)})
	return aboutPage(cmd, g, args, took.Seconds(), facts)
}

// soupReportDoc is the JSON document of soup --report.
type soupReportDoc struct {
	Schema  string `json:"schema"`
	Version string `json:"version"` // of the tool
	*soup.Diagnostics
}
