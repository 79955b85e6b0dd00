package torch

import (
	"slices"

	"olmotool/formats"
)

// Options returns what [Plan] needs beside the tensors to write the file again
// as torch did: its folder, the attributes of the dict, the storages that
// tensors share and how they lie in them. It reports false for what Plan has no
// words for: anything but a dict of dense tensors.
func (f *File) Options() (Options, bool) {
	var o Options
	root, ok := f.Root.(*Dict)
	if !ok || len(root.Items) != len(f.Tensors) || root.Class != nil && root.Class.canonical() != "collections.OrderedDict" {
		return o, false
	}
	if f.zip != nil {
		o.Root = f.zip.root
	}
	o.Plain = root.Class == nil
	if root.State != nil {
		if o.Metadata, ok = moduleVersions(root.State); !ok {
			return o, false
		}
	}
	users := map[*readStorage]int{}
	for i, v := range f.views {
		it := root.Items[i]
		if key, _ := it.Key.(string); key != f.Tensors[i].Name || it.Value != Value(v.object) || !writable(v.object) {
			return o, false
		}
		users[v.storage]++
	}
	storages := map[*readStorage]*Storage{}
	placed := map[*Object]*Placement{}
	o.Placements = map[string]*Placement{}
	for i, v := range f.views {
		if users[v.storage] == 1 && v.plain() {
			continue
		}
		p := placed[v.object]
		if p == nil {
			p = &Placement{Offset: v.offset, Strides: v.strides, Parameter: v.parameter, RequiresGrad: v.requiresGrad}
			placed[v.object] = p
			if p.Storage = storages[v.storage]; p.Storage == nil {
				p.Storage = &Storage{Data: v.storage.data(), Device: v.storage.device}
				storages[v.storage] = p.Storage
			}
		}
		o.Placements[f.Tensors[i].Name] = p
	}
	return o, true
}

// plain reports whether the view is what Plan takes a tensor to be when nothing
// else is said.
func (t *tensorView) plain() bool {
	strides, err := rowMajor(t.shape)
	return err == nil && t.offset == 0 && slices.Equal(t.strides, strides) && t.bytes() == t.storage.bytes &&
		t.storage.device == "cpu" && !t.parameter && !t.requiresGrad
}

// data returns the bytes of the storage, little-endian.
func (s *readStorage) data() formats.Data {
	if unit := swapUnit(s.class.dtype); s.swap && unit > 1 {
		return &swapped{s.section(0, s.bytes), unit}
	}
	return s.section(0, s.bytes)
}

// writable reports whether the call is one that Plan writes.
func writable(o *Object) bool {
	if o.Called() == rebuildParameter {
		inner, ok := o.Args[0].(*Object)
		return ok && (inner.Called() == rebuildV2 || inner.Called() == rebuildV3)
	}
	return o.Called() == rebuildV2 || o.Called() == rebuildV3
}

// moduleVersions reads the _metadata attribute of a state dict.
func moduleVersions(state Value) ([]Module, bool) {
	attrs, ok := state.(*Dict)
	if !ok || len(attrs.Items) != 1 {
		return nil, false
	}
	v, _ := attrs.Get("_metadata")
	modules, ok := v.(*Dict)
	if !ok {
		return nil, false
	}
	out := make([]Module, 0, len(modules.Items))
	for _, it := range modules.Items {
		path, isText := it.Key.(string)
		d, isDict := it.Value.(*Dict)
		if !isText || !isDict || len(d.Items) != 1 {
			return nil, false
		}
		v, _ := d.Get("version")
		n, ok := v.(int64)
		if !ok {
			return nil, false
		}
		out = append(out, Module{Path: path, Version: n})
	}
	return out, true
}
