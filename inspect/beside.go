package inspect

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"olmotool/formats"
	"olmotool/formats/olmo"
)

// Beside is the rest of a checkpoint's directory.
type Beside struct {
	Files int          `json:"files"`
	Bytes int64        `json:"bytes"`
	List  []BesideFile `json:"list"`           // in the order of their paths
	More  bool         `json:"more,omitempty"` // not all were looked at
}

// BesideFile is a file that holds none of the tensors.
type BesideFile struct {
	Path  string `json:"path"` // below the directory, with slashes
	Bytes int64  `json:"bytes"`
	Role  string `json:"role"` // "config", "tokenizer", "optimizer", "trainer", "weights", "provenance" or "other"
}

// Optimizer is the state that training needs to go on.
type Optimizer struct {
	Present bool     `json:"present"`
	Bytes   int64    `json:"bytes"`
	Where   []string `json:"where,omitempty"` // files, or names of tensors; the first of them
}

// lookBeside goes through the directory of a checkpoint. It opens nothing but
// directories, and does not follow links to them.
func (r *Report) lookBeside(src *olmo.Source) {
	r.Beside.List = []BesideFile{}
	if dir := src.Beside.Dir; dir != "" {
		w := walk{r: r, dir: dir, known: map[string]bool{}}
		for _, f := range src.Files {
			if rel, err := filepath.Rel(dir, f.Path); err == nil {
				w.known[filepath.ToSlash(rel)] = true
			}
		}
		w.dirAt("", 0)
		slices.SortFunc(r.Beside.List, func(a, b BesideFile) int { return strings.Compare(a.Path, b.Path) })
	}
	o := &r.Optimizer
	for _, f := range r.Beside.List {
		if f.Role == "optimizer" {
			o.Bytes += f.Bytes
			o.Where = append(o.Where, f.Path)
		}
	}
	tensors := src.Tensors
	if src.Distributed != nil {
		tensors = src.Distributed.Tensors
	}
	for _, t := range tensors {
		if optimizerTensor(t.Name) {
			o.Bytes += t.Bytes()
			o.Where = append(o.Where, t.Name)
		}
	}
	o.Present = len(o.Where) > 0
	o.Where = o.Where[:min(len(o.Where), maxListed)]
}

// optimizerTensor recognises Adam's moments by the names of torch's state dicts.
func optimizerTensor(name string) bool {
	return strings.HasPrefix(name, "optim.") || strings.HasPrefix(name, "optimizer") ||
		strings.HasSuffix(name, ".exp_avg") || strings.HasSuffix(name, ".exp_avg_sq")
}

// walk is a walk through a directory.
type walk struct {
	r     *Report
	dir   string
	known map[string]bool // paths of the files with the tensors
	seen  int
}

func (w *walk) dirAt(rel string, depth int) {
	b := &w.r.Beside
	fi, err := os.Lstat(filepath.Join(w.dir, filepath.FromSlash(rel)))
	if err == nil && !fi.IsDir() && rel != "" {
		return // no more what it was
	}
	d, err := os.Open(filepath.Join(w.dir, filepath.FromSlash(rel)))
	if err != nil {
		w.unreadable(rel, err)
		return
	}
	defer d.Close()
	es, err := d.ReadDir(maxBeside - w.seen + 1)
	if err != nil && !errors.Is(err, io.EOF) {
		w.unreadable(rel, err)
	}
	slices.SortFunc(es, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	for _, e := range es {
		if w.seen++; w.seen > maxBeside {
			if !b.More {
				b.More = true
				w.r.note(formats.Info, "many-files", w.dir, "the directory has more than %d files; the rest was not looked at", maxBeside)
			}
			return
		}
		w.entry(path.Join(rel, e.Name()), e, depth)
	}
}

func (w *walk) entry(rel string, e fs.DirEntry, depth int) {
	switch {
	case e.IsDir() && depth+1 < maxDepth:
		w.dirAt(rel, depth+1)
		return
	case e.IsDir():
		w.r.note(formats.Info, "deep-directory", rel, "not looked into")
		return
	case w.known[rel]:
		return
	}
	fi, err := os.Stat(filepath.Join(w.dir, filepath.FromSlash(rel))) // of what a link leads to
	switch {
	case err != nil:
		w.unreadable(rel, err)
	case fi.IsDir(): // a link, which may lead back
		w.r.note(formats.Info, "linked-directory", rel, "a link to a directory, which was not followed")
	case !fi.Mode().IsRegular():
		w.r.note(formats.Warning, "special-file", rel, "found a %s, expected regular files only", kindOfFile(fi.Mode()))
	default:
		b := &w.r.Beside
		b.Files++
		b.Bytes += fi.Size()
		b.List = append(b.List, BesideFile{rel, fi.Size(), role(rel)})
	}
}

func (w *walk) unreadable(rel string, err error) {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		err = pe.Err
	}
	w.r.note(formats.Warning, "unreadable", path.Join(".", rel), "%v", err)
}

func kindOfFile(m fs.FileMode) string {
	switch {
	case m&fs.ModeSocket != 0:
		return "socket"
	case m&fs.ModeNamedPipe != 0:
		return "named pipe"
	case m&fs.ModeDevice != 0:
		return "device"
	}
	return "special file"
}

// role tells by its name what a file is for.
func role(rel string) string {
	base, ext := path.Base(rel), path.Ext(rel)
	top, _, nested := strings.Cut(rel, "/")
	switch {
	case strings.HasPrefix(base, "optim") && (ext == ".pt" || ext == ".safetensors" || ext == ".bin"), nested && top == "optim":
		return "optimizer"
	case base == "train.pt", base == "other.pt", nested && top == "train", base == "trainer_state.json", base == "scheduler.pt", strings.HasPrefix(base, "rng_state"):
		return "trainer"
	case strings.HasPrefix(base, "tokenizer"), strings.HasPrefix(base, "chat_template"), strings.HasSuffix(base, ".jinja"),
		slices.Contains([]string{"vocab.json", "merges.txt", "special_tokens_map.json", "added_tokens.json"}, base):
		return "tokenizer"
	case strings.HasSuffix(base, "provenance.json"):
		return "provenance"
	case base == "config.json", base == "config.yaml", base == "generation_config.json", base == "metadata.yaml", base == ".metadata.json":
		return "config"
	case strings.HasSuffix(base, ".index.json"), slices.Contains([]string{".safetensors", ".bin", ".pt", ".pth", ".gguf", ".distcp"}, ext), base == ".metadata":
		return "weights"
	}
	return "other"
}
