package olmo

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"olmotool/formats"
)

// Kinds of file, by content.
const (
	kindSafetensors = "safetensors"
	kindTorch       = "torch"
	kindGGUF        = "gguf"
)

// sniffLen is how much of a file is looked at to tell what it is.
const sniffLen = 512

// sniff tells what kind of container a file is by its first bytes; the name is
// used only to word an error. What is no container at all but is often found in
// the place of one gets a message that says so.
func sniff(path string) (string, error) {
	f, size, err := formats.OpenRegular(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	head := make([]byte, min(sniffLen, size))
	if _, err := io.ReadFull(f, head); err != nil {
		return "", err
	}
	if kind := containerKind(head, size); kind != "" {
		return kind, nil
	}
	return "", formats.Errorf(path, "", "found %s, expected a safetensors, torch or GGUF file", nearMiss(path, head, size))
}

func containerKind(head []byte, size int64) string {
	switch {
	case bytes.HasPrefix(head, []byte("GGUF")):
		return kindGGUF
	case bytes.HasPrefix(head, []byte("PK\x03\x04")), bytes.HasPrefix(head, []byte("PK\x05\x06")):
		return kindTorch
	case len(head) > 2 && head[0] == 0x80 && head[1] >= 2 && head[1] <= 5:
		return kindTorch // a bare pickle, or the stream of torch before 1.6
	case isTar(head):
		return kindTorch // torch 0.1; its reader has the message
	}
	if len(head) >= 9 {
		// A header length, and JSON. White space before the brace is allowed.
		n := binary.LittleEndian.Uint64(head)
		body := bytes.TrimLeft(head[8:], " \t\r\n")
		if len(body) > 0 && body[0] == '{' && n > 0 && n <= 1<<40 {
			return kindSafetensors
		}
	}
	return ""
}

func isTar(head []byte) bool {
	return len(head) >= 262 && string(head[257:262]) == "ustar"
}

// nearMiss describes what is not a container.
func nearMiss(path string, head []byte, size int64) string {
	text := strings.ToLower(string(bytes.TrimLeft(head, " \t\r\n\ufeff")))
	switch {
	case size == 0:
		return "an empty file (an interrupted download or save?)"
	case strings.HasPrefix(text, "version https://git-lfs"):
		var oid, bytes string
		for line := range strings.Lines(string(head)) {
			k, v, _ := strings.Cut(strings.TrimSpace(line), " ")
			switch k {
			case "oid":
				oid = v
			case "size":
				bytes = v
			}
		}
		return fmt.Sprintf("a Git LFS pointer to %q of %q bytes (fetch the file itself with \"git lfs pull\")", oid, bytes)
	case strings.HasPrefix(text, "<!doctype"), strings.HasPrefix(text, "<html"), strings.HasPrefix(text, "<?xml"):
		return "a web page (a failed download?)"
	case strings.HasPrefix(text, `{"error"`), strings.HasPrefix(text, "{\"message\""):
		return "a server's error message (a failed download?)"
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		return "a gzip file (unpack it first)"
	case bytes.HasPrefix(head, []byte("7z\xbc\xaf\x27\x1c")):
		return "a 7z archive (unpack it first)"
	case bytes.HasPrefix(head, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		return "a zstd file (unpack it first)"
	case bytes.HasPrefix(head, []byte("\xfd7zXZ")):
		return "an xz file (unpack it first)"
	case bytes.HasPrefix(head, []byte("PYTORCH1")):
		return "a preview of torch's old container, which torch itself does not read"
	case bytes.HasPrefix(head, []byte("FUGG")):
		return "the magic FUGG, which is not GGUF's in any byte order"
	case allZero(head):
		return fmt.Sprintf("%d zero bytes at the start (a file that was allocated and not yet written?)", len(head))
	case unfinished(path):
		return "a file whose name is that of an unfinished download"
	}
	return fmt.Sprintf("bytes %q", head[:min(len(head), 16)])
}

func allZero(b []byte) bool {
	return len(b) > 0 && len(bytes.Trim(b, "\x00")) == 0
}

func unfinished(path string) bool {
	switch filepath.Ext(path) {
	case ".part", ".tmp", ".incomplete", ".crdownload", ".aria2", ".download":
		return true
	}
	return strings.Contains(filepath.Base(path), ".tmp.")
}
