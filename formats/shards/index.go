package shards

import (
	"io"
	"path/filepath"
	"slices"
	"strings"

	"olmotool/formats"
)

const (
	// maxIndexBytes is the largest index that is read. A million tensors with
	// long names fit; real indexes stay below ten megabytes.
	maxIndexBytes = 64 << 20

	// maxTensors is how many tensors an index may list, as many as a file of
	// safetensors may hold.
	maxTensors = 1_000_000

	// maxShards is how many files an index may name: every one is kept open.
	// The largest public models have some hundreds.
	maxShards = 4096

	// maxFileName is the longest file name, in bytes, of common file systems.
	maxFileName = 255
)

// indexSuffix ends the name of an index, after the name that a checkpoint of a
// single file would have.
const indexSuffix = ".index.json"

// Index says which file holds which tensor.
type Index struct {
	// WeightMap is in the order of the index.
	WeightMap []Entry
	// TotalSize is the number of bytes of all tensors, and TotalParameters that
	// of their elements, as the index has them; 0 if it does not say.
	TotalSize, TotalParameters int64
}

// Entry is the place of one tensor.
type Entry struct {
	Tensor string
	File   string // a name without a directory
}

// Files returns the names of the files, each once, in alphabetical order.
func (x *Index) Files() []string {
	var names []string
	seen := map[string]bool{}
	for _, e := range x.WeightMap {
		if !seen[e.File] {
			seen[e.File] = true
			names = append(names, e.File)
		}
	}
	slices.Sort(names)
	return names
}

// ReadIndex reads an index, whose name ends in ".safetensors.index.json" or
// ".bin.index.json", and makes sure that it names only files that exist in its
// directory; all that are missing are in one error.
func ReadIndex(path string) (*Index, error) {
	f, size, err := formats.OpenRegular(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if size > maxIndexBytes {
		return nil, formats.Errorf(path, "", "found %d bytes, expected an index of at most %d", size, maxIndexBytes)
	}
	var text strings.Builder
	if _, err := io.Copy(&text, io.LimitReader(f, maxIndexBytes)); err != nil {
		return nil, formats.Errorf(path, "", "%w", err)
	}
	x, err := parseIndex(text.String(), path)
	if err != nil {
		return nil, err
	}
	if err := checkFiles(path, x.Files()); err != nil {
		return nil, err
	}
	return x, nil
}

// extension returns how the names of the files end that the index at path may
// name: it can be had from the index's own name.
func extension(path string) (string, error) {
	single, ok := strings.CutSuffix(filepath.Base(path), indexSuffix)
	if ext := filepath.Ext(single); ok && (ext == ".safetensors" || ext == ".bin") {
		return ext, nil
	}
	return "", formats.Errorf(path, "", "found this name, expected one that ends in .safetensors%s or .bin%s", indexSuffix, indexSuffix)
}
