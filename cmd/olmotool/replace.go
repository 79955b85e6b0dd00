package main

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
)

// kindOfFile is a kind of file that --force replaces: no more than another of its
// kind, lest a slip of the hand takes a config with it.
type kindOfFile struct {
	name  string
	looks func(start []byte) bool // at most 16 bytes
}

var (
	htmlPage = kindOfFile{"a page", func(b []byte) bool { return bytes.HasPrefix(b, []byte("<!DOCTYPE html>")) }}
	// tensorsFile is a safetensors file: the length of the header, and its start.
	tensorsFile = kindOfFile{"a safetensors file", func(b []byte) bool { return len(b) > 8 && b[8] == '{' }}
)

// replaceable refuses to replace what is at path with force, unless it is nothing,
// empty or of that kind. What cannot be read is left to who replaces it.
func (k kindOfFile) replaceable(path string, force bool) error {
	if fi, err := os.Stat(path); !force || err != nil || !fi.Mode().IsRegular() {
		return nil
	}
	f, err := os.Open(path)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	defer f.Close()
	start := make([]byte, 16)
	n, err := io.ReadFull(f, start)
	if n == 0 || k.looks(start[:n]) {
		return nil
	}
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	return usageError("%s: found another kind of file, expected %s to replace: remove it yourself if it is not needed", path, k.name)
}
