package inspect

import (
	"slices"

	"olmotool/formats"
	"olmotool/formats/olmo"
)

// Memory is what running a model takes beside the activations, in bytes.
type Memory struct {
	Weights int64         `json:"weights"` // as they are stored
	Cache   []CacheMemory `json:"kv_cache"`
	Sliding int64         `json:"sliding_layers,omitempty"` // layers that keep a window only
	Window  int64         `json:"sliding_window,omitempty"` // tokens
}

// CacheMemory is the size of the cache of keys and values of one sequence. A cache
// of f16 is as large as one of bf16.
type CacheMemory struct {
	Context int64  `json:"context"` // tokens
	Type    string `json:"type"`    // "f16" or "q8_0"
	Bytes   int64  `json:"bytes"`
}

// memory adds up keys and values: for each layer two vectors of all key-value
// heads for each token, in a sliding layer for the tokens of the window only.
// Runtimes round the number of tokens up, to 32 or 256.
func memory(c *olmo.Config, weights int64) *Memory {
	m := &Memory{Weights: weights}
	for _, t := range c.LayerTypes {
		if t == olmo.SlidingAttention {
			m.Sliding, m.Window = m.Sliding+1, c.SlidingWindow
		}
	}
	contexts := []int64{1024, 4096, c.MaxPositionEmbeddings}
	for i, n := range contexts {
		if n > c.MaxPositionEmbeddings || slices.Contains(contexts[:i], n) {
			continue
		}
		for _, k := range []struct {
			name  string
			dtype formats.DType
		}{{"f16", formats.F16}, {"q8_0", formats.Q8_0}} {
			if b, ok := cacheBytes(c, m, n, k.dtype); ok {
				m.Cache = append(m.Cache, CacheMemory{n, k.name, b})
			}
		}
	}
	return m
}

// cacheBytes reports false if the vectors do not fill blocks of the type, or the
// sum does not fit.
func cacheBytes(c *olmo.Config, m *Memory, context int64, d formats.DType) (int64, bool) {
	vector, err := formats.MulChecked(c.NumKeyValueHeads, c.HeadDim)
	if err != nil {
		return 0, false
	}
	one, err := d.Bytes(vector)
	if err != nil || c.HeadDim%d.BlockElems() != 0 {
		return 0, false
	}
	full, err := formats.MulChecked(context, c.NumHiddenLayers-m.Sliding)
	if err != nil {
		return 0, false
	}
	part, err := formats.MulChecked(min(context, m.Window), m.Sliding)
	if err != nil {
		return 0, false
	}
	tokens, err := formats.AddChecked(full, part)
	if err != nil {
		return 0, false
	}
	n, err := formats.MulChecked(tokens, one)
	if err == nil {
		n, err = formats.MulChecked(n, 2)
	}
	return n, err == nil
}
