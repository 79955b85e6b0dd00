package main

import "strings"

// anyFileCases are files that are no checkpoint at all, among them what is
// often found in the place of one.
func anyFileCases() []malformed {
	const noKind = `, expected a safetensors, torch or GGUF file$`
	return []malformed{
		file("empty", "model.safetensors", "", `found an empty file \(.*\)`+noKind),
		file("one byte", "model.pt", "\x80", `found bytes "\\x80"`+noKind),
		file("seven bytes", "model.gguf", "GGUG\x03\x00\x00", `found bytes "GGUG`),
		file("seven bytes of GGUF", "model.gguf", "GGUF\x03\x00\x00", `found `),
		file("zeros", "model.safetensors", strings.Repeat("\x00", 600), `found 512 zero bytes at the start`),
		file("text", "model.pt", "hello, world\n", `found bytes "hello, world\\n"`+noKind),
		file("Git LFS pointer", "model.safetensors", "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 4400\n",
			`found a Git LFS pointer to "sha256:4d7a" of "4400" bytes`),
		file("Git LFS pointer with escapes", "model.safetensors", "version https://git-lfs.github.com/spec/v1\noid \x1b[2J\nsize 4400\n",
			`found a Git LFS pointer to "\\x1b\[2J"`),
		file("web page", "pytorch_model.bin", "<!DOCTYPE html>\n<title>404</title>", `found a web page`),
		file("server's error", "model.gguf", `{"error":"Repository not found"}`, `found a server's error message`),
		file("gzip", "model.pt", "\x1f\x8b\x08\x00\x00\x00\x00\x00", `found a gzip file`),
		file("7z", "model.pt", "7z\xbc\xaf\x27\x1c\x00\x04", `found a 7z archive`),
		file("zstd", "model.safetensors", "\x28\xb5\x2f\xfd\x04\x00", `found a zstd file`),
		file("xz", "model.safetensors", "\xfd7zXZ\x00\x00\x04", `found an xz file`),
		file("tar, as torch 0.1", "model.pt", strings.Repeat("\x00", 257)+"ustar\x0000"+strings.Repeat("\x00", 248), `tar archive`),
		file("unfinished download", "model.gguf.part", "not yet a model", `found a file whose name is that of an unfinished download`),
		file("unknown container", "model.bin", "PYTORCH1 and more", `found bytes "PYTORCH1`),
	}
}
