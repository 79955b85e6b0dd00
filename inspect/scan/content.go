package scan

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"olmotool/formats"
)

// target is a file that is looked at.
type target struct {
	ctx      context.Context
	file     *File
	judged   bool           // something in it has a verdict
	codes    map[string]int // findings by code
	contents int
	unpacked int64    // bytes, of all contents
	work     int64    // bytes that may still be read
	listed   int      // pickles of names
	keys     []string // storages of the pickle that was run last
}

// content is a part of the file, or all of it, or what a part is when unpacked.
type content struct {
	r     io.ReaderAt
	size  int64
	where string // members of archives that lead to it
	name  string // of the file or member, for what its extension promises
	depth int
	cut   bool // it is longer than size; the rest is not looked at
	rest  bool // it is what lies behind something, or in a text: no one said that it is anything
	torch bool // torch would load it as the pickle of an archive
}

// source returns a way to read the content through a window.
func (t *target) source(c content) *source {
	return &source{ctx: t.ctx, r: c.r, size: c.size, work: &t.work}
}

// in returns a part of the content, which lies deeper.
func (c content) in(at, n int64, where string) content {
	return content{r: io.NewSectionReader(c.r, at, n), size: n, where: join(c.where, where), depth: c.depth + 1}
}

func join(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "/" + b
}

// look finds out what a content is by its first bytes, and looks into it. It
// returns its format.
func (t *target) look(c content) string {
	if t.contents++; t.contents > maxContents {
		t.malformed("too-much", c.where, -1, "found more than %d contents, expected fewer; the rest is not looked at", maxContents)
		return "data"
	}
	if c.depth > maxDepth {
		t.malformed("too-deep", c.where, -1, "found content %d levels deep, expected at most %d; it is not looked at", c.depth, maxDepth)
		return "data"
	}
	s := t.source(c)
	head := append([]byte(nil), s.upTo(0, 512)...)
	if s.err != nil {
		t.unreadable(c.where, s.err)
		return "data"
	}
	form := formOf(head)
	if form.name != "zip" && t.zipAtEnd(c) {
		// A zip archive is found from its end. Whatever is in front is looked
		// at too.
		if form.name == "data" {
			return "zip"
		}
	}
	switch form.name {
	case "gguf", "tar", "safetensors":
		t.pickles(c, true) // their first bytes are opcodes, too
	}
	if form.look != nil {
		form.look(t, c)
		return form.name
	}
	return t.lookAtData(c, s, head, form)
}

// lookAtData looks at what does not say by its first bytes what it is.
func (t *target) lookAtData(c content, s *source, head []byte, form form) string {
	promised := promises(c.name) && !c.rest
	switch {
	case form.archive && (promised || form.name == "7z" || form.name == "rar" || c.depth > 0):
		t.malformed("unreadable-archive", c.where, 0, "found a %s archive, which is not looked into; Python loads no model from one", form.name)
	case form.archive:
		t.note(formats.Warning, "not-examined", c.where, 0, "found a %s archive, which is not looked into", form.name)
	case form.name != "data" && form.name != "pickle":
		if promised || form.name == "lfs-pointer" {
			t.malformed(form.name, c.where, 0, "found %s, expected the file itself", describeHead(form.name, head))
		}
	case t.pickles(c, !promisesPickle(c.name) || !isPickleMagic(head)) > 0:
		return "pickle"
	case promised && c.size == 0:
		t.malformed("empty", c.where, -1, "found an empty file, expected a pickle or an archive")
	case promised && promisesPickle(c.name):
		m := newMachine(s, 0)
		m.strict = true // what is no pickle names nothing
		m.execute()
		t.report(c, m)
		t.search(c, s, 0)
	}
	if form.name == "pickle" {
		return "data" // it begins so by chance
	}
	return form.name
}

func describeHead(form string, head []byte) string {
	if form == "lfs-pointer" {
		lines := strings.Join(strings.Fields(string(head)), " ")
		return fmt.Sprintf("a pointer of Git LFS (%.160s)", lines)
	}
	return fmt.Sprintf("%s, beginning with %.40q", form, head)
}

// unreadable tells of what the system would not read.
func (t *target) unreadable(where string, err error) {
	switch {
	case t.ctx.Err() != nil:
	case errors.Is(err, errWork):
		t.malformed("too-much", where, -1, "%v", err)
	default:
		t.file.Unreadable = true
		t.malformed("unreadable", where, -1, "%v", err)
	}
}
