package shards

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"olmotool/formats"
)

// checkName refuses a name that is not that of a plain file in the directory,
// on any operating system.
func checkName(name, ext string) error {
	switch {
	case strings.ContainsAny(name, "/\\:\x00"), name == "..", !filepath.IsLocal(name):
		return fmt.Errorf("found file %.300q, expected the name of a file in the same directory", name)
	case len(name) > maxFileName:
		return fmt.Errorf("found a file name of %d bytes, expected at most %d", len(name), maxFileName)
	case !strings.HasSuffix(name, ext):
		return fmt.Errorf("found file %q, expected a name that ends in %s", name, ext)
	}
	return nil
}

// checkFiles makes sure that the files of the index at path are there.
func checkFiles(path string, names []string) error {
	dir := filepath.Dir(path)
	var missing []string
	for _, name := range names {
		file := filepath.Join(dir, name)
		fi, err := os.Lstat(file)
		if err == nil && fi.Mode()&fs.ModeSymlink != 0 {
			fi, err = FollowLink(dir, file)
		}
		switch {
		case errors.Is(err, fs.ErrNotExist):
			missing = append(missing, name)
		case err != nil:
			return err
		case !fi.Mode().IsRegular():
			return formats.Errorf(file, "", "found no regular file, expected one")
		}
	}
	if len(missing) > 0 {
		return formats.Errorf(path, "weight_map", "found %d of %d files, expected also %s",
			len(names)-len(missing), len(names), list(missing))
	}
	return nil
}

// FollowLink describes the file that a symbolic link in dir leads to. The link
// may lead to a file below dir, or to one in the directory of blobs of the
// Hugging Face cache, where models are kept as snapshots/REVISION/FILE ->
// ../../blobs/HASH. It may not lead to another link.
func FollowLink(dir, link string) (fs.FileInfo, error) {
	target, err := os.Readlink(link)
	if err != nil {
		return nil, err
	}
	refuse := func() error {
		return formats.Errorf(link, "", "found a symbolic link to %q, expected one to a file in this directory or in the cache's blobs", target)
	}
	// Directories above the link are the user's choice: only what the link adds
	// to the real directory is judged.
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return nil, err
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return nil, err
	}
	to := target
	if !filepath.IsAbs(to) {
		to = filepath.Join(dir, to)
	}
	parent, err := filepath.EvalSymlinks(filepath.Dir(to))
	if err != nil {
		return nil, err
	}
	to = filepath.Join(parent, filepath.Base(to))
	rel, err := filepath.Rel(dir, to)
	if err != nil || !filepath.IsLocal(rel) && parent != filepath.Join(dir, "..", "..", "blobs") {
		return nil, refuse()
	}
	fi, err := os.Lstat(to)
	if err != nil {
		return nil, err
	}
	// The system must come to the same file.
	if opened, err := os.Stat(link); err != nil || !os.SameFile(fi, opened) {
		return nil, refuse()
	}
	return fi, nil
}

// list names things for a message, up to a number that a person still reads.
func list(names []string) string {
	const most = 50
	var b strings.Builder
	for i, name := range names {
		if i == most {
			fmt.Fprintf(&b, " and %d more", len(names)-most)
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%.300q", name)
	}
	return b.String()
}
