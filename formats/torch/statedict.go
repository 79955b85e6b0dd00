package torch

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"olmotool/formats"
)

// stateDict gathers the tensors of a dict and the storages that they lie in.
type stateDict struct {
	items    []pickleItem
	storages []*writeStorage // in the order in which a pickler meets them
	shared   map[*Storage]*writeStorage
	objects  map[*Placement]writeObject
}

// writeStorage is a storage with all that is known of it.
type writeStorage struct {
	key    *pickleText // one object, however often the storage is met
	kind   pickleGlobal
	device string
	data   formats.Data
	size   int64
	tensor *formats.Tensor // whose bytes are exactly data, if one is
}

// writeObject is a tensor that may come again under another name.
type writeObject struct {
	tensor formats.Tensor
	value  pickleValue
}

func newStateDict() *stateDict {
	return &stateDict{shared: make(map[*Storage]*writeStorage), objects: make(map[*Placement]writeObject)}
}

// add appends a tensor to the dict.
func (d *stateDict) add(t formats.Tensor, p *Placement) error {
	o, ok := d.objects[p]
	if !ok {
		v, err := d.tensor(t, cmp.Or(p, &Placement{}))
		if err != nil {
			return err
		}
		o = writeObject{t, v}
		if p != nil {
			d.objects[p] = o
		}
	}
	if t.DType != o.tensor.DType || !slices.Equal(t.Shape, o.tensor.Shape) {
		return fmt.Errorf("found %s %v, expected %s %v as %q is the same object", t.DType, t.Shape, o.tensor.DType, o.tensor.Shape, o.tensor.Name)
	}
	d.items = append(d.items, pickleItem{pickleString(t.Name), o.value})
	return nil
}

// tensor returns the value that stands for a tensor.
func (d *stateDict) tensor(t formats.Tensor, p *Placement) (pickleValue, error) {
	dt, ok := writeDTypes[t.DType]
	if !ok {
		return nil, fmt.Errorf("found element type %s, expected one that torch has", t.DType)
	}
	want, err := formats.BytesOf(t.DType, t.Shape)
	if err != nil {
		return nil, err
	}
	if got := t.Data.Size(); got != want {
		return nil, fmt.Errorf("found %d bytes, expected %d for %s %v", got, want, t.DType, t.Shape)
	}
	shape, err := torchShape(t)
	if err != nil {
		return nil, err
	}
	packed, err := rowMajor(shape)
	if err != nil {
		return nil, err
	}
	strides := p.Strides
	if strides == nil {
		strides = packed
	}
	if len(strides) != len(shape) {
		return nil, fmt.Errorf("found %d strides, expected %d", len(strides), len(shape))
	}
	last, err := lastElement(shape, strides, p.Offset)
	if err != nil {
		return nil, fmt.Errorf("offset %d, strides %v: %w", p.Offset, strides, err)
	}
	s, err := d.storage(t, dt, p.Storage, p.Offset == 0 && sameOrder(shape, strides, packed))
	if err != nil {
		return nil, err
	}
	if s.size%dt.bytes != 0 {
		return nil, fmt.Errorf("found a storage of %d bytes, expected whole elements of %s", s.size, t.DType)
	}
	if last >= s.size/dt.bytes {
		return nil, fmt.Errorf("found element %d of %s in a storage of %d bytes, expected all elements inside it", last, t.DType, s.size)
	}
	return tensorValue(s, dt, p, shape, strides), nil
}

// storage returns the storage for t, which lies in s; nil stands for one that
// no other tensor shares. whole says that t is row-major from offset 0.
func (d *stateDict) storage(t formats.Tensor, dt writeDType, s *Storage, whole bool) (*writeStorage, error) {
	if s == nil {
		s = &Storage{}
	}
	if have, ok := d.shared[s]; ok {
		if have.kind != dt.kind() && have.size > 0 {
			return nil, fmt.Errorf("found %s in a storage of %s, expected tensors that share memory to share their type",
				t.DType, strings.TrimPrefix(string(have.kind), "torch\n"))
		}
		return have, nil
	}
	w := &writeStorage{
		key:    &pickleText{strconv.Itoa(len(d.storages))},
		kind:   dt.kind(),
		device: cmp.Or(s.Device, "cpu"),
		data:   s.Data,
	}
	if s.Data == nil {
		if !whole {
			return nil, fmt.Errorf("found the first view of a storage without data, expected a row-major tensor at offset 0")
		}
		w.data, w.tensor = t.Data, &t
	}
	if err := checkText(w.device, maxTensorName); err != nil {
		return nil, fmt.Errorf("device: %w", err)
	}
	w.size = w.data.Size()
	d.shared[s] = w
	d.storages = append(d.storages, w)
	return w, nil
}

// records returns the storages in the order of their records: torch up to 2.6
// sorts the keys as strings.
func (d *stateDict) records() []*writeStorage {
	s := slices.Clone(d.storages)
	slices.SortFunc(s, func(a, b *writeStorage) int { return cmp.Compare(a.key.text, b.key.text) })
	return s
}

// pickle returns the bytes of data.pkl.
func (d *stateDict) pickle(o Options) []byte {
	root := &pickleDict{ordered: !o.Plain, items: d.items}
	if o.Metadata != nil {
		modules := &pickleDict{ordered: true}
		for _, m := range o.Metadata {
			version := &pickleDict{items: []pickleItem{{pickleString("version"), pickleInt(m.Version)}}}
			modules.items = append(modules.items, pickleItem{pickleString(m.Path), version})
		}
		root.attrs = &pickleDict{items: []pickleItem{{pickleString("_metadata"), modules}}}
	}
	return pickleBytes(root)
}

// tensorValue returns the call that rebuilds a tensor.
func tensorValue(s *writeStorage, dt writeDType, p *Placement, shape, strides []int64) pickleValue {
	count := s.size / dt.bytes
	if dt.storage == globalUntyped {
		count = s.size
	}
	// torch has the word "cpu" in its source; other tags it makes anew for
	// every tensor.
	var device pickleValue = pickleString(s.device)
	if s.device != "cpu" {
		device = &pickleText{s.device}
	}
	fn := pickleGlobal("torch._utils\n_rebuild_tensor_v2")
	args := pickleTuple{
		picklePersistent{pickleTuple{pickleString("storage"), dt.storage, s.key, device, pickleInt(count)}},
		pickleInt(p.Offset),
		pickleInts(shape),
		pickleInts(strides),
		pickleBool(p.RequiresGrad && !p.Parameter), // a parameter's flag is its own, not its tensor's
		&pickleDict{ordered: true},                 // backward hooks
	}
	if dt.dtype != "" {
		fn = "torch._utils\n_rebuild_tensor_v3"
		args = append(args, dt.dtype)
	}
	tensor := &pickleCall{fn, args}
	if !p.Parameter {
		return tensor
	}
	return &pickleCall{"torch._utils\n_rebuild_parameter", pickleTuple{tensor, pickleBool(p.RequiresGrad), &pickleDict{ordered: true}}}
}

func pickleInts(s []int64) pickleTuple {
	t := make(pickleTuple, len(s))
	for i, n := range s {
		t[i] = pickleInt(n)
	}
	return t
}
