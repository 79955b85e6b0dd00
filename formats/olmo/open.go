package olmo

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"olmotool/formats"
)

// Names of layouts that code asks for.
const (
	layoutHF          = "hf"
	layoutHFBin       = "hf-bin"
	layoutGGUF        = "gguf"
	layoutSafetensors = "safetensors"
)

// layout is one way in which a model is stored: a row of the table.
type layout struct {
	name string
	doc  string

	// match reports whether a directory has the files of the layout. It looks at
	// names only, and at the kind of config.
	match func(d *dir) bool
	// open opens a matching directory, or a file when the layout is one.
	open func(path string) (*Source, error)
	// canonical gives the tensors of a source their canonical names and shapes.
	canonical func(s *Source) ([]formats.Tensor, error)
	// plan is the way out; nil for a layout that is only read.
	plan func(m *Model, o PlanOptions) (*Plan, error)
}

// layouts is the table of what olmotool knows. Order matters only for print:
// a path that fits two rows is ambiguous.
var layouts []*layout

// The table refers to functions that refer to the table.
func init() {
	layouts = []*layout{
		hfLayout, hfBinLayout, legacyLayout, coreUnshardedLayout, ggufLayout,
		bareSafetensorsLayout, bareTorchLayout,
	}
	layouts = append(layouts, unread...)
}

// Layouts returns the names of the layouts that can be written, for help texts
// and completion, each with a line about it.
func Layouts() (names, docs []string) {
	for _, l := range layouts {
		if l.plan != nil {
			names, docs = append(names, l.name), append(docs, l.doc)
		}
	}
	return names, docs
}

// IsLayout reports whether a name is in the table.
func IsLayout(name string) bool {
	_, err := findLayout(name)
	return err == nil
}

func findLayout(name string) (*layout, error) {
	var names []string
	for _, l := range layouts {
		if l.name == name {
			return l, nil
		}
		names = append(names, l.name)
	}
	return nil, fmt.Errorf("unknown layout %q, expected one of %s", name, strings.Join(names, ", "))
}

// Open finds out what path is, by its content, and opens it: a file, a
// directory, or one shard of a set, which stands for the set. from names a
// layout to settle an ambiguity; empty, none. A path that starts with "random:"
// is made up (see [Random]).
func Open(path, from string) (*Source, error) {
	if spec, ok := strings.CutPrefix(path, randomPrefix); ok {
		return openRandom(spec)
	}
	fi, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	var l *layout
	if from != "" {
		if l, err = findLayout(from); err != nil {
			return nil, err
		}
	} else if fi.IsDir() {
		d, err := readDir(path)
		if err != nil {
			return nil, err
		}
		if l, err = d.detect(); err != nil {
			return nil, err
		}
	} else {
		return openFile(path)
	}
	return l.openAt(path)
}

func (l *layout) openAt(path string) (*Source, error) {
	if l.open == nil {
		return nil, formats.Errorf(path, "", "found the layout %s (%s), which this version does not read", l.name, l.doc)
	}
	s, err := l.open(path)
	if err != nil {
		return nil, err
	}
	s.Layout, s.layout = l.name, l
	if s.Path == "" {
		s.Path = path
	}
	return s, nil
}

// openFile opens a path that is not a directory. A file that belongs to a
// model's directory stands for the model.
func openFile(path string) (*Source, error) {
	base := filepath.Base(path)
	if parent, err := readDir(filepath.Dir(path)); err == nil {
		if l, err := parent.detect(); err == nil && l.open != nil && l != ggufLayout && parent.owns(l, base) {
			return l.openAt(parent.path)
		}
	}
	if strings.HasSuffix(base, ".index.json") {
		return bareSafetensorsLayout.openAt(path)
	}
	kind, err := sniff(path)
	if err != nil {
		return nil, err
	}
	switch kind {
	case kindGGUF:
		return ggufLayout.openAt(path)
	case kindTorch:
		return bareTorchLayout.openAt(path)
	}
	return bareSafetensorsLayout.openAt(path)
}

// dir is a directory under examination.
type dir struct {
	path   string
	names  []string // of files, sorted
	subs   []string // of directories, sorted
	config string   // model_type of config.json; "core" for OLMo-core's; empty if there is none
}

// maxNames bounds how many entries of a directory are looked at.
const maxNames = 1 << 20

func readDir(path string) (*dir, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	es, err := f.ReadDir(maxNames)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	d := &dir{path: path}
	for _, e := range es {
		name, isDir := e.Name(), e.IsDir()
		if e.Type()&os.ModeSymlink != 0 {
			if fi, err := os.Stat(filepath.Join(path, name)); err == nil {
				isDir = fi.IsDir()
			}
		}
		if isDir {
			d.subs = append(d.subs, name)
		} else {
			d.names = append(d.names, name)
		}
	}
	slices.Sort(d.names)
	slices.Sort(d.subs)
	if d.has("config.json") {
		d.config = configKind(filepath.Join(path, "config.json"))
	}
	return d, nil
}

func (d *dir) has(name string) bool {
	_, ok := slices.BinarySearch(d.names, name)
	return ok
}

func (d *dir) hasSub(name string) bool {
	_, ok := slices.BinarySearch(d.subs, name)
	return ok
}

// any returns the files whose names match a pattern of filepath.Match.
func (d *dir) any(pattern string) []string {
	var found []string
	for _, n := range d.names {
		if ok, _ := filepath.Match(pattern, n); ok {
			found = append(found, n)
		}
	}
	return found
}

// owns reports whether a file of the directory is among the weights that the
// layout reads.
func (d *dir) owns(l *layout, base string) bool {
	switch l {
	case hfLayout:
		return base == "model.safetensors" || base == safetensorsIndex || d.has(safetensorsIndex) && strings.HasSuffix(base, ".safetensors")
	case hfBinLayout:
		return base == "pytorch_model.bin" || base == torchIndex || d.has(torchIndex) && strings.HasSuffix(base, ".bin")
	case legacyLayout, coreUnshardedLayout:
		return base == "model.pt" || base == "model.safetensors"
	}
	return false
}

// detect finds the one layout of the directory.
func (d *dir) detect() (*layout, error) {
	var found []*layout
	for _, l := range layouts {
		if l.match != nil && l.match(d) {
			found = append(found, l)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return nil, formats.Errorf(d.path, "", "found %s, expected a checkpoint", d.whatElse())
	}
	var names []string
	for _, l := range found {
		names = append(names, l.name)
	}
	return nil, formats.Errorf(d.path, "", "found what could be %s, expected one: say which with --from", strings.Join(names, " or "))
}

// whatElse describes a directory that has no checkpoint.
func (d *dir) whatElse() string {
	switch {
	case len(d.names)+len(d.subs) == 0:
		return "an empty directory"
	case d.config != "" && d.config != "core":
		if d.config != OLMo1 && d.config != OLMo2 && d.config != OLMo3 {
			return fmt.Sprintf("config.json of model_type %q", d.config)
		}
		return "config.json but no weights (model.safetensors or pytorch_model.bin, or their index: an interrupted download or save?)"
	case len(d.any("model-*.safetensors")) > 0:
		return "shards but neither model.safetensors.index.json nor config.json"
	case len(d.any("*.safetensors"))+len(d.any("*.bin"))+len(d.any("*.pt")) > 0:
		return "weights but no config.json or config.yaml (give the file itself to read it as bare tensors)"
	case len(d.any("*.gguf")) > 1:
		return fmt.Sprintf("%d GGUF files (give one of them)", len(d.any("*.gguf")))
	case len(d.any("*.tmp"))+len(d.any("*.incomplete"))+len(d.any("*.part")) > 0:
		return "files of an unfinished download or save"
	case d.has("config.yaml"):
		return "config.yaml but no model.pt or model.safetensors"
	case d.config == "core":
		return "a config.json of OLMo-core but no model.pt, model.safetensors or model_and_optim"
	}
	if len(d.subs) > 0 && len(d.names) == 0 {
		return fmt.Sprintf("only directories (%s)", list(d.subs))
	}
	return fmt.Sprintf("no weights among %d files", len(d.names))
}
