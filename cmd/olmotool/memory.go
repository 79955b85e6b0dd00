package main

import (
	"os"
	"runtime/debug"
)

// What the garbage collector tries to stay below. It is a limit to garbage: what
// is in use is bounded by the packages that use it.
const (
	// streaming needs some tens of megabytes; without a limit, garbage of a large
	// tokenizer would be allowed to pile up beyond that.
	streaming = 160 << 20
	// computing has panels of weights, the activations of all tokens, and pieces
	// of logits, together some hundreds of megabytes. The rest of a gigabyte is
	// for stacks and what the system counts as well.
	computing = 900 << 20
)

// allowMemory sets the limit, unless the user has set one.
func allowMemory(bytes int64) {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(bytes)
	}
}
