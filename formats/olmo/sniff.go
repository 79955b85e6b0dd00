package olmo

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"olmotool/formats"
)

// Kinds of container, by content.
const (
	kindSafetensors = "safetensors"
	kindTorch       = "torch"
	kindGGUF        = "GGUF"
)

// sniffLen is how much of a file is looked at to tell what it is.
const sniffLen = 512

// readHead returns the first bytes of a file and its size.
func readHead(path string) (head []byte, size int64, err error) {
	f, size, err := formats.OpenRegular(path)
	if err != nil {
		return nil, 0, notFound(err)
	}
	defer f.Close()
	head = make([]byte, min(sniffLen, size))
	if _, err := io.ReadFull(f, head); err != nil {
		return nil, 0, formats.Errorf(path, "", "%w", err)
	}
	return head, size, nil
}

// sniff tells what kind of container a file is by its first bytes; the name is
// used only to word an error.
func sniff(path string) (string, error) {
	head, size, err := readHead(path)
	if err != nil {
		return "", err
	}
	if kind := containerKind(head); kind != "" {
		return kind, nil
	}
	what := nearMiss(head, size)
	switch {
	case what != "":
	case unfinished(path):
		what = "a file whose name is that of an unfinished download"
	case strings.HasPrefix(jsonText(head), "{"):
		what = "a JSON document"
	default:
		what = fmt.Sprintf("bytes %q", head[:min(len(head), 16)])
	}
	return "", formats.Errorf(path, "", "found %s, expected a safetensors, torch or GGUF file", what)
}

// sniffed returns the error of a reader, or a better one if the file that it
// names is something else altogether. want is what the reader reads.
func sniffed(err error, want string) error {
	var e *formats.Error
	if !errors.As(err, &e) {
		return notFound(err)
	}
	head, size, herr := readHead(e.File)
	if herr != nil {
		return err
	}
	if filepath.Ext(e.File) == ".json" {
		want = "JSON"
	}
	what := nearMiss(head, size)
	if kind := containerKind(head); kind == want {
		return err
	} else if kind != "" {
		what = "a " + kind + " file"
	}
	if what == "" {
		return err
	}
	return formats.Errorf(e.File, "", "found %s, expected a %s file", what, want)
}

func containerKind(head []byte) string {
	switch {
	case bytes.HasPrefix(head, []byte("GGUF")):
		return kindGGUF
	case bytes.HasPrefix(head, []byte("PK\x03\x04")), bytes.HasPrefix(head, []byte("PK\x05\x06")):
		return kindTorch
	case len(head) > 2 && head[0] == 0x80 && head[1] >= 2 && head[1] <= 5:
		return kindTorch // a bare pickle, or the stream of torch before 1.6
	case len(head) >= 262 && string(head[257:262]) == "ustar":
		return kindTorch // a tar is torch 0.1; its reader has the message
	}
	if len(head) > 8 {
		// A header length, and JSON. White space before the brace is allowed.
		n := binary.LittleEndian.Uint64(head)
		if n > 0 && n <= 1<<40 && strings.HasPrefix(jsonText(head[8:]), "{") {
			return kindSafetensors
		}
	}
	return ""
}

func jsonText(b []byte) string { return string(bytes.TrimLeft(b, " \t\r\n")) }
