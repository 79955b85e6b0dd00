package torch

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"olmotool/formats"
)

func finding(s formats.Severity, code, where, format string, args ...any) formats.Finding {
	return formats.Finding{Severity: s, Code: code, Where: where, Message: fmt.Sprintf(format, args...)}
}

func (f *File) note(s formats.Severity, code, where, format string, args ...any) {
	f.Findings = append(f.Findings, finding(s, code, where, format, args...))
}

// listed lists names, as many as a reader looks at.
func listed(names []string) string {
	var b strings.Builder
	for i, n := range names {
		if i == maxListed {
			fmt.Fprintf(&b, " and %d more", len(names)-i)
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%.200q", n)
	}
	return b.String()
}

// noteMembers reports members of the archive that hold no storage in use.
func (f *File) noteMembers(used map[*zipEntry]bool) {
	var orphans, others []string
	var bytes int64
	for _, m := range f.zip.members {
		name := strings.TrimPrefix(m.name, f.zip.root+"/")
		switch {
		case used[m], strings.HasSuffix(name, "/"):
		case strings.HasPrefix(name, "data/"):
			orphans = append(orphans, m.name)
			bytes += m.size
		case !slices.Contains(ownMembers, name):
			others = append(others, m.name)
		}
	}
	if len(orphans) > 0 {
		f.note(formats.Warning, "orphan-storage", "", "found %d bytes in storages that nothing refers to: %s", bytes, listed(orphans))
	}
	if len(others) > 0 {
		f.note(formats.Warning, "extra-member", "", "found members that torch.save does not write: %s", listed(others))
	}
}

// ownMembers are the members that torch.save writes beside the storages.
var ownMembers = []string{
	"data.pkl", "version", ".data/version", "byteorder", ".format_version", ".storage_alignment", ".data/serialization_id",
}

// noteGlobals reports, once each, the globals that are no tensors and no plain
// values of Python, torch or numpy. They were not called; what they would have
// made is inert.
func (f *File) noteGlobals() {
	type use struct {
		first *Global
		n     int
	}
	uses := map[string]*use{}
	var order []string
	for i := range f.Scan.Globals {
		g := &f.Scan.Globals[i]
		name := g.canonical()
		if g.Known() {
			continue
		}
		if g.Computed {
			name = "?" // whatever it is, the pickle does not say
		}
		if uses[name] == nil {
			uses[name] = &use{first: g}
			order = append(order, name)
		}
		uses[name].n++
	}
	for i, name := range order {
		if i == maxListed {
			f.note(formats.Warning, "unknown-global", "", "found %d more globals that are not known", len(order)-i)
			break
		}
		u := uses[name]
		what := fmt.Sprintf("%.200q", u.first.String())
		if u.first.Computed {
			what = "a name that the pickle computes (" + u.first.Via + ")"
		}
		where := fmt.Sprintf("byte %d", u.first.Offset)
		if f.zip != nil {
			where = "data.pkl, " + where
		}
		f.note(formats.Warning, "unknown-global", where, "found %s, referred to %d times and left inert", what, u.n)
	}
}

// noteShared reports tensors that share memory.
func (f *File) noteShared() {
	groups := map[*readStorage][]int{}
	for i, v := range f.views {
		if v.bytes() > 0 {
			groups[v.storage] = append(groups[v.storage], i)
		}
	}
	notes := 0
	for _, s := range f.storages {
		tensors := f.overlapping(groups[s])
		if len(tensors) == 0 {
			continue
		}
		if notes++; notes > maxListed {
			continue
		}
		how, names := "tied: the same elements", make([]string, len(tensors))
		for k, i := range tensors {
			names[k] = f.Tensors[i].Name
			if !f.views[i].same(f.views[tensors[0]]) {
				how = "shared: overlapping elements"
			}
		}
		f.note(formats.Info, "aliased", fmt.Sprintf("storage %q", s.key), "%s in %s", how, listed(names))
	}
	if notes > maxListed {
		f.note(formats.Info, "aliased", "", "found %d more storages that tensors share", notes-maxListed)
	}
}

// overlapping returns those of the tensors that share bytes with another of
// them, by the range from their first byte to their last, in their order.
func (f *File) overlapping(tensors []int) []int {
	if len(tensors) < 2 {
		return nil
	}
	sorted := slices.Clone(tensors)
	slices.SortStableFunc(sorted, func(a, b int) int {
		return cmp.Compare(f.views[a].begin(), f.views[b].begin())
	})
	var found []int
	for k := 0; k < len(sorted); {
		end := f.views[sorted[k]].end()
		n := k + 1
		for ; n < len(sorted) && f.views[sorted[n]].begin() < end; n++ {
			end = max(end, f.views[sorted[n]].end())
		}
		if n > k+1 {
			found = append(found, sorted[k:n]...)
		}
		k = n
	}
	slices.Sort(found)
	return found
}

// begin and end are the range of bytes of the storage that the view spans.
func (t *tensorView) begin() int64 { return t.offset * t.dtype.BlockBytes() }

func (t *tensorView) end() int64 {
	last, err := lastElement(t.shape, t.strides, t.offset)
	if err != nil || last < 0 {
		return t.begin()
	}
	return (last + 1) * t.dtype.BlockBytes()
}

// same reports whether two views of a storage are one.
func (t *tensorView) same(u *tensorView) bool {
	return t.offset == u.offset && t.dtype == u.dtype && slices.Equal(t.shape, u.shape) && slices.Equal(t.strides, u.strides)
}
