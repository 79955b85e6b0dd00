package recipe

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v4"

	"olmotool/formats"
)

// Ref names a model: a path, or a repository of the Hugging Face hub of which
// there is a copy on this machine.
type Ref struct {
	Name     string
	Revision string // branch, tag or commit; empty: that of the name
}

func (r Ref) String() string {
	if r.Revision == "" {
		return r.Name
	}
	return r.Name + "@" + r.Revision
}

// ref reads the name of a model, "path@revision" or a mapping of the two.
func (p *parser) ref(n *yaml.Node) (Ref, error) {
	if n.Kind != yaml.MappingNode {
		s, err := p.text(n, "the path of a model")
		if err != nil {
			return Ref{}, err
		}
		r, err := ParseRef(s)
		if err != nil {
			err = p.errorf(n, "%w", err)
		}
		return r, err
	}
	var r Ref
	err := p.object(n, "a model's name", []key{
		{"model", func(n *yaml.Node) (err error) {
			r, err = p.modelPath(n)
			return err
		}},
		{"lora", p.refuse("an adapter (lora), which is not merged into its model here: merge it first")},
		{"override_architecture", p.refuse("override_architecture: a model is what its own config says")},
	}, nil)
	if err == nil && r.Name == "" {
		err = p.errorf(n, "found no key model, expected the path of a model")
	}
	return r, err
}

// modelPath reads the inner part of a model's name.
func (p *parser) modelPath(n *yaml.Node) (Ref, error) {
	if n.Kind != yaml.MappingNode {
		return p.ref(n)
	}
	var r Ref
	err := p.object(n, "a model's path", []key{
		{"path", func(n *yaml.Node) (err error) {
			r.Name, err = p.text(n, "a path")
			return err
		}},
		{"revision", func(n *yaml.Node) (err error) {
			r.Revision, err = p.text(n, "a branch, tag or commit")
			return err
		}},
	}, nil)
	return r, err
}

// ParseRef reads the name of a model, "path" or "path@revision".
func ParseRef(s string) (Ref, error) {
	if model, adapter, ok := strings.Cut(s, "+"); ok {
		return Ref{}, fmt.Errorf("found the adapter %.80q with the model %.80q, which is not merged into it here, expected a model: merge it first", adapter, model)
	}
	name, revision, ok := strings.Cut(s, "@")
	if strings.Contains(revision, "@") || name == "" || ok && revision == "" {
		return Ref{}, fmt.Errorf("found %.80q, expected path@revision", s)
	}
	return Ref{name, revision}, nil
}

// refuse is what reads a key that mergekit has and this package does not.
func (p *parser) refuse(what string) func(n *yaml.Node) error {
	return func(n *yaml.Node) error { return p.errorf(n, "found %s", what) }
}

const (
	// maxCommit bounds what is read of a file that holds a commit's name.
	maxCommit = 256
	mainRef   = "main"
)

// repository is the name of one on the hub.
var repository = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,95}(/[A-Za-z0-9][A-Za-z0-9._-]{0,95})?$`)

// Path returns where the model lies: the name itself if there is something by
// that name or it is of the kind "random:…", else the copy of that revision in the
// hub's cache (HF_HUB_CACHE, HF_HOME/hub or ~/.cache/huggingface/hub). Nothing is
// downloaded.
func (r Ref) Path() (string, error) {
	_, err := os.Stat(r.Name)
	if err == nil || strings.HasPrefix(r.Name, "random:") {
		if r.Revision != "" {
			return "", formats.Errorf(r.Name, "", "found a revision (%.80q) of a path on this machine, expected a name on the hub with it", r.Revision)
		}
		return r.Name, nil
	}
	if !errors.Is(err, fs.ErrNotExist) || !repository.MatchString(r.Name) || strings.Contains(r.Name, "--") || strings.Contains(r.Name, "..") {
		return "", missing(r.Name, err)
	}
	cache := hubCache()
	repo := filepath.Join(cache, "models--"+strings.ReplaceAll(r.Name, "/", "--"))
	if _, err := os.Stat(repo); err != nil {
		return "", formats.Errorf(r.Name, "", "found neither a path of this name nor a copy of such a repository in %s, expected one: nothing is downloaded", cache)
	}
	revision := r.Revision
	if revision == "" {
		revision = mainRef
	}
	if !filepath.IsLocal(filepath.FromSlash(revision)) {
		return "", formats.Errorf(r.Name, "", "found the revision %.80q, expected a branch, tag or commit", revision)
	}
	commit, err := readCommit(filepath.Join(repo, "refs", filepath.FromSlash(revision)))
	if errors.Is(err, fs.ErrNotExist) {
		commit, err = revision, nil
	}
	if err != nil {
		return "", err
	}
	dir := filepath.Join(repo, "snapshots", commit)
	if fi, err := os.Stat(dir); err != nil || !fi.IsDir() || !filepath.IsLocal(commit) {
		return "", formats.Errorf(r.String(), "", "found no copy of revision %.80q in %s, expected one: nothing is downloaded", revision, repo)
	}
	return dir, nil
}

func missing(name string, err error) error {
	if pe := (*fs.PathError)(nil); errors.As(err, &pe) {
		return formats.Errorf(name, "", "%w", pe.Err)
	}
	return formats.Errorf(name, "", "found no model by this name")
}

// hubCache is where the hub's library keeps its copies.
func hubCache() string {
	for _, c := range []struct{ env, below string }{
		{"HF_HUB_CACHE", ""}, {"HUGGINGFACE_HUB_CACHE", ""}, {"HF_HOME", "hub"}, {"XDG_CACHE_HOME", "huggingface/hub"},
	} {
		if dir := os.Getenv(c.env); dir != "" {
			return filepath.Join(dir, filepath.FromSlash(c.below))
		}
	}
	home, err := os.UserHomeDir()
	if err != nil {
		home = "."
	}
	return filepath.Join(home, ".cache", "huggingface", "hub")
}

// readCommit returns the commit that a branch or tag stands for.
func readCommit(path string) (string, error) {
	f, _, err := formats.OpenRegular(path)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) || isDir(path) {
			return "", fs.ErrNotExist
		}
		return "", err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxCommit+1))
	if err != nil {
		return "", err
	}
	commit := strings.TrimSpace(string(b))
	if len(b) > maxCommit || commit == "" || strings.ContainsAny(commit, `/\`) {
		return "", formats.Errorf(path, "", "found %s, expected the name of a commit", fmt.Sprintf("%.80q", b))
	}
	return commit, nil
}

func isDir(path string) bool {
	fi, err := os.Stat(path)
	return err == nil && fi.IsDir()
}
