package sharded

import (
	"strings"
	"testing"

	"olmotool/formats"
	"olmotool/formats/torch"
)

// What follows makes values as a pickle has them.

func object(class string, state torch.Value) *torch.Object {
	i := strings.LastIndexByte(class, '.')
	return &torch.Object{Class: &torch.Global{Module: class[:max(i, 0)], Name: class[i+1:]}, State: state}
}

func dict(pairs ...torch.Value) *torch.Dict {
	d := &torch.Dict{}
	for i := 0; i < len(pairs); i += 2 {
		d.Items = append(d.Items, torch.Item{Key: pairs[i], Value: pairs[i+1]})
	}
	return d
}

func tuple(vs ...torch.Value) *torch.Tuple { return &torch.Tuple{Items: vs} }
func listOf(vs ...torch.Value) *torch.List { return &torch.List{Items: vs} }

func ints(ns ...int64) *torch.List {
	l := &torch.List{}
	for _, n := range ns {
		l.Items = append(l.Items, n)
	}
	return l
}

// shard is ShardMetadata, a class with slots.
func shard(offset, size *torch.List, rank torch.Value) *torch.Object {
	return object("m.ShardMetadata", tuple(nil, dict("shard_offsets", offset, "shard_sizes", size, "placement", object("m._remote_device", dict("_rank", rank)))))
}

// shardedState is the state of a ShardedTensor of [4, 2] F32 in two rows each.
func shardedState() *torch.Tuple {
	size := object("torch.Size", nil)
	size.Args = []torch.Value{tuple(int64(4), int64(2))}
	return tuple(
		listOf(object("m.Shard", tuple(nil, dict("tensor", "a tensor", "metadata", shard(ints(2, 0), ints(2, 2), int64(1)))))),
		object("m.ShardedTensorMetadata", dict(
			"shards_metadata", listOf(shard(ints(0, 0), ints(2, 2), int64(0)), shard(ints(2, 0), ints(2, 2), int64(1))),
			"size", size,
			"tensor_properties", object("m.TensorProperties", tuple(&torch.Global{Module: "torch", Name: "float32"})),
		)),
		object("m.ProcessGroupState", dict("local_rank", int64(1), "global_rank", int64(1), "local_world_size", int64(2), "global_world_size", int64(2))),
		nil, false,
	)
}

func sharded(state torch.Value) *torch.Object {
	o := object(rebuildType, nil)
	o.Args = []torch.Value{nil, &torch.Global{Module: "m", Name: "ShardedTensor"}, nil, state}
	return o
}

func TestReadSharded(t *testing.T) {
	v := sharded(shardedState())
	s, err := readSharded(v)
	if err != nil || !isSharded(v) {
		t.Fatal(err)
	}
	if s.dtype != formats.F32 || len(s.all) != 2 || len(s.local) != 1 || !s.all[1].same(s.local[0]) || s.group != (group{1, 1, 2, 2}) || s.group.replica() {
		t.Errorf("found %+v", s)
	}
	data := func(d formats.DType, shape ...int64) formats.Tensor { return formats.Tensor{DType: d, Shape: shape} }
	for _, c := range []struct {
		change func()
		t      formats.Tensor
		want   string
	}{
		{func() {}, data(formats.F32, 2, 2), ""},
		{func() {}, data(formats.BF16, 2, 2), "found BF16 [2 2], expected F32 [2 2] as in its metadata"},
		{func() {}, data(formats.F32, 4), "found F32 [4], expected F32 [2 2] as in its metadata"},
		{func() { s.all = s.all[:1] }, data(formats.F32, 2, 2), "found a piece [2 2] at [2 0] of rank 1, expected one of those that the metadata of the whole names"},
		{func() { s.all = append(s.all, s.local...); s.group = group{0, 0, 2, 2} }, data(formats.F32, 2, 2), "found a piece of rank 1, expected one of rank 0"},
		{func() { s.group = group{1, 3, 2, 4} }, data(formats.F32, 2, 2), ""},
		{func() { s.group = group{} }, data(formats.F32, 2, 2), ""},
	} {
		c.change()
		if err := s.fits(s.local[0], c.t); (err == nil) != (c.want == "") || err != nil && err.Error() != c.want {
			t.Errorf("found %v, expected %q", err, c.want)
		}
	}
	if g := (group{1, 3, 2, 4}); !g.replica() {
		t.Error("found the second replica to be the first")
	}
}

func TestReadShardedRefuses(t *testing.T) {
	local := func(s *torch.Tuple) *torch.Dict {
		return s.Items[0].(*torch.List).Items[0].(*torch.Object).State.(*torch.Tuple).Items[1].(*torch.Dict)
	}
	meta := func(s *torch.Tuple) *torch.Dict { return s.Items[1].(*torch.Object).State.(*torch.Dict) }
	set := func(d *torch.Dict, key string, v torch.Value) {
		for i := range d.Items {
			if d.Items[i].Key == key {
				d.Items[i].Value = v
			}
		}
	}
	for _, c := range []struct {
		want   string
		change func(s *torch.Tuple)
	}{
		{"found no state of five items", func(s *torch.Tuple) { s.Items = s.Items[:4] }},
		{"found no list of local shards", func(s *torch.Tuple) { s.Items[0] = int64(1) }},
		{"local shard 0: found no Shard", func(s *torch.Tuple) { s.Items[0] = listOf("x") }},
		{"local shard 0: found no ShardMetadata", func(s *torch.Tuple) { set(local(s), "metadata", nil) }},
		{"local shard 0: found item 0 to be no size", func(s *torch.Tuple) { set(local(s), "metadata", shard(ints(-1, 0), ints(2, 2), nil)) }},
		{"local shard 0: found a piece [2] at [2 0], expected 2 dimensions", func(s *torch.Tuple) { set(local(s), "metadata", shard(ints(2, 0), ints(2), nil)) }},
		{"found no ShardedTensorMetadata", func(s *torch.Tuple) { s.Items[1] = object("posix.system", dict("size", ints(1))) }},
		{"found a ShardedTensorMetadata without fields", func(s *torch.Tuple) { s.Items[1] = object("m.ShardedTensorMetadata", "x") }},
		{"size: found no list of at most 64 sizes", func(s *torch.Tuple) { set(meta(s), "size", "4") }},
		{"size: found no list of at most 64 sizes", func(s *torch.Tuple) { set(meta(s), "size", &torch.List{Items: make([]torch.Value, 65)}) }},
		{"found no TensorProperties", func(s *torch.Tuple) { set(meta(s), "tensor_properties", nil) }},
		{"found no dtype", func(s *torch.Tuple) { set(meta(s), "tensor_properties", object("m.TensorProperties", tuple())) }},
		{`found the dtype "torch.complex7"`, func(s *torch.Tuple) {
			set(meta(s), "tensor_properties", object("m.TensorProperties", dict("dtype", &torch.Global{Module: "torch", Name: "complex7"})))
		}},
		{"found no list shards_metadata", func(s *torch.Tuple) { set(meta(s), "shards_metadata", nil) }},
		{"shard 0: found no ShardMetadata", func(s *torch.Tuple) { set(meta(s), "shards_metadata", listOf(int64(0))) }},
		{"found 65537 shards, expected at most 65536", func(s *torch.Tuple) {
			set(meta(s), "shards_metadata", &torch.List{Items: make([]torch.Value, maxRanks+1)})
		}},
		{"found a process group without fields", func(s *torch.Tuple) { s.Items[2] = object("m.P", nil) }},
		{"process group: found no local_rank", func(s *torch.Tuple) { s.Items[2] = object("m.P", dict()) }},
		{"found a process group of 3 ranks among 2", func(s *torch.Tuple) {
			set(s.Items[2].(*torch.Object).State.(*torch.Dict), "local_world_size", int64(3))
		}},
	} {
		s := shardedState()
		c.change(s)
		if _, err := readSharded(sharded(s)); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("found %v, expected %q", err, c.want)
		}
	}
	if isSharded(object("torch._utils._rebuild_tensor_v2", nil)) || isSharded("x") {
		t.Error("found a tensor, or a text, to be a ShardedTensor")
	}
}
