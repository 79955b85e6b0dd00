package torch

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"olmotool/formats"
)

// maxRoot is how long the root folder's name may be, in bytes: it is the stem
// of a file's name, and file systems stop there.
const maxRoot = 255

// Options says what a state dict is beyond the names, types and bytes of its
// tensors. The zero value is that of torch.save(OrderedDict(...), name), each
// tensor row-major in a storage of its own.
type Options struct {
	// Root is the folder that all records of the archive lie in. Empty means
	// what torch takes when it saves to a file of that name: the stem of the
	// name, or "archive" when that is not plain ASCII.
	Root string

	// Plain makes the state dict a dict, which is what transformers saved,
	// instead of an OrderedDict, which is what Module.state_dict returns.
	Plain bool

	// Metadata is the _metadata attribute that Module.state_dict gives its
	// result: each module of the model, the root with the path "" first, in the
	// order of named_modules, those without parameters too. Nil means that
	// there is no such attribute. A plain dict cannot have it.
	Metadata []Module

	// Placements says of tensors, by name, what is not simply row-major in a
	// storage of its own; other names in it do not matter. Two names with one
	// *Placement are one and the same Python object.
	Placements map[string]*Placement
}

// Module is an entry of _metadata.
type Module struct {
	Path    string
	Version int64 // 1 for nearly every module
}

// Placement says how a tensor is kept. Offset and Strides count elements of
// torch's dtype.
type Placement struct {
	// Storage is where the tensor lies; nil for a storage of its own. Tensors
	// with one *Storage share memory: that is what makes them tied.
	Storage *Storage
	Offset  int64
	Strides []int64 // nil: row-major

	Parameter    bool // a torch.nn.Parameter, not a plain tensor
	RequiresGrad bool
}

// Storage is memory that tensors lie in; it is written once.
type Storage struct {
	// Data is its bytes. The tensors' own Data is then not read, so that what
	// is placed here must be as it was found, not a view or cast of that. Nil
	// means the Data of the first tensor that is placed here, which must be
	// row-major from offset 0: a tie needs no more than a Storage that two
	// tensors share.
	Data formats.Data

	// Device is the tag of the device that the storage was saved from, such as
	// "cuda:0"; empty means "cpu".
	Device string
}

// Plan returns the plan of the file that torch.save writes for a dict of these
// tensors, in this order, on a little-endian Linux: the records and bytes of
// torch 2.1 to 2.6, which older and newer ones load too, with weights_only and
// mmap where they have them. (Element types without a storage class of their
// own are newer: torch 2.1 does not load float8, 2.4 not the unsigned integers.)
//
// name is the name of the planned file. Names that are equal, not UTF-8 or
// absurdly long, element types that torch does not have, and placements that do
// not fit their storage are errors. The plan holds checksums in the making: it
// can be carried out once, and the Sum of a segment must see its bytes in order
// even if the segment is cut in pieces.
func Plan(name string, tensors []formats.Tensor, o Options) (*formats.FilePlan, error) {
	z, err := newArchive(name, tensors, o)
	if err != nil {
		return nil, err
	}
	segments, err := z.plan()
	if err != nil {
		return nil, formats.Errorf(name, "", "%w", err)
	}
	return &formats.FilePlan{Name: name, Segments: segments}, nil
}

// newArchive returns the records of the file that Plan is about.
func newArchive(name string, tensors []formats.Tensor, o Options) (*zipWriter, error) {
	if len(tensors) > maxTensors {
		return nil, formats.Errorf(name, "", "found %d tensors, expected at most %d", len(tensors), maxTensors)
	}
	root := o.Root
	if root == "" {
		root = stem(name)
	}
	if err := checkRoot(root); err != nil {
		return nil, formats.Errorf(name, fmt.Sprintf("root folder %q", root), "%w", err)
	}
	if err := checkMetadata(o); err != nil {
		return nil, formats.Errorf(name, "_metadata", "%w", err)
	}
	d := newStateDict()
	seen := make(map[string]bool, len(tensors))
	for _, t := range tensors {
		place := fmt.Sprintf("tensor %q", t.Name)
		if err := checkText(t.Name, maxTensorName); err != nil {
			return nil, formats.Errorf(name, place, "%w", err)
		}
		if seen[t.Name] {
			return nil, formats.Errorf(name, place, "found the name twice, expected each name once")
		}
		seen[t.Name] = true
		if err := d.add(t, o.Placements[t.Name]); err != nil {
			return nil, formats.Errorf(name, place, "%w", err)
		}
	}
	z := &zipWriter{root: root}
	z.add("data.pkl", d.pickle(o))
	z.add("byteorder", []byte("little"))
	for _, s := range d.records() {
		z.addData("data/"+s.key.text, s.data, s.size, s.tensor)
	}
	z.add("version", []byte("3\n"))
	return z, nil
}

// stem returns the root folder that torch uses for a file of that name.
func stem(name string) string {
	lo, hi := 0, len(name)
	for i := range len(name) {
		switch c := name[i]; {
		case c >= utf8.RuneSelf:
			return "archive" // torch writes such a file through a stream, which has no name
		case c == '/' || c == '\\':
			lo, hi = i+1, len(name)
		case c == '.':
			hi = i
		}
	}
	if lo >= hi {
		return "archive"
	}
	return name[lo:hi]
}

func checkRoot(root string) error {
	if err := checkText(root, maxRoot); err != nil {
		return err
	}
	if strings.ContainsAny(root, "/\x00") || root == "." || root == ".." {
		return fmt.Errorf("found a path, expected the name of one folder")
	}
	return nil
}

func checkText(s string, limit int) error {
	if len(s) > limit {
		return fmt.Errorf("found a name of %d bytes, expected at most %d", len(s), limit)
	}
	if !utf8.ValidString(s) {
		return fmt.Errorf("found a name that is not UTF-8, expected UTF-8")
	}
	return nil
}

func checkMetadata(o Options) error {
	if o.Metadata != nil && o.Plain {
		return fmt.Errorf("found it with a plain dict, expected an OrderedDict")
	}
	seen := make(map[string]bool, len(o.Metadata))
	for _, m := range o.Metadata {
		if err := checkText(m.Path, maxTensorName); err != nil {
			return fmt.Errorf("module %q: %w", m.Path, err)
		}
		if seen[m.Path] {
			return fmt.Errorf("found module %q twice, expected each path once", m.Path)
		}
		seen[m.Path] = true
	}
	return nil
}
