package convert

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"olmotool/formats"
	"olmotool/internal/atomicfile"
	"olmotool/internal/stream"
)

// OutputError says that the output is complete and could not be put in place.
type OutputError struct{ Err error }

func (e *OutputError) Error() string { return e.Err.Error() }

func (e *OutputError) Unwrap() error { return e.Err }

// rehearse says what write would make.
func (c *conversion) rehearse() error {
	for _, f := range c.plan.Files {
		c.result.Output = append(c.result.Output, OutputFile{Path: c.path(f.Name), Bytes: f.Size()})
	}
	if c.Provenance {
		name, b, err := c.provenance()
		if err != nil {
			return err
		}
		c.result.Output = append(c.result.Output, OutputFile{Path: c.path(name), Bytes: int64(len(b))})
	}
	for _, f := range c.result.Output {
		path := f.Path
		if c.plan.Dir {
			path = c.Dst
		}
		if _, err := os.Lstat(path); err == nil && !c.Force {
			return usagef("%s: %w", path, atomicfile.ErrExists)
		}
	}
	return nil
}

// write carries the plan out.
func (c *conversion) write(ctx context.Context) error {
	out, err := c.create()
	if err != nil {
		return &UsageError{err}
	}
	defer out.Abort()
	r := &c.result
	so := stream.Options{Threads: c.Threads, Hash: !c.NoHash, Progress: c.stage("writing", c.planned())}
	var h *content
	if !c.NoHash {
		if h, err = newContent(c.plan); err != nil {
			return err
		}
		so.Tap = h.tap
	}
	files, err := stream.Write(ctx, out, c.plan.Files, so)
	if err != nil {
		return c.whole(err)
	}
	for _, f := range files {
		r.Output = append(r.Output, OutputFile{c.path(f.Name), f.Bytes, f.SHA256})
	}
	for _, s := range []*formats.CastStats{&c.stats, c.Lost} {
		r.Casts.add(s)
	}
	if !c.NoHash {
		if r.Digest, err = h.digest(ctx, c.Threads); err != nil {
			return err
		}
	}
	for _, in := range c.inputs {
		if err := in.CheckSums(); err != nil {
			return err
		}
	}
	if c.Verify || c.VerifyForward {
		if err := c.verify(ctx, out); err != nil {
			return err
		}
	}
	if c.VerifyForward {
		if err := c.proveForward(ctx, out); err != nil {
			return err
		}
	}
	if c.Provenance {
		if err := c.writeProvenance(out); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := out.Commit(); err != nil {
		return &OutputError{err}
	}
	return nil
}

// create makes the temporary output. What the conversion reads must survive it.
func (c *conversion) create() (staged, error) {
	ao := atomicfile.Options{Force: c.Force}
	protect := []string{c.TokenizerDir, c.MetadataFile}
	for _, in := range c.inputs {
		protect = append(protect, in.Beside.Dir)
		for _, f := range in.Files {
			protect = append(protect, f.Path)
		}
	}
	for _, p := range protect {
		if p != "" {
			ao.Protect = append(ao.Protect, p)
		}
	}
	if c.plan.Dir {
		if err := c.replaceable(); err != nil {
			return staged{}, err
		}
		out, err := atomicfile.CreateDir(c.Dst, ao)
		return staged{out, false}, err
	}
	if fi, err := os.Stat(c.Dst); err == nil && fi.IsDir() {
		return staged{}, usagef("%s: found a directory, expected the name of a file to make", c.Dst)
	}
	var names []string
	for _, f := range c.plan.Files {
		names = append(names, f.Name)
	}
	if c.Provenance {
		names = append(names, names[0]+provenanceExt)
	}
	if len(names) == 1 {
		out, err := atomicfile.Create(c.path(names[0]), ao)
		return staged{out, true}, err
	}
	out, err := atomicfile.CreateSet(filepath.Dir(c.Dst), names, ao)
	return staged{out, false}, err
}

// replaceable makes sure that a directory that would be removed with everything
// in it is not the folder of all somebody's models: what has directories in it
// must have a model's config, too.
func (c *conversion) replaceable() error {
	es, err := os.ReadDir(c.Dst)
	if err != nil || !c.Force {
		return nil // none there, or atomicfile has the message
	}
	sub := ""
	for _, e := range es {
		switch name := e.Name(); {
		case name == "config.json" || name == "config.yaml":
			return nil
		case e.IsDir():
			sub = name
		}
	}
	if sub != "" {
		return usagef("%s: found directories (%q) and no config.json or config.yaml, expected a checkpoint to replace: remove it yourself if nothing in it is needed", c.Dst, sub)
	}
	return nil
}

// staged is an output in the making, by the names of the plan.
type staged struct {
	*atomicfile.Output
	single bool // the only file of an output has no name in it
}

func (s staged) name(name string) string {
	if s.single {
		return ""
	}
	return name
}

// File makes a file of the output.
func (s staged) File(name string, size int64) (*os.File, error) {
	return s.Output.File(s.name(name), size)
}

// Staged returns where a file of the output can be read before it is put in place.
func (s staged) Staged(name string) string { return s.Output.Staged(s.name(name)) }

// path is where a file of the plan will be.
func (c *conversion) path(name string) string {
	if c.plan.Dir {
		return filepath.Join(c.Dst, filepath.FromSlash(name))
	}
	return filepath.Join(filepath.Dir(c.Dst), name)
}

// whole makes an error about a file by its name in the plan name its path.
func (c *conversion) whole(err error) error {
	if errors.As(err, new(*formats.Error)) {
		return err // about the input
	}
	for _, f := range c.plan.Files {
		if strings.HasPrefix(err.Error(), f.Name+": ") {
			return fmt.Errorf("%s%w", strings.TrimSuffix(c.path(f.Name), f.Name), err)
		}
	}
	return err
}

// planned is the size of all files together.
func (c *conversion) planned() (n int64) {
	for _, f := range c.plan.Files {
		n += f.Size()
	}
	return n
}

// stage tells Progress that a stage begins.
func (c *conversion) stage(name string, total int64) func(int64) {
	if c.Progress == nil {
		return nil
	}
	return c.Progress(name, total)
}
