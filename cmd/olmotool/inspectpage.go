package main

import (
	"cmp"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"olmotool/convert"
	"olmotool/formats"
	"olmotool/inspect/page"
	"olmotool/inspect/rounding"
	"olmotool/internal/atomicfile"
	"olmotool/internal/htmlpage"
)

// beginPage makes sure that the page can be written, before anything is computed;
// nil if none was asked for. What is inspected must survive it.
func (o *inspectFlags) beginPage(path string) (*pageFile, error) {
	if o.html == "" {
		if o.force {
			return nil, usageError("--force: found no --html, expected one")
		}
		return nil, nil
	}
	if err := htmlPage.replaceable(o.html, o.force); err != nil {
		return nil, err
	}
	out, err := atomicfile.Create(o.html, atomicfile.Options{Force: o.force, Protect: []string{path}})
	if err != nil {
		return nil, usageError("%w", err)
	}
	return &pageFile{out}, nil
}

// put writes the page and puts it in place.
func (p *pageFile) put(write func(io.Writer) error) error {
	file, err := p.out.File("", -1)
	if err == nil {
		err = write(file)
	}
	if err == nil {
		err = p.out.Commit()
	}
	if err != nil {
		return &convert.OutputError{Err: err}
	}
	return nil
}

// inTables are the facts that the page has tables of.
var inTables = []string{"parameters", "bytes", "memory", "larger by", "container"}

// putPage writes the page. list has the statistics of the tensors that were chosen;
// nil if nothing was measured.
func (r inspected) putPage(cmd *cobra.Command, g *global, p *pageFile, chosen []formats.Tensor, list []tensorStats) error {
	if p == nil {
		return nil
	}
	m := page.Model{Report: r.Report, Tensors: make([]page.Tensor, len(chosen))}
	for i, t := range chosen {
		m.Tensors[i] = page.Tensor{Name: t.Name, Tensor: t}
		if len(r.Canonical) == len(r.Tensors) { // names of two kinds would make two trees
			m.Tensors[i].Name = r.Canonical[t.Origin.Name]
		}
	}
	if list != nil {
		losses, err := rounding.All(cmd.Context(), chosen, g.threads)
		if err != nil {
			return err
		}
		for i, s := range list {
			m.Tensors[i].Stats, m.Tensors[i].Loss = s.Stats, losses[i]
		}
	}
	name := ""
	for _, row := range r.facts().rows {
		name = cmp.Or(row[0], name)
		if !slices.Contains(inTables, name) {
			m.Facts = append(m.Facts, htmlpage.Fact{Name: row[0], Value: row[1]})
		}
	}
	for _, row := range r.keysTable().rows {
		m.Keys = append(m.Keys, page.Key{Name: row[0], Type: row[1], Value: row[2]})
	}
	about := aboutPage(cmd, g, []string{r.Path}, 0, []htmlpage.Fact{{Name: "model", Value: absolute(r.Path)}})
	about.Facts = about.Facts[:1] // nothing of the machine, which plays no part
	return p.put(func(w io.Writer) error { return page.Write(w, m, about) })
}
