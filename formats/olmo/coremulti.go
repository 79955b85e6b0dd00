package olmo

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"

	"olmotool/formats"
	"olmotool/formats/safetensors"
)

// maxPieces is how many files of one model are read: every one is kept open. The
// largest OLMo has 707 tensors.
const maxPieces = 4096

// piecesDir holds the files of a model that OLMo-core has unsharded into several.
const piecesDir = "model"

// pieceName matches them: one for each tensor, named after it with hyphens for
// the dots, or numbered chunks.
var pieceName = regexp.MustCompile(`^(model|chunk)-(.+)\.(pt|safetensors)$`)

// pieces returns the names of the files, sorted; none without them.
func pieces(dir string) []string {
	all, _ := Beside{dir}.ListDir(piecesDir)
	var names []string
	for _, n := range all {
		if pieceName.MatchString(n) {
			names = append(names, n)
		}
	}
	return names
}

// piecesRoot returns the directory with the config, for that with the pieces.
func piecesRoot(dir string) (root string, ok bool) {
	abs, err := filepath.Abs(dir)
	if err != nil || filepath.Base(abs) != piecesDir || exists(dir, "config.json") {
		return "", false
	}
	root = filepath.Join(dir, "..")
	kind, err := configKind(filepath.Join(root, "config.json"))
	return root, err == nil && kind == coreConfig && len(pieces(root)) > 0
}

// isPiece reports whether a file of the directory is a part of a model.
func (d *dir) isPiece(base string) bool {
	if !pieceName.MatchString(base) {
		return false
	}
	_, ok := piecesRoot(d.path)
	return ok
}

// checkPieces makes sure that the files are of one save, as far as names tell.
func checkPieces(dir string, names []string) error {
	if len(names) == 0 || len(names) > maxPieces {
		return formats.Errorf(dir, "", "found %d files of weights, expected 1 to %d", len(names), maxPieces)
	}
	first := pieceName.FindStringSubmatch(names[0])
	for i, name := range names {
		m := pieceName.FindStringSubmatch(name)
		if m[1] != first[1] || m[3] != first[3] {
			return formats.Errorf(dir, "", "found %.120q beside %.120q, expected files of one kind", name, names[0])
		}
		if want := fmt.Sprintf("%05d", i); m[1] == "chunk" && m[2] != want {
			return formats.Errorf(dir, "", "found %.120q, expected chunk-%s.%s before it: all chunks of a model", name, want, m[3])
		}
	}
	return nil
}

// openPieces joins the files in a directory's piecesDir to one checkpoint.
func openPieces(root string, c *Config) (*formats.Checkpoint, error) {
	names, dir := pieces(root), filepath.Join(root, piecesDir)
	if err := checkPieces(dir, names); err != nil {
		return nil, err
	}
	j := joiner{dir: dir, to: &formats.Checkpoint{Path: root}, in: map[string]string{}, keys: coreFileKeys(c)}
	for _, name := range names {
		if err := j.add(name); err != nil {
			_ = j.to.Close() // err is what matters
			return nil, err
		}
	}
	return j.to, nil
}

// joiner joins the files of one directory.
type joiner struct {
	dir  string
	to   *formats.Checkpoint
	in   map[string]string // tensor → file
	keys map[string]string // file without its extension → tensor
}

func (j *joiner) add(name string) error {
	path := filepath.Join(j.dir, name)
	ck, err := openPiece(path)
	if err != nil {
		return err
	}
	j.to.Closers = append(j.to.Closers, ck.Closers...)
	j.to.Files = append(j.to.Files, ck.Files...)
	j.to.Findings = append(j.to.Findings, ck.Findings...)
	for _, t := range ck.Tensors {
		if t.Name == "" { // the file is the tensor
			if t.Name = j.keys[strings.TrimSuffix(name, filepath.Ext(name))]; t.Name == "" {
				return formats.Errorf(path, "", "found a tensor alone, expected the name of the file to tell which one of the model it is")
			}
		}
		if other, ok := j.in[t.Name]; ok {
			return formats.Errorf(j.dir, fmt.Sprintf("tensor %.120q", t.Name), "found in %.120q and in %.120q, expected in one file", other, name)
		}
		j.in[t.Name] = name
		j.to.Tensors = append(j.to.Tensors, t)
	}
	return nil
}

func openPiece(path string) (*formats.Checkpoint, error) {
	if filepath.Ext(path) == ".safetensors" {
		ck, err := safetensors.Open(path)
		if err != nil {
			return nil, sniffed(err, kindSafetensors)
		}
		return ck, nil
	}
	f, err := openState(path)
	if err != nil {
		return nil, sniffed(err, kindTorch)
	}
	return f.Checkpoint, nil
}

// coreFileKeys maps the names of files without their extension to the names of
// the tensors in them, of which hyphens leave no trace.
func coreFileKeys(c *Config) map[string]string {
	keys := map[string]string{}
	for _, s := range c.Tensors() {
		name := coreName(s.Name)
		keys["model-"+strings.ReplaceAll(name, ".", "-")] = name
	}
	return keys
}

// coreName returns OLMo-core's name of a canonical tensor.
func coreName(name string) string {
	switch name {
	case embedName:
		return coreEmbed
	case normName:
		return coreNorm
	case headName:
		return coreHead
	}
	layer, module, _ := cutLayer(name, "model.layers.")
	return "blocks." + layer + "." + coreNames[module] + ".weight"
}
