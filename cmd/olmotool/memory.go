package main

import (
	"os"
	"runtime/debug"

	"olmotool/formats/olmo"
)

// What the garbage collector tries to stay below. It is a limit to garbage: what
// is in use is bounded by the packages that use it.
const (
	// streaming needs some tens of megabytes; without a limit, garbage of a large
	// tokenizer would be allowed to pile up beyond that.
	streaming = 160 << 20
	// computing has panels of weights, pieces of logits and the activations of
	// some tokens, together some hundreds of megabytes. The rest of a gigabyte is
	// for what the system counts as well.
	computing = 900 << 20
)

// forTokens is computing for that many tokens: many more have activations beyond
// it, and a limit below what is in use would have the collector run all the time.
func forTokens(c *olmo.Config, tokens int) int64 {
	if c == nil {
		return computing
	}
	// Up to four models, each with two streams, of these two results of each size
	// at a time, in float64.
	const perElement = 4 * 2 * 2 * 8
	return max(computing, int64(tokens)*(c.HiddenSize+c.IntermediateSize)*perElement)
}

// allowMemory sets the limit, unless the user has set one.
func allowMemory(bytes int64) {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(bytes)
	}
}
