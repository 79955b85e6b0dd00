package olmo

import (
	"fmt"
	"strings"

	"olmotool/formats"
)

// Names of layouts that code asks for.
const (
	layoutHF          = "hf"
	layoutHFBin       = "hf-bin"
	layoutGGUF        = "gguf"
	layoutSafetensors = "safetensors"
)

// layout is one way in which a model is stored: a row of the table.
type layout struct {
	name string
	doc  string

	// match reports whether a directory has the files of the layout. It looks at
	// names only, and at the kind of config.json.
	match func(d *dir) bool
	// open opens a matching directory, or a file of one, which stands for it;
	// nil for a layout that is recognised and not read.
	open func(path string) (*Source, error)
	// tied are the names of the head and of the embedding where a tied model has
	// no tensor for the former.
	tied [2]string
	// canonical gives the tensors of a source their canonical names and shapes.
	canonical func(s *Source) ([]formats.Tensor, error)
	// plan is the way out; nil for a layout that is not written.
	plan func(m *Model, o PlanOptions) (*Plan, error)
}

// layouts is the table of what olmotool knows. Order matters only for print:
// a path that fits two rows is ambiguous.
var layouts []*layout

// The table refers to functions that refer to the table.
func init() {
	layouts = append([]*layout{
		hfLayout, hfBinLayout, legacyLayout, weirdLayout, coreUnshardedLayout, coreDistLayout, shardedTorchLayout,
		shardedLegacyLayout, shardedLocalLayout, shardedCoreLayout, ggufLayout, bareSafetensorsLayout, bareTorchLayout,
	}, unread...)
}

// Layouts returns the names of the layouts that can be written, for help texts
// and completion, each with a line about it.
func Layouts() (names, docs []string) {
	for _, l := range layouts {
		if l.plan != nil {
			names, docs = append(names, l.name), append(docs, l.doc)
		}
	}
	return names, docs
}

// IsLayout reports whether a name is in the table.
func IsLayout(name string) bool {
	_, err := findLayout(name)
	return err == nil
}

func findLayout(name string) (*layout, error) {
	var names []string
	for _, l := range layouts {
		if l.name == name {
			return l, nil
		}
		names = append(names, l.name)
	}
	return nil, fmt.Errorf("unknown layout %q, expected one of %s", name, strings.Join(names, ", "))
}

// openAt opens a path as that layout.
func (l *layout) openAt(path string) (*Source, error) {
	if l.open == nil {
		return nil, formats.Errorf(path, "", "found the layout %s (%s), which this version does not read", l.name, l.doc)
	}
	s, err := l.open(path)
	if err != nil {
		return nil, err
	}
	s.Layout, s.layout = l.name, l
	s.findHead()
	return s, nil
}
