package safetensors

import "olmotool/formats"

const (
	// prefixBytes is the size of the number in front of the header.
	prefixBytes = 8

	// maxHeader is the format's own limit on the length of the header, in
	// bytes.
	maxHeader = 100_000_000

	// maxEntries is how many tensors, and how many entries of metadata, a file
	// may have: a hundred times what the largest models need, and little enough
	// that their descriptions fit in memory.
	maxEntries = 1_000_000

	// maxDims is how many dimensions a tensor may have: what torch computes
	// with.
	maxDims = 64

	// maxName is the longest name in bytes that is written. Readers that cut
	// names short would confuse longer ones.
	maxName = 64 << 10
)

// metadataKey is the one member of the header that is not a tensor.
const metadataKey = "__metadata__"

// dtypes are the element types of the format by their names, which are those
// of package formats.
var dtypes = func() map[string]formats.DType {
	m := map[string]formats.DType{}
	for d := formats.Bool; d <= formats.U64; d++ {
		m[d.String()] = d
	}
	return m
}()
