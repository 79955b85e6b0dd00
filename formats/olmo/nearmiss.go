package olmo

import (
	"bytes"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// nearMiss describes what is often found in the place of a model's file and is
// none; the empty string if it is nothing of the kind.
func nearMiss(head []byte, size int64) string {
	text := strings.ToLower(strings.TrimPrefix(string(head), "\ufeff"))
	text = strings.TrimLeft(text, " \t\r\n")
	for _, m := range []struct{ prefix, what string }{
		{"<!doctype", "a web page (a failed download?)"},
		{"<html", "a web page (a failed download?)"},
		{"<?xml", "an XML document (a server's error message?)"},
		{`{"error`, "a server's error message (a failed download?)"},
		{`{"message`, "a server's error message (a failed download?)"},
	} {
		if strings.HasPrefix(text, m.prefix) {
			return m.what
		}
	}
	for _, m := range []struct{ magic, what string }{
		{"\x1f\x8b", "a gzip file (unpack it first)"},
		{"7z\xbc\xaf\x27\x1c", "a 7z archive (unpack it first)"},
		{"\x28\xb5\x2f\xfd", "a zstd file (unpack it first)"},
		{"\xfd7zXZ\x00", "an xz file (unpack it first)"},
		{"BZh", "a bzip2 file (unpack it first)"},
		{"\x04\x22\x4d\x18", "an lz4 file (unpack it first)"},
		{"FUGG", "the magic FUGG, which is not GGUF's in any byte order"},
	} {
		if strings.HasPrefix(string(head), m.magic) {
			return m.what
		}
	}
	switch {
	case size == 0:
		return "an empty file (an interrupted download or save?)"
	case strings.HasPrefix(text, "version https://git-lfs"):
		return lfsPointer(string(head))
	case len(bytes.Trim(head, "\x00")) == 0:
		return fmt.Sprintf("%d zero bytes at the start (a file that was allocated and not yet written?)", len(head))
	}
	return ""
}

// lfsPointer describes a pointer of Git LFS: lines of a key and a value.
func lfsPointer(text string) string {
	var oid, bytes string
	for line := range strings.Lines(text) {
		switch key, value, _ := strings.Cut(strings.TrimSpace(line), " "); key {
		case "oid":
			oid = value
		case "size":
			bytes = value
		}
	}
	return fmt.Sprintf("a Git LFS pointer to %.80q of %.20q bytes (fetch the file itself with \"git lfs pull\")", oid, bytes)
}

// unfinished reports whether a file's name is one that download tools give to
// what they have not finished.
func unfinished(path string) bool {
	return slices.Contains([]string{".part", ".tmp", ".incomplete", ".crdownload", ".aria2", ".download"}, filepath.Ext(path))
}
