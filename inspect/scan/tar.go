package scan

import (
	"archive/tar"
	"errors"
	"io"
	"path"
	"strings"

	"olmotool/formats"
)

func isTar(head []byte) bool {
	return len(head) >= 263 && string(head[257:262]) == "ustar"
}

// tar looks at the members of a tar archive.
func (t *target) tar(c content) {
	file := io.NewSectionReader(c.r, 0, c.size)
	r := tar.NewReader(file)
	seen := map[string]bool{}
	for n := 0; ; n++ {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			code := "malformed-archive"
			if c.cut {
				code = "too-large"
			}
			t.malformed(code, c.where, -1, "found a tar archive that cannot be read behind member %d: %v", n, err)
			break
		}
		if n == maxMembers {
			t.malformed("too-much", c.where, -1, "found more than %d members, expected fewer; the rest is not looked at", maxMembers)
			break
		}
		name := strings.TrimPrefix(h.Name, "./")
		t.oddName(c, name, "tar")
		if h.Typeflag != tar.TypeReg {
			continue
		}
		seen[name] = len(seen) < 64
		at, err := file.Seek(0, io.SeekCurrent)
		if err != nil || h.Size > c.size-at || h.Size < 0 {
			t.malformed("malformed-archive", c.where, at, "found member %.200q of %d bytes with %d to the end, expected one that fits", name, h.Size, c.size-at)
			break
		}
		in := c.in(at, h.Size, name)
		in.name = path.Base(name)
		t.look(in)
	}
	if seen["pickle"] && seen["storages"] && seen["tensors"] {
		t.raise(Inert)
		t.note(formats.Warning, "old-torch", c.where, -1, "found the archive of torch 0.1, which torch before 2.6 loads without restrictions whatever it is told (CVE-2025-32434)")
	}
}

// oddName tells of a name of a member that leads out of the place where an
// archive is unpacked.
func (t *target) oddName(c content, name, archive string) {
	if strings.HasPrefix(name, "/") || strings.Contains("/"+strings.ReplaceAll(name, `\`, "/")+"/", "/../") || strings.ContainsRune(name, 0) {
		t.malformed(archive+"-name", c.where, -1, "found member %.200q, expected a plain path", name)
	}
}
