package torch

import (
	"fmt"
	"strings"
)

// unsupported is the error of a tensor that is whole but of a kind that cannot
// be read as plain elements.
type unsupported string

func (u unsupported) Error() string {
	return "found " + string(u) + ", expected a dense tensor"
}

// The functions with which torch rebuilds what can be read.
const (
	rebuildV1        = "torch._utils._rebuild_tensor"
	rebuildV2        = "torch._utils._rebuild_tensor_v2"
	rebuildV3        = "torch._utils._rebuild_tensor_v3"
	rebuildParameter = "torch._utils._rebuild_parameter"
	rebuildWithState = "torch._utils._rebuild_parameter_with_state"
	rebuildType      = "torch._tensor._rebuild_from_type_v2"
	rebuildWrapper   = "torch._utils._rebuild_wrapper_subclass"
)

// unreadable are the functions and classes of what cannot.
var unreadable = map[string]unsupported{
	"torch._utils._rebuild_qtensor":                       "a quantised tensor",
	"torch._utils._rebuild_sparse_tensor":                 "a sparse tensor",
	"torch._utils._rebuild_sparse_csr_tensor":             "a sparse tensor",
	"torch._utils._rebuild_nested_tensor":                 "a nested tensor",
	"torch._utils._rebuild_meta_tensor_no_storage":        "a meta tensor, which has no data",
	"torch._utils._rebuild_device_tensor_from_numpy":      "a tensor of a foreign device",
	"torch._utils._rebuild_device_tensor_from_cpu_tensor": "a tensor of a foreign device",
	"torch._utils._rebuild_xla_tensor":                    "a tensor of a foreign device",
	rebuildWrapper:                                        "a tensor subclass without data of its own",
	"torch._tensor._rebuild_from_type":                    "a tensor subclass as torch before 1.12 wrote it",
	"torch.nn.parameter.Parameter":                        "a parameter as torch before 0.4 wrote it",
}

// isTensor reports whether the value is a tensor, of whatever kind.
func isTensor(v Value) bool {
	o, ok := v.(*Object)
	if !ok {
		return false
	}
	name := o.Called()
	_, known := unreadable[name]
	return known || name == rebuildType || strings.HasPrefix(name, "torch._utils._rebuild_") || isOldTensor(name)
}

// isOldTensor tells torch.FloatTensor and its like.
func isOldTensor(name string) bool {
	name, ok := strings.CutPrefix(name, "torch.")
	name = strings.TrimPrefix(name, "cuda.")
	return ok && strings.HasSuffix(name, "Tensor") && !strings.Contains(name, ".")
}

// rebuild finds the view that a call to one of torch's functions stands for.
func rebuild(v Value, depth int) (*tensorView, error) {
	o, ok := v.(*Object)
	if !ok {
		return nil, fmt.Errorf("found %s, expected a tensor", describe(v))
	}
	if depth > 8 {
		return nil, fmt.Errorf("found a tensor wrapped more than 8 times, expected fewer")
	}
	name := o.Called()
	switch name {
	case rebuildV1:
		return rebuildPlain(o, 4)
	case rebuildV2:
		return rebuildPlain(o, 6)
	case rebuildV3:
		return rebuildPlain(o, 7)
	case rebuildParameter, rebuildWithState:
		if len(o.Args) < 2 {
			return nil, fmt.Errorf("found %d arguments of %s, expected 3", len(o.Args), name)
		}
		t, err := rebuild(o.Args[0], depth+1)
		if err == nil {
			t.parameter = true
			t.requiresGrad, _ = o.Args[1].(bool)
		}
		return t, err
	case rebuildType:
		return rebuildFromType(o, depth)
	}
	if u, ok := unreadable[name]; ok {
		return nil, u
	}
	if isOldTensor(name) {
		return nil, unsupported("a tensor as torch before 0.4 wrote it")
	}
	return nil, unsupported(describe(o))
}

// rebuildPlain reads the arguments of _rebuild_tensor, _v2 and _v3, of which
// there are at least n: storage, offset, size, stride, requires_grad, hooks,
// (v3) dtype, and a dict with the bits of views that are computed when read.
func rebuildPlain(o *Object, n int) (*tensorView, error) {
	args := o.Args
	if len(args) < n || len(args) > 8 {
		return nil, fmt.Errorf("found %d arguments of %s, expected %d", len(args), o.Called(), n)
	}
	p, ok := args[0].(*Persistent)
	if !ok {
		return nil, fmt.Errorf("found %s as its storage, expected a persistent reference", describe(args[0]))
	}
	if p.storage == nil {
		return nil, fmt.Errorf("found a storage that the file does not hold, expected one of its own")
	}
	t := &tensorView{storage: p.storage, dtype: p.storage.class.dtype}
	if t.offset, ok = args[1].(int64); !ok {
		return nil, fmt.Errorf("found %s as its offset, expected an int", describe(args[1]))
	}
	var err error
	if t.shape, err = ints(args[2]); err != nil {
		return nil, fmt.Errorf("its size: %w", err)
	}
	if t.strides, err = ints(args[3]); err != nil {
		return nil, fmt.Errorf("its strides: %w", err)
	}
	if n > 4 {
		t.requiresGrad, _ = args[4].(bool)
	}
	if n == 7 {
		g, ok := args[6].(*Global)
		if !ok {
			return nil, fmt.Errorf("found %s as its dtype, expected a global", describe(args[6]))
		}
		if t.dtype, ok = dtypeNames[g.canonical()]; !ok {
			return nil, unsupported(fmt.Sprintf("elements of %s", g.canonical()))
		}
	}
	if n > 4 && len(args) > n {
		if d, ok := args[n].(*Dict); ok {
			for _, bit := range []string{"conj", "neg"} {
				if on, _ := d.Get(bit); on == true {
					return nil, unsupported("a tensor with the lazy bit " + bit)
				}
			}
		}
	}
	if !t.dtype.Valid() {
		if t.storage.class == untyped {
			return nil, fmt.Errorf("found a storage without a type, expected one with")
		}
		return nil, unsupported("elements of a " + t.storage.name)
	}
	return t, t.check()
}

// rebuildFromType reads a tensor that has a Python class or attributes of its
// own: function, class, arguments, state.
func rebuildFromType(o *Object, depth int) (*tensorView, error) {
	if len(o.Args) != 4 {
		return nil, fmt.Errorf("found %d arguments of %s, expected 4", len(o.Args), o.Called())
	}
	inner, ok := o.Args[2].(*Tuple)
	if !ok {
		return nil, fmt.Errorf("found %s as the arguments of a function, expected a tuple", describe(o.Args[2]))
	}
	call := &Object{Class: o.Args[0], Args: inner.Items}
	if g, ok := o.Args[1].(*Global); ok && call.Called() == rebuildWrapper {
		return nil, unsupported(fmt.Sprintf("a %s, which has no data of its own", g.canonical()))
	}
	return rebuild(call, depth+1)
}

// ints returns the items of a tuple, list or torch.Size.
func ints(v Value) ([]int64, error) {
	if o, ok := v.(*Object); ok && o.Called() == "torch.Size" && len(o.Args) == 1 {
		v = o.Args[0]
	}
	switch v.(type) {
	case *Tuple, *List:
	default:
		return nil, fmt.Errorf("found %s, expected a tuple of ints", describe(v))
	}
	items := sequence(v)
	if len(items) > maxRank {
		return nil, fmt.Errorf("found %d dimensions, expected at most %d", len(items), maxRank)
	}
	ns := make([]int64, len(items))
	for i, item := range items {
		n, ok := item.(int64)
		if !ok || n < 0 {
			return nil, fmt.Errorf("found %v among them, expected ints of 0 or more", item)
		}
		ns[i] = n
	}
	return ns, nil
}
