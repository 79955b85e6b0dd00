package scan

import (
	"context"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"sync"

	"olmotool/formats"
)

// Paths looks at files, and at all files in directories, and reports what their
// pickles would do; none is executed. Files that cannot be read are in the
// report, and the rest goes on: the error is that of ctx. The report does not
// depend on threads, which is how many files are looked at at a time.
func Paths(ctx context.Context, paths []string, threads int) (*Report, error) {
	w := &walk{ctx: ctx}
	for _, p := range paths {
		w.path(p, 0)
	}
	var wg sync.WaitGroup
	next := make(chan int)
	for range max(threads, 1) {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := range next {
				w.jobs[i].run(ctx)
			}
		}()
	}
	for i := range w.jobs {
		next <- i
	}
	close(next)
	wg.Wait()
	r := &Report{Verdict: TensorsOnly, Files: make([]File, 0, len(w.jobs))}
	for _, j := range w.jobs {
		r.Files = append(r.Files, j.file)
		r.Verdict = max(r.Verdict, j.file.Verdict)
		if j.file.Unreadable {
			r.Unreadable++
		}
	}
	if len(r.Files) == 0 {
		r.Verdict = Inert
	}
	return r, ctx.Err()
}

// walk gathers what there is to look at.
type walk struct {
	ctx  context.Context
	jobs []*job
}

// job is one path to look at, or to tell of.
type job struct {
	path   string
	file   File
	told   []Finding // what the walk says of it
	skip   bool      // do not open it
	unread bool      // because the system would not give it
}

func (w *walk) add(path string) *job {
	j := &job{path: path}
	w.jobs = append(w.jobs, j)
	return j
}

func (w *walk) tell(path string, s formats.Severity, code, message string) *job {
	j := w.add(path)
	j.skip = true
	j.told = append(j.told, Finding{formats.Finding{Severity: s, Code: code, Message: message}, -1})
	return j
}

// path adds a path, which is depth directories below the one that was asked for.
func (w *walk) path(path string, depth int) {
	if w.ctx.Err() != nil || len(w.jobs) > maxFiles {
		return
	}
	if len(w.jobs) == maxFiles {
		w.tell(path, formats.Serious, "too-much", "found more files than are looked at").unread = true
		return
	}
	info, err := os.Stat(path)
	switch {
	case err != nil:
		w.fail(path, err)
	case info.IsDir():
		w.folder(path, depth)
	case info.Mode().IsRegular():
		w.add(path)
	case depth == 0:
		w.tell(path, formats.Serious, "unreadable", "found no regular file, expected a file or a directory").unread = true
	default:
		w.tell(path, formats.Info, "not-regular", "found a named pipe, a socket or a device, which is not opened")
	}
}

func (w *walk) folder(path string, depth int) {
	// A link to a directory leads in a circle, or out of what was asked for.
	if info, err := os.Lstat(path); depth > 0 && err == nil && info.Mode()&fs.ModeSymlink != 0 {
		w.tell(path, formats.Info, "linked-directory", "found a symbolic link to a directory, which is not followed")
		return
	}
	if depth == maxFolders {
		w.tell(path, formats.Serious, "too-deep", "found directories nested deeper than are looked at").unread = true
		return
	}
	entries, err := os.ReadDir(path)
	for _, e := range entries {
		w.path(filepath.Join(path, e.Name()), depth+1)
	}
	if err != nil {
		w.fail(path, err)
	}
}

func (w *walk) fail(path string, err error) {
	w.tell(path, formats.Serious, "unreadable", reason(err).Error()).unread = true
}

// run looks at the file.
func (j *job) run(ctx context.Context) {
	t := &target{ctx: ctx, file: &j.file, codes: map[string]int{}, work: workBase}
	j.file = File{Path: j.path, Format: "data", Pickles: []Pickle{}, Globals: []Global{}, Findings: append([]Finding{}, j.told...)}
	if j.unread {
		j.file.Unreadable = true
		t.raise(Malformed)
	}
	if !j.skip && ctx.Err() == nil {
		if f, size, err := formats.OpenRegular(j.path); err != nil {
			t.unreadable("", reason(err))
		} else {
			j.file.Bytes = size
			t.work += workPerByte * min(size, math.MaxInt64/(2*workPerByte))
			t.protect(func() {
				j.file.Format = t.look(content{r: f, size: size, name: filepath.Base(j.path)})
			})
			f.Close()
		}
	}
	t.finish()
}

func reason(err error) error {
	if pe := (*fs.PathError)(nil); errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

// protect turns a panic into a finding: one file must not end the scan of the
// others.
func (t *target) protect(look func()) {
	defer func() {
		if p := recover(); p != nil {
			t.malformed("internal-error", "", -1, "the scan of this file failed, please report it: %v", p)
		}
	}()
	look()
}
