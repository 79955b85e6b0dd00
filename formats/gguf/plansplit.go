package gguf

import (
	"fmt"
	"math"

	"olmotool/formats"
)

// PlanSplit plans a set of shards. A new one begins with the tensor that would
// be one too many for maxTensors, or whose bytes, without padding, would carry
// the shard over maxBytes; 0 means no limit. A shard takes one tensor whatever
// its size, and with noTensorFirst the first takes none. All key-values are in
// the first shard, with the keys of the split after them.
//
// Shards are named PREFIX-00001-of-00003.gguf. If there is only one it is
// PREFIX.gguf and has no such keys.
//
// The bytes are those of gguf-py's GGUFWriter, but for one case: with a
// general.alignment other than 32 that writer aligns all shards to it and
// writes it into the first only, and the others cannot be read. Here they are
// aligned to 32.
func PlanSplit(prefix string, kvs []KV, tensors []formats.Tensor, maxTensors int, maxBytes int64, noTensorFirst bool) ([]*formats.FilePlan, error) {
	if err := checkTensors(tensors); err != nil {
		return nil, err
	}
	shards := cut(tensors, maxTensors, maxBytes)
	if noTensorFirst {
		shards = append([][]formats.Tensor{nil}, shards...)
	}
	if len(shards) == 1 {
		p, err := Plan(prefix+".gguf", kvs, tensors, Options{})
		return []*formats.FilePlan{p}, err
	}
	if len(shards) > maxShards {
		return nil, fmt.Errorf("found %d shards, expected at most %d: allow more in each", len(shards), maxShards)
	}
	if len(tensors) > math.MaxInt32 {
		return nil, fmt.Errorf("found %d tensors, expected at most %d", len(tensors), math.MaxInt32)
	}
	plans := make([]*formats.FilePlan, len(shards))
	for i, ts := range shards {
		kvs = Set(kvs, splitNoKey, uint16(i))
		kvs = Set(kvs, splitCountKey, uint16(len(shards)))
		kvs = Set(kvs, splitTensorsKey, int32(len(tensors)))
		var err error
		if plans[i], err = Plan(prefix+suffix(i, len(shards)), kvs, ts, Options{}); err != nil {
			return nil, err
		}
		kvs = nil // the shards that follow have the three keys only
	}
	return plans, nil
}

// cut cuts the list of tensors into those of each shard, at least one.
func cut(tensors []formats.Tensor, maxTensors int, maxBytes int64) [][]formats.Tensor {
	var shards [][]formats.Tensor
	first := 0
	var size int64
	for i, t := range tensors {
		if n := i - first; n > 0 && (maxTensors > 0 && n >= maxTensors || maxBytes > 0 && t.Bytes() > maxBytes-size) {
			shards = append(shards, tensors[first:i])
			first, size = i, 0
		}
		size += t.Bytes()
	}
	return append(shards, tensors[first:])
}
