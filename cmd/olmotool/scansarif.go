package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"olmotool/convert"
	"olmotool/inspect/scan"
	"olmotool/internal/atomicfile"
)

var sarifFile = kindOfFile{"a SARIF file", func(b []byte) bool { return bytes.HasPrefix(b, []byte("{\n  \"$schema\"")) }}

// mayWriteSARIF makes sure, before the scan, that its file is not there, or may
// be replaced. It is made afterwards, or the scan would find its beginnings.
func mayWriteSARIF(path string, force bool) error {
	if path == "" || path == "-" {
		return nil
	}
	if _, err := os.Lstat(path); err == nil && !force {
		return fmt.Errorf("%s: %w (use --force to replace it)", path, atomicfile.ErrExists)
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return usageError("--sarif: %w", err)
	}
	return sarifFile.replaceable(path, force)
}

// writeSARIF writes the findings to a new file.
func writeSARIF(path string, r *scan.Report, force bool, args []string) error {
	out, err := atomicfile.Create(path, atomicfile.Options{Force: force, Protect: slices.Clone(args)})
	if err != nil {
		return usageError("%w", err)
	}
	defer out.Abort()
	f, err := out.File("", -1)
	if err == nil {
		err = writeJSON(f, r.SARIF(version()))
	}
	if err == nil {
		err = out.Commit()
	}
	if err != nil {
		return &convert.OutputError{Err: err}
	}
	return nil
}
