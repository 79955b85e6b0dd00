// Package atomicfile is the one way in which olmotool puts files on disk: an
// output appears under its name complete and durable, or not at all.
//
// An [Output] is begun by [Create] (one file), [CreateDir] (a directory of
// files) or [CreateSet] (some files of a directory that exists). Files are made
// with [Output.File] in a staging directory beside the destination, named
// .NAME.RANDOM.tmp; [Output.Commit] flushes them to the disk and renames them
// into place, [Output.Abort] removes them:
//
//	out, err := atomicfile.CreateDir("model", atomicfile.Options{})
//	if err != nil {
//		return err
//	}
//	defer out.Abort() // does nothing once Commit has succeeded
//	f, err := out.File("config.json", int64(len(text)))
//	…
//	return out.Commit()
//
// Nothing at the destination is touched before Commit. A process that is killed
// leaves at most its staging directory behind, which is safe to delete (and,
// killed while it replaced a set, the old files in .NAME.RANDOM.old). The
// package never deletes those of others, because it cannot know whether they
// are still being written. Signals are the caller's: cancel, return, and let
// the deferred Abort run.
//
// # Promises
//
// One file, and a directory, are put in place by one atomic operation where the
// system has it (Linux renameat2, macOS renamex_np). Without [Options.Force] it
// is one that cannot replace anything, so of two processes with one destination
// the second fails. With Force a directory is exchanged for the old one, which
// is then removed with everything in it. On file systems without these
// operations the nearest portable ones are used; then there is a moment in
// which a replaced directory is absent.
//
// A set is renamed file by file. Its first file is the last to be put in place,
// and with Force the old first file is the first to be taken away, so a crash
// in between leaves a set without its first file, which no reader opens, and
// never one that mixes old and new.
//
// A destination that is a symbolic link is never replaced, nor written through:
// the link and what it points to may be on different file systems, and only the
// user knows which of the two was meant.
package atomicfile

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// ErrExists is wrapped by the error for a destination that exists when
// [Options.Force] is not set.
var ErrExists = errors.New("already exists")

// Options of a new output.
type Options struct {
	// Force replaces what is at the destination: a file by a file, a directory
	// with all its contents by a directory.
	Force bool

	// Protect lists paths, the sources of the output as a rule, that must
	// survive: an output that would replace one of them, or a directory that
	// holds one, is refused.
	Protect []string
}

// maxNamePart is how much of a destination's name a staging directory repeats:
// with the affixes it stays below the 255 bytes that file systems allow.
const maxNamePart = 200

// Output is an output in the making. Its methods may be called from several
// goroutines.
type Output struct {
	dst    string // what appears: a file, a directory; for a set the directory that holds it
	kind   kind
	names  []string // of a set, in its order
	force  bool
	parent string // the directory in which something is renamed
	stage  string // the staging directory
	root   *os.Root

	mu    sync.Mutex
	files []*staged
	done  bool
}

type kind int

const (
	single kind = iota
	directory
	set
)

// Create begins the output of one file at path. Its parent must exist.
func Create(path string, o Options) (*Output, error) {
	return begin(path, single, nil, o)
}

// CreateDir begins the output of a directory at path. Its parent must exist.
func CreateDir(path string, o Options) (*Output, error) {
	return begin(path, directory, nil, o)
}

// CreateSet begins the output of files that belong together in the existing
// directory dir. Names are plain file names; all of them must be written before
// Commit.
func CreateSet(dir string, names []string, o Options) (*Output, error) {
	if len(names) == 0 {
		return nil, fmt.Errorf("%s: a set of no files", dir)
	}
	for i, n := range names {
		if n != filepath.Base(n) || !filepath.IsLocal(n) || n == "." {
			return nil, fmt.Errorf("%s: found %q in a set, expected plain file names", dir, n)
		}
		for _, m := range names[:i] {
			if n == m {
				return nil, fmt.Errorf("%s: found %q twice in a set", dir, n)
			}
		}
	}
	return begin(dir, set, names, o)
}

func begin(path string, k kind, names []string, o Options) (*Output, error) {
	if path == "" {
		return nil, errors.New("the output has an empty path")
	}
	out := &Output{dst: filepath.Clean(path), kind: k, names: names, force: o.Force}
	targets := []string{out.dst}
	out.parent = filepath.Dir(out.dst)
	label := filepath.Base(out.dst)
	if k == set {
		out.parent = out.dst
		label = names[0]
		targets = nil
		for _, n := range names {
			targets = append(targets, filepath.Join(out.dst, n))
		}
	} else if label == "." || label == ".." || label == string(filepath.Separator) {
		return nil, fmt.Errorf("%s: this names an existing directory, expected a new name", path)
	}
	if fi, err := os.Stat(out.parent); err != nil {
		return nil, fmt.Errorf("%s: the directory to write in: %w", out.parent, cause(err))
	} else if !fi.IsDir() {
		return nil, fmt.Errorf("%s: found a file, expected a directory to write in", out.parent)
	}
	for _, t := range targets {
		if err := check(t, k, o); err != nil {
			return nil, err
		}
	}
	var err error
	if out.stage, err = makeSibling(out.parent, label, ".tmp"); err != nil {
		return nil, err
	}
	if out.root, err = os.OpenRoot(out.stage); err != nil {
		os.Remove(out.stage)
		return nil, fmt.Errorf("%s: %w", out.stage, cause(err))
	}
	return out, nil
}

// makeSibling makes the directory .LABEL.RANDOM+suffix in parent, with the
// permissions that the umask leaves, because it may become the output.
func makeSibling(parent, label, suffix string) (string, error) {
	if len(label) > maxNamePart {
		label = strings.ToValidUTF8(label[:maxNamePart], "")
	}
	path := filepath.Join(parent, "."+label+"."+rand.Text()[:12]+suffix)
	if err := sys.mkdir(path, 0o777); err != nil {
		return "", fmt.Errorf("%s: cannot write here: %w", parent, cause(err))
	}
	return path, nil
}

// cause drops the operation and the path that the standard library puts before
// the reason: messages here name what the user named.
func cause(err error) error {
	var p *os.PathError
	var l *os.LinkError
	switch {
	case errors.As(err, &p):
		return p.Err
	case errors.As(err, &l):
		return l.Err
	}
	return err
}
