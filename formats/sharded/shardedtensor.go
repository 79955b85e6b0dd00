package sharded

import (
	"errors"
	"fmt"
	"slices"

	"olmotool/formats"
	"olmotool/formats/torch"
)

// shardedTensor is what one rank knows of one of torch's ShardedTensors.
type shardedTensor struct {
	dtype formats.DType
	shape []int64
	all   []piece // of all ranks
	local []piece // of this one, with tensors
	group group
}

// piece is a shard: a box of the tensor, and which rank has it.
type piece struct {
	offset, size []int64
	rank         int64       // -1 if it is not said
	tensor       torch.Value // of a local one
}

func (p piece) same(q piece) bool {
	return slices.Equal(p.offset, q.offset) && slices.Equal(p.size, q.size) && p.rank == q.rank
}

func samePieces(a, b []piece) bool { return slices.EqualFunc(a, b, piece.same) }

// group is the state of the process group that the tensor was cut among. Its
// ranks are the local ones: all of the run's, or those of one replica of it.
type group struct {
	localRank, globalRank, localWorld, globalWorld int64
}

// replica reports whether the rank has only what another one has too: with hybrid
// sharding every group of ranks has the whole model.
func (g group) replica() bool { return g.localWorld < g.globalWorld && g.globalRank >= g.localWorld }

// How torch pickles a subclass of its tensors: function, class, arguments, state.
const rebuildType = "torch._tensor._rebuild_from_type_v2"

// isSharded reports whether a value is a ShardedTensor.
func isSharded(v torch.Value) bool {
	o, ok := v.(*torch.Object)
	if !ok || o.Called() != rebuildType || len(o.Args) != 4 {
		return false
	}
	class, ok := o.Args[1].(*torch.Global)
	return ok && class.Name == "ShardedTensor"
}

// readSharded reads a ShardedTensor, the state of which is a tuple: local shards,
// metadata, process group, sharding specification, and a flag.
func readSharded(v torch.Value) (*shardedTensor, error) {
	state, ok := items(v.(*torch.Object).Args[3])
	if !ok || len(state) != 5 {
		return nil, errors.New("found no state of five items, expected that of a ShardedTensor")
	}
	s := &shardedTensor{}
	if err := s.metadata(state[1]); err != nil {
		return nil, err
	}
	local, ok := items(state[0])
	if !ok {
		return nil, errors.New("found no list of local shards, expected one")
	}
	for i, v := range local {
		d, err := fields(v, "Shard")
		if err != nil {
			return nil, fmt.Errorf("local shard %d: %w", i, err)
		}
		m, _ := d.Get("metadata")
		p, err := s.piece(m)
		if err != nil {
			return nil, fmt.Errorf("local shard %d: %w", i, err)
		}
		p.tensor, _ = d.Get("tensor")
		s.local = append(s.local, p)
	}
	return s, s.readGroup(state[2])
}

func (s *shardedTensor) metadata(v torch.Value) error {
	d, err := fields(v, "ShardedTensorMetadata")
	if err != nil {
		return err
	}
	size, _ := d.Get("size")
	if s.shape, err = sizes(size); err != nil {
		return fmt.Errorf("size: %w", err)
	}
	properties, _ := d.Get("tensor_properties")
	if s.dtype, err = dtypeOf(properties); err != nil {
		return err
	}
	all, err := itemsOf(d, "shards_metadata")
	if err != nil {
		return err
	}
	if len(all) > maxRanks {
		return fmt.Errorf("found %d shards, expected at most %d", len(all), maxRanks)
	}
	for i, v := range all {
		p, err := s.piece(v)
		if err != nil {
			return fmt.Errorf("shard %d: %w", i, err)
		}
		s.all = append(s.all, p)
	}
	return nil
}

// piece reads ShardMetadata.
func (s *shardedTensor) piece(v torch.Value) (p piece, err error) {
	d, err := fields(v, "ShardMetadata")
	if err != nil {
		return p, err
	}
	offsets, _ := d.Get("shard_offsets")
	size, _ := d.Get("shard_sizes")
	if p.offset, err = sizes(offsets); err == nil {
		p.size, err = sizes(size)
	}
	if err != nil {
		return p, err
	}
	if len(p.offset) != len(s.shape) || len(p.size) != len(s.shape) {
		return p, fmt.Errorf("found a piece %v at %v, expected %d dimensions", p.size, p.offset, len(s.shape))
	}
	p.rank = -1
	placement, _ := d.Get("placement")
	if d, err := fields(placement, "_remote_device"); err == nil {
		if n, err := number(d, "_rank"); err == nil && n < maxRanks {
			p.rank = n
		}
	}
	return p, nil
}

// readGroup reads ProcessGroupState, a class within another, which protocol 2
// finds by getattr. Without one the world is 0.
func (s *shardedTensor) readGroup(v torch.Value) error {
	o, ok := v.(*torch.Object)
	if !ok {
		return nil
	}
	d, ok := o.State.(*torch.Dict)
	if !ok {
		return errors.New("found a process group without fields, expected some")
	}
	for _, f := range []struct {
		key string
		to  *int64
	}{
		{"local_rank", &s.group.localRank},
		{"global_rank", &s.group.globalRank},
		{"local_world_size", &s.group.localWorld},
		{"global_world_size", &s.group.globalWorld},
	} {
		n, err := number(d, f.key)
		if err != nil {
			return fmt.Errorf("process group: %w", err)
		}
		*f.to = n
	}
	if g := s.group; g.localWorld < 1 || g.globalWorld < g.localWorld || g.globalWorld > maxRanks {
		return fmt.Errorf("found a process group of %d ranks among %d, expected 1 to %d", g.localWorld, g.globalWorld, maxRanks)
	}
	return nil
}

// fits checks a local piece against the metadata and its tensor.
func (s *shardedTensor) fits(p piece, t formats.Tensor) error {
	if t.DType != s.dtype || !slices.Equal(t.Shape, p.size) {
		return fmt.Errorf("found %s %v, expected %s %v as in its metadata", t.DType, t.Shape, s.dtype, p.size)
	}
	if !slices.ContainsFunc(s.all, p.same) {
		return fmt.Errorf("found a piece %v at %v of rank %d, expected one of those that the metadata of the whole names", p.size, p.offset, p.rank)
	}
	if g := s.group; g.globalWorld > 0 && p.rank >= 0 && p.rank != g.localRank && p.rank != g.globalRank {
		return fmt.Errorf("found a piece of rank %d, expected one of rank %d", p.rank, g.globalRank)
	}
	return nil
}
