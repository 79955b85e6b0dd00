package scan

import (
	"fmt"
	"io"
	"slices"

	"olmotool/formats"
)

// items looks into the archives that a data file of a distributed checkpoint
// consists of, end to end, and reports whether it is such a file.
func (t *target) items(c content) bool {
	var starts []int64
	for end := c.size; end > 0; {
		in := content{r: io.NewSectionReader(c.r, 0, end), size: end}
		dirs := findDirectories(t.source(in))
		i := slices.IndexFunc(dirs, func(d directory) bool { return d.end == end && d.comment == 0 && d.entries > 0 })
		if i < 0 || dirs[i].base < 0 || dirs[i].base >= end || len(starts) == maxContents {
			return false
		}
		end = dirs[i].base
		starts = append(starts, end)
	}
	slices.Reverse(starts)
	for i, at := range starts {
		end := c.size
		if i+1 < len(starts) {
			end = starts[i+1]
		}
		in := c.in(at, end-at, fmt.Sprintf("item at byte %d", at))
		t.quietly(func() { t.zip(in) })
	}
	if t.listed > 0 {
		t.note(formats.Info, "items", c.where, -1, "found %d pickles in %d items of a distributed checkpoint; those that are only data are not listed", t.listed, len(starts))
	}
	return true
}

// quietly looks at pickles of which there are many alike: only those that are
// more than data are listed.
func (t *target) quietly(look func()) {
	pickles, globals := len(t.file.Pickles), len(t.file.Globals)
	look()
	t.listed += len(t.file.Pickles) - pickles
	for _, p := range t.file.Pickles[pickles:] {
		if p.Verdict > Inert {
			return
		}
	}
	t.file.Pickles, t.file.Globals = t.file.Pickles[:pickles], t.file.Globals[:globals]
}
