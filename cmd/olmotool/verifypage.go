package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"olmotool/convert"
	"olmotool/internal/atomicfile"
	"olmotool/internal/htmlpage"
	"olmotool/verify"
	"olmotool/verify/page"
)

// pageFile is the page of a report in the making; nil is none.
type pageFile struct{ out *atomicfile.Output }

// beginPage makes sure that the page can be written, before anything is
// computed. What the command reads must survive it.
func (f *verifyFlags) beginPage(args []string) (*pageFile, error) {
	if f.html == "" {
		return nil, nil
	}
	if err := htmlPage.replaceable(f.html, f.force); err != nil {
		return nil, err
	}
	o := atomicfile.Options{Force: f.force, Protect: slices.Clone(args)}
	for _, p := range []string{f.golden, f.text, f.tokens.file, f.tokenizer} {
		if p != "" && p != "-" {
			o.Protect = append(o.Protect, p)
		}
	}
	out, err := atomicfile.Create(f.html, o)
	if err != nil {
		return nil, usageError("%w", err)
	}
	return &pageFile{out}, nil
}

func (p *pageFile) abort() {
	if p != nil {
		p.out.Abort()
	}
}

// commit writes the page and puts it in place.
func (p *pageFile) commit(r *verify.Report, a htmlpage.About) error {
	if p == nil {
		return nil
	}
	file, err := p.out.File("", -1)
	if err == nil {
		err = page.Write(file, r, a)
	}
	if err == nil {
		err = p.out.Commit()
	}
	if err != nil {
		return &convert.OutputError{Err: err}
	}
	return nil
}

// about says where a report comes from.
func (f *verifyFlags) about(cmd *cobra.Command, g *global, args []string, seconds float64) htmlpage.About {
	return aboutPage(cmd, g, args, seconds, []htmlpage.Fact{
		{Name: "reference", Value: absolute(args[0])},
		{Name: "candidate", Value: absolute(strings.Join(args[1:], ""))},
		{Name: "golden", Value: absolute(f.golden)},
		{Name: "arithmetic", Value: f.Arithmetic},
	})
}
