package inspect

import (
	"strings"

	"olmotool/formats"
	"olmotool/formats/torch"
)

// readTorch describes a file of torch.save.
func (c *Container) readTorch(r *Report, f *torch.File) error {
	var stored, oversized int64
	for _, s := range f.Storages() {
		stored += s.Bytes
		c.TensorBytes += s.Used
		if s.Used < s.Bytes {
			oversized++
		}
	}
	c.UnusedBytes = stored - c.TensorBytes
	c.fact("storages", "%d", len(f.Storages()))
	c.fact("pickle protocol", "%d", f.Scan.Protocol)
	if oversized > 0 {
		r.note(formats.Warning, "oversized-storage", c.Path,
			"found %d storages larger than their tensors, by %d bytes: parts of larger tensors were saved without a copy", oversized, c.UnusedBytes)
	}
	members := f.Members()
	if len(members) == 0 {
		c.HeaderBytes = c.Bytes - stored
		c.fact("written by", "torch before 1.6, or as a bare pickle")
		return nil
	}
	c.archive(members, stored)
	c.Reference = "torch.save 2.1 to 2.6"
	var err error
	c.Differs, err = f.Rewritten()
	c.Same = err == nil && c.Differs == ""
	return err
}

// readRank describes the file of a rank, in which parts of tensors stand in objects
// of all kinds: which bytes are the model's is not asked.
func (c *Container) readRank(f *torch.File) {
	for _, s := range f.Storages() {
		c.TensorBytes += s.Bytes
	}
	c.fact("storages", "%d", len(f.Storages()))
	c.fact("pickle protocol", "%d", f.Scan.Protocol)
	c.archive(f.Members(), c.TensorBytes)
}

// archive describes the members: which torch writes such, how they are aligned,
// whether they have checksums.
func (c *Container) archive(members []torch.Member, stored int64) {
	has := map[string]bool{}
	var data int64
	sums, without := 0, 0
	for _, m := range members {
		_, name, _ := strings.Cut(m.Name, "/")
		has[name] = true
		if strings.HasPrefix(name, "data/") {
			data += m.Bytes
		}
		if m.CRC != 0 {
			sums++
		} else if m.Bytes > 0 {
			without++
		}
	}
	c.UnusedBytes += max(data-stored, 0) // of members that nothing refers to
	c.HeaderBytes = max(c.Bytes-c.TensorBytes-c.UnusedBytes, 0)
	c.fact("members", "%d", len(members))
	c.fact("checksums", "of %d, not of %d", sums, without)
	by := "torch 1.6 to 2.0, or another program"
	switch {
	case has[".format_version"]:
		by = "torch 2.7 or later"
	case has["byteorder"] && has[".data/serialization_id"]:
		by = "torch 2.1 to 2.6"
	}
	c.fact("written by", "%s, by the members", by)
}
