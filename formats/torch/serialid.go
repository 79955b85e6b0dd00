package torch

import (
	"encoding/binary"
	"fmt"
	"slices"
)

// serializationIDSize is the length of .data/serialization_id.
const serializationIDSize = 40

// serializationID returns the contents of .data/serialization_id: a hash of
// the names of the records and one of their checksums, twenty digits each. The
// first hash is made by walking a std::unordered_set, so that it depends on the
// order in which GCC's library keeps the names. Nothing reads the record;
// torch's files have it, so ours do.
func serializationID(names []string, sums []uint32) []byte {
	hashes := make([]uint64, len(names))
	for i, name := range names {
		hashes[i] = stdHash(name)
	}
	var byName, bySum uint64
	for _, h := range unorderedSet(hashes) {
		byName = hashCombine(byName, h)
	}
	for _, s := range sums {
		bySum = hashCombine(bySum, uint64(s))
	}
	return fmt.Appendf(nil, "%020d%020d", byName, bySum)
}

// hashCombine adds a value to a hash as c10 does.
func hashCombine(seed, v uint64) uint64 {
	return seed ^ (v + 0x9e3779b9 + seed<<6 + seed>>2)
}

// stdHash returns std::hash<std::string> of s in GCC's library on a 64-bit
// little-endian machine: MurmurHash64A with a seed of its own and another end.
func stdHash(s string) uint64 {
	const mul = 0xc6a4a7935bd1e995
	mix := func(v uint64) uint64 { return v ^ v>>47 }
	h := 0xc70f6907 ^ uint64(len(s))*mul
	b := []byte(s)
	for ; len(b) >= 8; b = b[8:] {
		h = (h ^ mix(binary.LittleEndian.Uint64(b)*mul)*mul) * mul
	}
	if len(b) > 0 {
		var tail [8]byte
		copy(tail[:], b)
		h = (h ^ binary.LittleEndian.Uint64(tail[:])) * mul
	}
	return mix(mix(h) * mul)
}

// bucketCounts are the sizes that a growing std::unordered_set takes in GCC's
// library; the last one suffices for maxTensors.
var bucketCounts = []int{
	13, 29, 59, 127, 257, 541, 1109, 2357, 5087, 10273, 20753, 42043,
	85229, 172933, 351061, 712697, 1447153,
}

// unorderedSet returns different hashes, added one after the other to an empty
// std::unordered_set, in the order in which it iterates over them.
//
// The set is one list; a bucket knows the element before its first one. A new
// element goes in front of its bucket's others, or to the front of the list
// when there are none. When the set holds as many elements as buckets, it moves
// all, in order, into a new list by the same rule.
func unorderedSet(hashes []uint64) []uint64 {
	const front = 0                    // stands before the first element; element i has index i+1
	next := make([]int, len(hashes)+1) // 0 ends the list
	var before []int                   // by bucket; -1: empty
	bucket := func(i int) int { return int(hashes[i-1] % uint64(len(before))) }
	link := func(i int) {
		b := bucket(i)
		if before[b] >= 0 {
			next[i] = next[before[b]]
			next[before[b]] = i
			return
		}
		next[i] = next[front]
		next[front] = i
		before[b] = front
		if next[i] != 0 {
			before[bucket(next[i])] = i
		}
	}
	grow := 0
	for i := 1; i <= len(hashes); i++ {
		if i > len(before) && grow < len(bucketCounts) {
			before = slices.Repeat([]int{-1}, bucketCounts[grow])
			grow++
			old := next[front]
			for next[front] = 0; old != 0; {
				after := next[old]
				link(old)
				old = after
			}
		}
		link(i)
	}
	order := make([]uint64, 0, len(hashes))
	for i := next[front]; i != 0; i = next[i] {
		order = append(order, hashes[i-1])
	}
	return order
}
