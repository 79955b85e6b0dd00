package convert

import (
	"bytes"
	"slices"

	"olmotool/formats"
)

// ExtraFile is a file beside the weights that does not come from the source.
type ExtraFile struct {
	Name string // in the output directory
	Data []byte
}

// addExtra adds the extra files to the output, in the place of those that the
// layout has by their names.
func (c *conversion) addExtra() {
	if c.To != "hf" && c.To != "hf-bin" {
		return
	}
	for _, x := range c.Extra {
		f := &formats.FilePlan{Name: x.Name, Segments: []formats.Segment{{Size: int64(len(x.Data)), Data: bytes.NewReader(x.Data)}}}
		if i := slices.IndexFunc(c.plan.Files, func(f *formats.FilePlan) bool { return f.Name == x.Name }); i >= 0 {
			c.plan.Files[i] = f
		} else {
			c.plan.Files = append(c.plan.Files, f)
		}
	}
}

// extra returns an extra file.
func (o *Options) extra(name string) ([]byte, bool) {
	for _, x := range o.Extra {
		if x.Name == name {
			return x.Data, true
		}
	}
	return nil, false
}
