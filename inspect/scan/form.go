package scan

import (
	"bytes"
	"path"
	"strings"
)

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
	case is(numpyMagic):
		return form{name: "numpy", look: (*target).numpy}
	case is("GGUF"), is("FUGG"):
		return form{name: "gguf", look: func(*target, content) {}}
	case isSafetensors(head): // its length may begin as a pickle does
		return form{name: "safetensors", look: (*target).safetensors}
	case isPickleMagic(head):
		return form{name: "pickle"}
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
