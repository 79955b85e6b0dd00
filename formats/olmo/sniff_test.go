package olmo

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestNearMisses: what is often found in the place of a model, by its content.
func TestNearMisses(t *testing.T) {
	const want = ", expected a safetensors, torch or GGUF file"
	for text, found := range map[string]string{
		"":      "an empty file (an interrupted download or save?)",
		pointer: `a Git LFS pointer to "sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393" of "12345" bytes (fetch the file itself with "git lfs pull")`,
		"version https://git-lfs.github.com/spec/v1\r\noid \x1b[31m\r\nsize " + strings.Repeat("9", 99): `a Git LFS pointer to "\x1b[31m" of "99999999999999999999" bytes`,
		"<!DOCTYPE html><html>":                "a web page (a failed download?)",
		"\ufeff \n<HTML>":                      "a web page (a failed download?)",
		"<?xml version='1.0'?><Error>":         "an XML document (a server's error message?)",
		`{"error": "Not found"}`:               "a server's error message (a failed download?)",
		`{"message":"Repository not found"}`:   "a server's error message (a failed download?)",
		`{"version": "1.0", "truncation": 1}`:  "a JSON document",
		"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00": "a gzip file (unpack it first)",
		"7z\xbc\xaf\x27\x1c\x00\x04":           "a 7z archive (unpack it first)",
		"\x28\xb5\x2f\xfd\x24":                 "a zstd file (unpack it first)",
		"\xfd7zXZ\x00\x00":                     "an xz file (unpack it first)",
		"BZh91AY&SY":                           "a bzip2 file (unpack it first)",
		"\x04\x22\x4d\x18\x64":                 "an lz4 file (unpack it first)",
		"FUGG\x00\x00\x00\x03":                 "the magic FUGG, which is not GGUF's in any byte order",
		strings.Repeat("\x00", 4096):           "512 zero bytes at the start (a file that was allocated and not yet written?)",
		"\x00":                                 "1 zero bytes at the start (a file that was allocated and not yet written?)",
		"\x7fELF\x02\x01\x01":                  `bytes "\x7fELF\x02\x01\x01"`,
		"hello\x1b[2J, this is a text":         `bytes "hello\x1b[2J, this "`,
		"\x80\x06x":                            `bytes "\x80\x06x"`,
	} {
		path := filepath.Join(layOut(t, map[string]string{"x": text}), "x")
		_, err := Open(path, "")
		wantError(t, err, path+": found "+found)
		if !strings.Contains(found, "LFS") {
			wantError(t, err, path+": found "+found+want)
		}
	}
	for _, ext := range []string{".part", ".incomplete", ".crdownload", ".aria2", ".download", ".tmp"} {
		path := filepath.Join(layOut(t, map[string]string{"x.safetensors" + ext: "half of something"}), "x.safetensors"+ext)
		_, err := Open(path, "")
		wantError(t, err, path+": found a file whose name is that of an unfinished download"+want)
	}
	// The same where a model's file should be: the reader's own error is worse.
	for name, text := range map[string]string{
		"model.safetensors": "\x1f\x8b\x08", "pytorch_model.bin": pointer, "model.pt": "", "x.gguf": "<html>",
	} {
		files := map[string]string{name: text}
		switch name {
		case "model.safetensors", "pytorch_model.bin":
			files["config.json"] = "@" + tinyHF + "config.json"
		case "model.pt":
			files["config.yaml"] = "@" + mha + "olmo/config.yaml"
		}
		dir := layOut(t, files)
		_, err := Open(dir, "")
		wantError(t, err, filepath.Join(dir, name)+": found a", "expected a ")
	}
	// And a container that is one keeps its own error, however it begins.
	path := filepath.Join(layOut(t, map[string]string{"x": "\x1f\x8b\x00\x00\x00\x00\x00\x00{}"}), "x")
	_, err := Open(path, "")
	wantError(t, err, path+": ", "35615")
}

// TestOldContainers are left to torch's reader, which knows what to say.
func TestOldContainers(t *testing.T) {
	tar := make([]byte, 1024)
	copy(tar[257:], "ustar")
	for _, text := range []string{string(tar), "PK\x05\x06" + strings.Repeat("\x00", 18)} {
		path := filepath.Join(layOut(t, map[string]string{"x": text}), "x")
		_, err := Open(path, "")
		wantError(t, err, path+": ")
		if err != nil && strings.Contains(err.Error(), "expected a safetensors") {
			t.Errorf("got %v", err)
		}
	}
}
