//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"olmotool/formats"
	"olmotool/formats/olmo"
)

// sparse13B makes a Hugging Face directory of the 13B shape in shards of 5 GB
// whose tensors are holes: the headers are real, the data take no room.
func sparse13B(dir string) (string, error) {
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	src, err := olmo.Open("random:13b", "")
	if err != nil {
		return "", err
	}
	defer src.Close()
	m, err := src.Model()
	if err != nil {
		return "", err
	}
	p, err := m.Plan("hf", olmo.PlanOptions{MaxShard: 5e9})
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return "", err
	}
	for _, f := range p.Files {
		if err := writeSparse(filepath.Join(dir, f.Name), f); err != nil {
			return "", err
		}
	}
	return dir, nil
}

func writeSparse(path string, p *formats.FilePlan) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	var off int64
	for _, s := range p.Segments {
		if s.Tensor == nil {
			b := make([]byte, s.Size)
			if err := formats.ReadFull(s.Data, b, 0); err != nil {
				return err
			}
			if _, err := f.WriteAt(b, off); err != nil {
				return err
			}
		}
		off += s.Size
	}
	return f.Truncate(off)
}

// field returns the value of a "name : value" line.
func field(text, name string) string {
	for line := range strings.Lines(text) {
		if k, v, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(k) == name {
			return strings.TrimSpace(v)
		}
	}
	return "unknown"
}

// filesystem names the file system type of a directory.
func filesystem(dir string) string {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return "unknown file system"
	}
	for magic, name := range map[int64]string{0xef53: "ext4", 0x9123683e: "btrfs", 0x58465342: "xfs", 0x01021994: "tmpfs", 0x794c7630: "overlayfs"} {
		if int64(st.Type) == magic {
			return name
		}
	}
	return fmt.Sprintf("file system %#x", st.Type)
}
