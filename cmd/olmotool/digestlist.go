package main

import (
	"bytes"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"olmotool/convert"
	"olmotool/formats/digest"
	"olmotool/internal/atomicfile"
	"olmotool/internal/human"
)

// digestList is the saved list of digests that is written, or checked.
type digestList struct {
	manifest, check string
	force           bool

	want *digest.Manifest
	out  *atomicfile.Output
}

func (l *digestList) add(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&l.manifest, "manifest", "", "write the digests to `FILE`")
	f.StringVar(&l.check, "check", "", "compare with the digests in `FILE`, which --manifest wrote")
	f.BoolVar(&l.force, "force", false, "replace the file of --manifest")
	cmd.MarkFlagsMutuallyExclusive("manifest", "check")
	cmd.MarkFlagsMutuallyExclusive("tensors", "check")
}

// aManifest is what --force replaces.
var aManifest = kindOfFile{"a manifest", func(b []byte) bool { return bytes.HasPrefix(b, []byte("{\n  \"schema\": ")) }}

// begin reads the list, which says what is hashed, or makes sure that one can be
// written, before anything is hashed.
func (l *digestList) begin(path string, values *bool) (err error) {
	switch {
	case l.check != "":
		if l.want, err = digest.ReadManifest(l.check); err != nil {
			return err
		}
		if *values && !l.want.Values {
			return usageError("--values: found a list of digests of bytes in %s, expected one of values", l.check)
		}
		*values = l.want.Values
	case l.manifest != "":
		if err := aManifest.replaceable(l.manifest, l.force); err != nil {
			return err
		}
		if l.out, err = atomicfile.Create(l.manifest, atomicfile.Options{Force: l.force, Protect: []string{path}}); err != nil {
			return usageError("%w", err)
		}
	}
	return nil
}

func (l *digestList) abort() {
	if l.out != nil {
		l.out.Abort()
	}
}

// write writes the list, if it is asked for.
func (l *digestList) write(r *digest.Result, values bool) error {
	if l.out == nil {
		return nil
	}
	file, err := l.out.File("", -1)
	if err == nil {
		err = r.Manifest(values).Write(file)
	}
	if err == nil {
		err = l.out.Commit()
	}
	if err != nil {
		return &convert.OutputError{Err: err}
	}
	return nil
}

// digestCheckDoc is the JSON document of digest --check.
type digestCheckDoc struct {
	digestDoc
	Expected string   `json:"expected"`
	Equal    bool     `json:"equal"`
	Changed  []string `json:"changed"`
	Missing  []string `json:"missing"`
	Added    []string `json:"added"`
}

// compare prints how a model compares with the list.
func (l *digestList) compare(cmd *cobra.Command, g *global, r *digest.Result) error {
	d := l.want.Check(r)
	names := func(s []string) []string { return append([]string{}, s...) }
	doc := digestCheckDoc{
		digestJSON(r, false, l.want.Values), l.want.Digest, !d.Any(), names(d.Changed), names(d.Missing), names(d.Added),
	}
	said := "differs: " + counted([]count{
		{len(d.Changed), "tensor changed", "tensors changed"}, {len(d.Missing), "missing", "missing"}, {len(d.Added), "added", "added"},
	})
	if !d.Any() {
		said = fmt.Sprintf("equal: %s tensors, %s", human.Count(int64(len(r.Tensors))), r.Model)
	}
	err := g.print(cmd, doc, func(w io.Writer) error {
		p := &diffPrinter{printer: printer{w: w}}
		p.line("%s", said)
		p.some("changed:", d.Changed)
		p.some("missing:", d.Missing)
		p.some("added:", d.Added)
		return p.err
	})
	if err == nil && d.Any() {
		return &answer{said}
	}
	return err
}
