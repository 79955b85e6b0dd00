package shards

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"olmotool/formats"
)

// OpenIndex opens all files of the index at path, each with open, and joins
// them to one checkpoint: its tensors are those of the files, in the order of
// the files' names and, within a file, in that of the file. The caller closes
// it. It is an error if a tensor is in two files, in another file than the
// index says, or in none. Findings tell of tensors that the index does not
// list, of a wrong total size, of files that look like shards and are not
// listed, and of metadata in which the files do not agree.
func OpenIndex(path string, open func(path string) (*formats.Checkpoint, error)) (*formats.Checkpoint, error) {
	x, err := ReadIndex(path)
	if err != nil {
		return nil, err
	}
	fi, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	c := &formats.Checkpoint{Path: path, Files: []formats.File{{Path: path, Bytes: fi.Size()}}}
	m := merger{path: path, to: c, index: make(map[string]string, len(x.WeightMap)), found: make(map[string]string, len(x.WeightMap))}
	for _, e := range x.WeightMap {
		m.index[e.Tensor] = e.File
	}
	if err := m.openAll(x, open); err != nil {
		_ = c.Close() // err is what matters
		return nil, err
	}
	return c, nil
}

// merger joins the shards of one index.
type merger struct {
	path  string
	to    *formats.Checkpoint
	index map[string]string // tensor → file, as the index says
	found map[string]string // tensor → file, as it is
}

func (m *merger) openAll(x *Index, open func(string) (*formats.Checkpoint, error)) error {
	files := x.Files()
	for i, file := range files {
		c, err := open(filepath.Join(filepath.Dir(m.path), file))
		if err != nil {
			return err
		}
		m.to.Closers = append(m.to.Closers, c.Closers...)
		if err := m.add(file, c); err != nil {
			return err
		}
		m.metadata(i == 0, c)
	}
	var missing []string
	for _, e := range x.WeightMap {
		if _, ok := m.found[e.Tensor]; !ok {
			missing = append(missing, e.Tensor)
		}
	}
	if len(missing) > 0 {
		return formats.Errorf(m.path, "weight_map", "found %d tensors that are in no file, expected them in those that the index names: %s", len(missing), list(missing))
	}
	m.checkSize(x)
	return m.checkDirectory(files)
}

// add takes over what one file holds.
func (m *merger) add(file string, c *formats.Checkpoint) error {
	unlisted, first := 0, ""
	for _, t := range c.Tensors {
		place := fmt.Sprintf("tensor %.120q", t.Name)
		if other, ok := m.found[t.Name]; ok {
			return formats.Errorf(m.path, place, "found in %q and in %q, expected in one file", other, file)
		}
		switch want, ok := m.index[t.Name]; {
		case !ok:
			if unlisted++; unlisted == 1 {
				first = t.Name
			}
		case want != file:
			return formats.Errorf(m.path, place, "found in %q, expected in %q as the index says", file, want)
		}
		m.found[t.Name] = file
	}
	m.to.Tensors = append(m.to.Tensors, c.Tensors...)
	m.to.Files = append(m.to.Files, c.Files...)
	m.to.Findings = append(m.to.Findings, c.Findings...)
	if unlisted > 0 {
		m.finding(formats.Warning, "unlisted-tensors", file, "%d tensors are not listed in the index, the first is %.120q", unlisted, first)
	}
	return nil
}

func (m *merger) finding(s formats.Severity, code, where, format string, args ...any) {
	m.to.Findings = append(m.to.Findings, formats.Finding{Severity: s, Code: code, Where: where, Message: fmt.Sprintf(format, args...)})
}

// metadata keeps what all files agree in.
func (m *merger) metadata(first bool, c *formats.Checkpoint) {
	if first {
		m.to.Metadata = maps.Clone(c.Metadata)
		return
	}
	if maps.Equal(m.to.Metadata, c.Metadata) {
		return
	}
	m.finding(formats.Info, "metadata-differs", c.Path, "the metadata is not that of the files before it")
	maps.DeleteFunc(m.to.Metadata, func(k, v string) bool {
		other, ok := c.Metadata[k]
		return !ok || other != v
	})
}

// checkSize compares the size that the index gives. As its writers do, it
// counts bytes that several tensors of a file share once.
func (m *merger) checkSize(x *Index) {
	var total int64
	seen := map[formats.Origin]int64{}
	for _, t := range m.to.Tensors {
		n := t.Bytes()
		if t.Origin.Offset >= 0 {
			at := formats.Origin{File: t.Origin.File, Offset: t.Origin.Offset}
			known := seen[at]
			seen[at] = max(n, known)
			n = max(n-known, 0)
		}
		var err error
		if total, err = formats.AddChecked(total, n); err != nil {
			return // shared bytes beyond any size: nothing to compare
		}
	}
	if x.TotalSize != 0 && x.TotalSize != total {
		m.finding(formats.Warning, "total-size", m.path, "the index gives a total_size of %d bytes, the tensors have %d", x.TotalSize, total)
	}
}

// numbered matches what stands between prefix and extension in a shard's name.
var numbered = regexp.MustCompile(`^-[0-9]{5}-of-[0-9]{5}$`)

// checkDirectory looks for files that belong to the same checkpoint by their
// name and are not in the index: left over from an earlier save, or forgotten.
func (m *merger) checkDirectory(files []string) error {
	entries, err := os.ReadDir(filepath.Dir(m.path))
	if err != nil {
		return err
	}
	listed := map[string]bool{}
	for _, name := range files {
		listed[name] = true
	}
	single := strings.TrimSuffix(filepath.Base(m.path), indexSuffix)
	ext := filepath.Ext(single)
	prefix := strings.TrimSuffix(single, ext)
	for _, e := range entries {
		middle, isShard := strings.CutPrefix(strings.TrimSuffix(e.Name(), ext), prefix)
		isShard = isShard && strings.HasSuffix(e.Name(), ext) && (middle == "" || numbered.MatchString(middle))
		if isShard && !listed[e.Name()] && e.Type()&fs.ModeDir == 0 {
			m.finding(formats.Warning, "unlisted-file", e.Name(), "the file has the name of a shard and is not in the index")
		}
	}
	return nil
}
