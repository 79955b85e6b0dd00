package sharded

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"olmotool/formats/torch"
)

// flatDict describes what a rank has of tensors laid end to end, in the manner of
// torch up to 2.0 or that of 2.1 and later. The rank has elements [lo, hi) of all.
func flatDict(sizes []int64, lo, hi int64, old bool) *torch.Dict {
	var names, shapes, offsets, infos []torch.Value
	first, last := int64(-1), int64(0)
	at, begin := int64(0), int64(0)
	for i, n := range sizes {
		names = append(names, fmt.Sprintf("t%d.weight", i))
		shapes = append(shapes, ints(n))
		from, to := max(lo, begin)-begin, min(hi, begin+n)-begin
		info := object("fsdp._ShardParamInfo", nil)
		info.Args = []torch.Value{false, nil, nil, nil, nil}
		if from < to {
			if last = int64(i); first < 0 {
				first = last
			}
			offsets = append(offsets, tuple(from, to-1))
			info.Args = []torch.Value{true, at, to - from, from, to - 1}
			at += to - from
		}
		infos = append(infos, info)
		begin += n
	}
	d := dict("flat_param._fqns", tuple(names...), "flat_param._shapes", tuple(shapes...), "flat_param._shard_numel_padded", max(0, hi-max(lo, begin)))
	more := dict("flat_param._shard_param_infos", tuple(infos...))
	if old {
		more = dict("flat_param._shard_param_offsets", listOf(offsets...), "flat_param._shard_indices", tuple(max(first, 0), last))
	}
	d.Items = append(d.Items, more.Items...)
	return d
}

// TestFlatParam: both manners of describing a rank say the same, and the ranks
// have every element once.
func TestFlatParam(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sizes := rapid.SliceOfN(rapid.Int64Range(1, 9), 1, 6).Draw(t, "sizes")
		world := rapid.Int64Range(1, 8).Draw(t, "world")
		var total int64
		for _, n := range sizes {
			total += n
		}
		each := (total + world - 1) / world
		have := make([]int64, len(sizes))
		for rank := range world {
			lo, hi := rank*each, (rank+1)*each
			a, err := readFlatParam(flatDict(sizes, lo, hi, true))
			if err != nil {
				t.Fatal(err)
			}
			b, err := readFlatParam(flatDict(sizes, lo, hi, false))
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(a.ranges, b.ranges) {
				t.Fatalf("found %v and %v", a.ranges, b.ranges)
			}
			if err := a.within(each); err != nil {
				t.Fatal(err)
			}
			var n int64
			for i, r := range a.ranges {
				if r.n > 0 && r.from != have[i] {
					t.Fatalf("found tensor %d to go on at %d, expected %d", i, r.from, have[i])
				}
				have[i] += r.n
				n += r.n
			}
			if n+a.padded != each {
				t.Fatalf("found %d elements and %d of padding, expected %d", n, a.padded, each)
			}
		}
		if !slices.Equal(have, sizes) {
			t.Fatalf("found %v elements, expected %v", have, sizes)
		}
	})
}

func TestFlatParamRefuses(t *testing.T) {
	info := func(args ...torch.Value) *torch.Object {
		o := object("fsdp._ShardParamInfo", nil)
		o.Args = args
		return o
	}
	for _, c := range []struct {
		key  string
		v    torch.Value
		old  bool
		want string
	}{
		{"_fqns", nil, false, "found no list flat_param._fqns"},
		{"_fqns", tuple("a"), false, "found 1 names and 2 shapes"},
		{"_fqns", tuple("a", int64(1)), false, "found name 1 to be no text"},
		{"_shapes", tuple(ints(4), "x"), false, `the shape of "t1.weight": found no list of at most 64 sizes`},
		{"_shard_numel_padded", "x", false, "found no flat_param._shard_numel_padded that is a number"},
		{"_shard_numel_padded", int64(9), false, "found 9 elements of padding, expected at most the 7 of the rank"},
		{"_shard_param_infos", nil, false, "found no list flat_param._shard_param_infos"},
		{"_shard_param_infos", tuple(), false, "found 0 _shard_param_infos, expected 2"},
		{"_shard_param_infos", tuple("x", "y"), false, "found _shard_param_infos 0 to be no _ShardParamInfo"},
		{"_shard_param_infos", tuple(info(true, nil, nil, nil, nil), info(false, nil, nil, nil, nil)), false, `found a _ShardParamInfo of "t0.weight" without numbers`},
		{"_shard_param_infos", tuple(info(true, int64(0), int64(3), int64(0), int64(3)), info(false, nil, nil, nil, nil)), false, "found 3 elements, the 0. to the 3."},
		{"_shard_param_infos", tuple(info(true, int64(0), int64(4), int64(0), int64(3)), info(true, int64(3), int64(3), int64(0), int64(2))), false, `"t1.weight": found its elements to begin at 3, expected at least 4`},
		{"_shard_param_infos", tuple(info(true, int64(5), int64(4), int64(0), int64(3)), info(false, nil, nil, nil, nil)), false, `"t0.weight": found 4 elements from 5 on, expected at most the 7 that the rank has`},
		{"_shard_param_infos", tuple(info(true, int64(0), int64(4), int64(1), int64(4)), info(false, nil, nil, nil, nil)), false, `"t0.weight": found 4 elements from 1 on, expected at most the 4 of [4]`},
		{"_shard_param_infos", tuple(info(true, int64(1)<<62, int64(4), int64(0), int64(3)), info(false, nil, nil, nil, nil)), false, `"t0.weight": found 4 elements from`},
		{"_shard_indices", int64(1), true, "found _shard_indices that are no pair"},
		{"_shard_indices", tuple(int64(1), int64(1)), true, "found 2 tensors in the rank from the 1. on, expected at most 2 in all"},
		{"_shard_indices", tuple(int64(1)<<62, int64(1)), true, "found 2 tensors in the rank from the"},
		{"_shard_param_offsets", nil, true, "found no list flat_param._shard_param_offsets"},
		{"_shard_param_offsets", tuple(tuple(int64(3), int64(2))), true, "found _shard_param_offsets 0 to be no range"},
		{"_shard_param_offsets", tuple(tuple(int64(0), int64(1<<63-1))), true, "found ranges of more elements than can be counted"},
		{"_shard_param_offsets", tuple(tuple(int64(0), int64(4)), tuple(int64(0), int64(1))), true, `"t0.weight": found 5 elements from 0 on, expected at most the 4 of [4]`},
	} {
		d := flatDict([]int64{4, 3}, 0, 7, c.old)
		for i := range d.Items {
			if d.Items[i].Key == "flat_param."+c.key {
				d.Items[i].Value = c.v
			}
		}
		p, err := readFlatParam(d)
		if err == nil {
			err = p.within(7)
		}
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: found %v, expected %q", c.key, err, c.want)
		}
	}
}

func TestFullName(t *testing.T) {
	for _, c := range [][3]string{
		{"", "transformer.wte.weight", "transformer.wte.weight"},
		{"_fsdp_wrapped_module", "a.weight", "a.weight"},
		{"_fsdp_wrapped_module.transformer.blocks.0", "q_norm.weight", "transformer.blocks.0.q_norm.weight"},
		{"transformer.blocks.0._fsdp_wrapped_module", "_fsdp_wrapped_module.q_norm.weight", "transformer.blocks.0.q_norm.weight"},
	} {
		if got := fullName(c[0], c[1]); got != c[2] {
			t.Errorf("%q, %q: found %q, expected %q", c[0], c[1], got, c[2])
		}
	}
}
