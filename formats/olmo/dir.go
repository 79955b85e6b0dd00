package olmo

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"olmotool/formats"
	"olmotool/internal/ordjson"
)

// maxNames bounds how many entries of a directory are looked at.
const maxNames = 1 << 20

// coreConfig is the kind of an OLMo-core config.json, which has no model_type.
const coreConfig = "olmo-core"

// shardName matches the name of one file of a numbered set.
var shardName = regexp.MustCompile(`^(.+)-[0-9]{5}-of-[0-9]{5}(\.safetensors|\.bin)$`)

// dir is a directory under examination.
type dir struct {
	path  string
	names []string // of files, sorted
	subs  []string // of directories, sorted

	config    string // model_type of config.json, or coreConfig; empty if it is neither or missing
	configErr error  // why config.json cannot be read
}

func readDir(path string) (*dir, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, notFound(err)
	}
	defer f.Close()
	es, err := f.ReadDir(maxNames)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, notFound(err)
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
		d.config, d.configErr = configKind(filepath.Join(path, "config.json"))
	}
	return d, nil
}

// configKind tells what a config.json belongs to: its model_type, or coreConfig.
func configKind(path string) (string, error) {
	b, err := readBounded(path)
	if err != nil {
		return "", err
	}
	o, err := ordjson.ParseObject(b)
	if err != nil {
		return "", sniffed(formats.Errorf(path, "", "%w", err), "JSON")
	}
	if v, ok := o.Get("model_type"); ok {
		kind, _ := v.(string)
		return kind, nil
	}
	if v, _ := o.Get("model"); v != nil {
		if _, ok := v.(*ordjson.Object); ok {
			return coreConfig, nil
		}
	}
	return "", nil
}

func (d *dir) has(name string) bool {
	_, ok := slices.BinarySearch(d.names, name)
	return ok
}

func (d *dir) hasSub(name string) bool {
	_, ok := slices.BinarySearch(d.subs, name)
	return ok
}

// isHF reports whether config.json is that of an OLMo in transformers.
func (d *dir) isHF() bool {
	_, ok := architectures[d.config]
	return ok
}

// match returns the files whose names match a pattern of filepath.Match.
func (d *dir) match(pattern string) []string {
	var found []string
	for _, n := range d.names {
		if ok, _ := filepath.Match(pattern, n); ok {
			found = append(found, n)
		}
	}
	return found
}

// detect finds the one layout of the directory.
func (d *dir) detect() (*layout, error) {
	var found []*layout
	var names []string
	for _, l := range layouts {
		if l.match != nil && l.match(d) {
			found, names = append(found, l), append(names, l.name)
		}
	}
	switch {
	case d.configErr != nil && (len(found) == 0 || found[0] == ggufLayout):
		return nil, d.configErr
	case len(found) == 1:
		return found[0], nil
	case len(found) == 0:
		return nil, formats.Errorf(d.path, "", "found %s, expected a checkpoint", d.whatElse())
	}
	return nil, formats.Errorf(d.path, "", "found what could be %s, expected one: say which with --from", strings.Join(names, " or "))
}

// whatElse describes a directory that has no checkpoint.
func (d *dir) whatElse() string {
	ggufs := d.match("*.gguf")
	switch {
	case len(d.names)+len(d.subs) == 0:
		return "an empty directory"
	case d.isHF():
		return "config.json but no weights (model.safetensors or pytorch_model.bin, or their index: an interrupted download or save?)"
	case d.config == coreConfig:
		return "a config.json of OLMo-core but no model.pt, model.safetensors or model_and_optim"
	case len(pieces(d.path)) > 0, filepath.Base(d.path) == piecesDir && len(pieces(filepath.Join(d.path, ".."))) > 0:
		return "weights of OLMo-core in several files (model/…) but no config.json of OLMo-core above them"
	case d.config != "":
		return fmt.Sprintf("config.json of model_type %.80q", d.config)
	case d.has("config.json"):
		return "a config.json without model_type"
	case d.has("config.yaml"):
		return "config.yaml but no model.pt or model.safetensors"
	case len(ggufs) > 1:
		return fmt.Sprintf("%d GGUF files (give one of them)", len(ggufs))
	case slices.ContainsFunc(d.names, shardName.MatchString):
		return "shards but no config.json"
	case len(d.match("*.safetensors"))+len(d.match("*.bin"))+len(d.match("*.pt"))+len(d.match("*.pth")) > 0:
		return "weights but no config.json or config.yaml (give the file itself to read it as bare tensors)"
	case slices.ContainsFunc(d.names, unfinished):
		return "files of an unfinished download or save"
	case len(d.names) == 0:
		return fmt.Sprintf("only directories (%s)", nameList(d.subs))
	}
	return fmt.Sprintf("no weights among %d files", len(d.names))
}
