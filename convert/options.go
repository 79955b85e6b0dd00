package convert

import (
	"fmt"
	"path/filepath"
	"strings"

	"olmotool/formats"
)

// Options say what to convert and how. The zero value of every field but Src
// and Dst is the default.
type Options struct {
	Src  string // anything that olmo.Open takes
	From string // layout of Src, to settle an ambiguity
	Dst  string // file or directory to make
	To   string // layout; by default what the name of Dst says

	DType     string // "keep" (default), "f32", "f16", "bf16"; into GGUF also "q8_0"
	MaxShard  int64  // hf, hf-bin: most bytes in a weights file; 0: no limit
	Container string // olmo-core-unsharded: "torch" (default) or "safetensors"

	SplitMaxBytes   int64 // gguf
	SplitMaxTensors int   // gguf

	TokenizerDir string   // where tokenizer files are; by default beside the source
	ModelName    string   // gguf: general.name
	Metadata     []byte   // gguf: JSON of the official converter's --metadata
	PreTokenizer string   // gguf: tokenizer.ggml.pre, where it is not recognised
	Set, Unset   []string // gguf: KEY=VALUE and KEY

	Verify     bool // read the output back before it is put in place
	DryRun     bool // plan only
	NoHash     bool // neither SHA-256 nor digest
	Force      bool // replace Dst if it exists
	Provenance bool // a small JSON beside the output
	Threads    int  // 0: all cores

	// Progress, if set, is called when a stage begins, with the bytes it will
	// go through; what it returns is told of bytes done, from several
	// goroutines.
	Progress func(stage string, total int64) func(n int64)
	// Version of the tool, for provenance.
	Version string
}

// UsageError is a request that makes no sense whatever the input holds.
type UsageError struct{ Err error }

func (e *UsageError) Error() string { return e.Err.Error() }

func (e *UsageError) Unwrap() error { return e.Err }

func usagef(format string, args ...any) error { return &UsageError{fmt.Errorf(format, args...)} }

// layoutOf returns the layout that the name of the output asks for.
func layoutOf(dst string) string {
	switch strings.ToLower(filepath.Ext(dst)) {
	case ".gguf":
		return "gguf"
	case ".safetensors":
		return "safetensors"
	case ".pt", ".pth", ".bin":
		return "torch"
	}
	return "hf"
}

// dtypes are the element types that can be asked for.
var dtypes = map[string]formats.DType{
	"keep": formats.InvalidDType, "": formats.InvalidDType,
	"f32": formats.F32, "f16": formats.F16, "bf16": formats.BF16, "q8_0": formats.Q8_0,
}

// llamaQuantize are the other types that llama-quantize knows.
var llamaQuantize = strings.Fields(`q4_0 q4_1 q5_0 q5_1 iq2_xxs iq2_xs iq2_s iq2_m iq1_s iq1_m tq1_0 tq2_0 q2_k q2_k_s iq3_xxs
	iq3_s iq3_m q3_k iq3_xs q3_k_s q3_k_m q3_k_l iq4_nl iq4_xs q4_k q4_k_s q4_k_m q5_k q5_k_s q5_k_m q6_k mxfp4_moe`)

// ParseDType reads an element type as users write it, in any case.
func ParseDType(s string) (formats.DType, error) {
	l := strings.ToLower(s)
	if d, ok := dtypes[l]; ok {
		return d, nil
	}
	for _, q := range llamaQuantize {
		if q == l {
			return 0, usagef("--dtype %s: this version quantises to q8_0 only", s)
		}
	}
	return 0, usagef("--dtype %s: expected keep, f32, f16, bf16 or q8_0", s)
}
