package scan

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"path"
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
func (t *target) source(c content) *source { return &source{ctx: t.ctx, r: c.r, size: c.size} }

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
	case form.name != "data":
		if promised || form.name == "lfs-pointer" {
			t.malformed(form.name, c.where, 0, "found %s, expected the file itself", describeHead(form.name, head))
		}
	case t.pickles(c, true) > 0:
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
	if t.ctx.Err() == nil {
		t.file.Unreadable = true
		t.malformed("unreadable", where, -1, "%v", err)
	}
}

// form is a kind of content.
type form struct {
	name    string
	look    func(*target, content)
	archive bool // a compressed archive that is not looked into
}

// formOf tells a content by its first bytes. It is "data" if they say nothing.
func formOf(head []byte) form {
	is := func(prefix string) bool { return bytes.HasPrefix(head, []byte(prefix)) }
	switch {
	case is("PK\x03\x04"), is("PK\x05\x06"), is("PK\x07\x08"), is("PK00PK\x03\x04"):
		return form{name: "zip", look: (*target).zip}
	case isPickleMagic(head):
		return form{name: "pickle", look: func(t *target, c content) { t.pickles(c, false) }}
	case is(numpyMagic):
		return form{name: "numpy", look: (*target).numpy}
	case is("GGUF"), is("FUGG"):
		return form{name: "gguf", look: func(*target, content) {}}
	case isSafetensors(head):
		return form{name: "safetensors", look: (*target).safetensors}
	case is("\x1f\x8b\x08"):
		return form{name: "gzip", look: (*target).gzip}
	case is("BZh") && len(head) > 9 && string(head[4:10]) == "1AY&SY":
		return form{name: "bzip2", look: (*target).bzip2}
	case isZlib(head):
		return form{name: "zlib", look: (*target).zlib}
	case isTar(head):
		return form{name: "tar", look: (*target).tar}
	case is("7z\xbc\xaf\x27\x1c"):
		return form{name: "7z", archive: true}
	case is("Rar!\x1a\x07"):
		return form{name: "rar", archive: true}
	case is("\xfd7zXZ\x00"):
		return form{name: "xz", archive: true}
	case is("\x28\xb5\x2f\xfd"):
		return form{name: "zstd", archive: true}
	case is("\x04\x22\x4d\x18"):
		return form{name: "lz4", archive: true}
	case is("\x5d\x00\x00") && len(head) > 12 && head[12] == 0:
		return form{name: "lzma", archive: true}
	case is("version https://git-lfs.github.com/spec/"):
		return form{name: "lfs-pointer"}
	case is("<!DOCTYPE"), is("<!doctype"), is("<html"), is(`{"error"`):
		return form{name: "error-page"}
	}
	return form{name: "data"}
}

// promises reports whether the extension of a name is one that models have.
func promises(name string) bool {
	if promisesPickle(name) {
		return true
	}
	switch ext(name) {
	case ".bin", ".npy", ".npz", ".safetensors", ".gguf", ".distcp", ".zip", ".dat", ".data", ".p":
		return true
	}
	return false
}

// promisesPickle reports whether the extension of a name is one that only
// pickles and torch's files have.
func promisesPickle(name string) bool {
	switch ext(name) {
	case ".pkl", ".pickle", ".pck", ".joblib", ".dill", ".pt", ".pth", ".ckpt", ".pt2", ".distcp":
		return true
	}
	return path.Base(name) == ".metadata"
}

// ext returns the extension of a name in lower case, in front of that of a
// compression.
func ext(name string) string {
	e := strings.ToLower(path.Ext(name))
	switch e {
	case ".gz", ".xz", ".zst", ".bz2", ".lz4", ".lzma", ".z":
		return strings.ToLower(path.Ext(strings.TrimSuffix(name, path.Ext(name))))
	}
	return e
}
