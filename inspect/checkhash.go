package inspect

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"

	"olmotool/formats"
)

// hashed is a file and the SHA-256 that something says it has.
type hashed struct{ path, sum, by string }

// planHashes makes tasks of files whose SHA-256 is known: from a provenance file,
// or from the cache of Hugging Face, where large files are named by it.
func (k *checker) planHashes() error {
	all, err := k.provenance()
	if err != nil {
		return err
	}
	for _, f := range k.src.Files {
		if real, err := filepath.EvalSymlinks(f.Path); err == nil && filepath.Base(filepath.Dir(real)) == "blobs" && blobName.MatchString(filepath.Base(real)) {
			all = append(all, hashed{f.Path, filepath.Base(real), "the name of the blob"})
		}
	}
	for _, h := range all {
		n := len(k.tensors) + len(k.tasks)
		fi, err := os.Stat(h.path)
		if err != nil {
			k.note(n, found(formats.Serious, "missing-file", h.path, "found none, expected one by %s", h.by))
			continue
		}
		k.add(fi.Size(), func(ctx context.Context, buf []byte) error { return k.checkHash(ctx, buf, n, h) })
	}
	return nil
}

var blobName = regexp.MustCompile(`^[0-9a-f]{64}$`)

// provenance reads what convert wrote beside the files.
func (k *checker) provenance() ([]hashed, error) {
	path, dir := k.src.Path+".provenance.json", filepath.Dir(k.src.Path)
	if k.src.Beside.Dir != "" {
		dir = k.src.Beside.Dir
		path = filepath.Join(dir, "olmotool-provenance.json")
	}
	b, err := readSmall(path, maxSmall)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var p struct {
		Output []struct{ Name, SHA256 string } `json:"output"`
	}
	if err := json.Unmarshal(b, &p); err != nil {
		return nil, formats.Errorf(path, "", "%w", err)
	}
	var all []hashed
	for _, o := range p.Output {
		if o.SHA256 == "" {
			continue
		}
		if !filepath.IsLocal(o.Name) {
			return nil, formats.Errorf(path, "output", "found the name %.120q, expected one in the same directory", o.Name)
		}
		all = append(all, hashed{filepath.Join(dir, o.Name), o.SHA256, filepath.Base(path)})
	}
	return all, nil
}

func (k *checker) checkHash(ctx context.Context, buf []byte, n int, h hashed) error {
	f, _, err := formats.OpenRegular(h.path)
	if err != nil {
		return err
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.CopyBuffer(sum, struct{ io.Reader }{stopping{ctx, f}}, buf); err != nil {
		return err
	}
	k.mu.Lock()
	k.out.SHA256++
	k.mu.Unlock()
	if got := hex.EncodeToString(sum.Sum(nil)); got != h.sum {
		k.note(n, found(formats.Serious, "sha256-differs", h.path, "found SHA-256 %s, expected %.64s by %s", got, h.sum, h.by))
	}
	return nil
}

// stopping is a reader that ends when its context does.
type stopping struct {
	ctx context.Context
	r   io.Reader
}

func (s stopping) Read(p []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	return s.r.Read(p)
}
