package convert

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"olmotool/formats"
	"olmotool/formats/olmo"
)

// Options say what to convert and how. The zero value of every field but Src
// and Dst is the default.
type Options struct {
	Src  string // anything that olmo.Open takes
	From string // layout of Src, to settle an ambiguity
	Dst  string // file or directory to make; its parent must exist
	To   string // layout; by default what the name of Dst says

	DType     string // "keep" (default), "f32", "f16", "bf16"; into GGUF also "q8_0"
	MaxShard  int64  // hf, hf-bin: most bytes in a weights file; 0: DefaultMaxShard
	Container string // olmo-core-unsharded: "torch" (default) or "safetensors"

	SplitMaxBytes   int64 // gguf; 0: no limit
	SplitMaxTensors int   // gguf; 0: no limit

	TokenizerDir string   // where tokenizer files are; by default beside the source
	ModelName    string   // gguf: general.name
	MetadataFile string   // gguf: JSON as for --metadata of the official converter
	PreTokenizer string   // gguf: tokenizer.ggml.pre, where it is not recognised
	Set, Unset   []string // gguf: KEY=VALUE and KEY

	Verify bool // read the output back before it is put in place
	// VerifyForward also runs source and output on the same tokens. It needs a
	// layout with a config.
	VerifyForward bool

	DryRun     bool // plan only
	NoHash     bool // neither SHA-256 nor digest
	IgnoreCRC  bool // accept a torch archive whose checksums are wrong
	Force      bool // replace Dst if it exists
	Provenance bool // a small JSON beside the output
	// Lost, if set, counts what is lost on the way to the model that Write is given,
	// and is told with what casts lose.
	Lost *formats.CastStats
	// Origin is what that says of where the model comes from, in place of Src; it
	// is encoded as JSON.
	Origin any
	// Extra are files to put beside the weights of layouts hf and hf-bin; into a
	// GGUF goes what it keeps of a model card and a chat template.
	Extra   []ExtraFile
	Threads int // 0: all cores

	// Progress, if set, is called when a stage begins, with the bytes it will
	// go through; what it returns is told of bytes done, from several
	// goroutines.
	Progress func(stage string, total int64) func(n int64)
	// Version of the tool, for provenance.
	Version string
}

// DefaultMaxShard is the most bytes that a weights file of layouts hf and
// hf-bin has unless asked otherwise: the default of transformers before
// version 5.
const DefaultMaxShard = 5e9

// UsageError is a request that makes no sense whatever the input holds, or a
// destination that cannot be made.
type UsageError struct{ Err error }

func (e *UsageError) Error() string { return e.Err.Error() }

func (e *UsageError) Unwrap() error { return e.Err }

func usagef(format string, args ...any) error { return &UsageError{fmt.Errorf(format, args...)} }

// Check refuses what contradicts itself, whatever there is to be written. Run and
// Write begin with it.
func (o Options) Check() error {
	_, err := o.settle()
	return err
}

// settle fills in defaults and refuses what contradicts itself. Messages name
// the flags of the command line.
func (o *Options) settle() (formats.DType, error) {
	dtype, err := parseDType(o.DType)
	if err != nil {
		return 0, err
	}
	if o.Dst == "" {
		return 0, usagef("found an empty name as destination, expected a file or directory to make")
	}
	if o.From != "" && !olmo.IsLayout(o.From) {
		return 0, usagef("--from: found %q, expected a layout that inspect reports", o.From)
	}
	if o.To == "" {
		o.To = layoutOf(o.Dst)
	}
	if names, _ := olmo.Layouts(); !slices.Contains(names, o.To) {
		return 0, usagef("--to: found %q, expected one of %s", o.To, strings.Join(names, ", "))
	}
	if dtype.IsBlock() && o.To != "gguf" {
		return 0, usagef("--dtype: found %s for layout %s, which holds f32, f16 and bf16 only", o.DType, o.To)
	}
	if c := o.Container; c != "" && c != "torch" && c != "safetensors" {
		return 0, usagef("--container: found %q, expected torch or safetensors", c)
	}
	if o.MaxShard < 0 || o.SplitMaxBytes < 0 || o.SplitMaxTensors < 0 {
		return 0, usagef("--max-shard-size, --split-max-size, --split-max-tensors: found a negative number, expected a positive one")
	}
	if err := o.misplaced(); err != nil {
		return 0, err
	}
	if o.VerifyForward && (o.To == "safetensors" || o.To == "torch") {
		return 0, usagef("--verify: found forward for layout %s, which holds no config, expected weights", o.To)
	}
	if o.MaxShard == 0 {
		o.MaxShard = DefaultMaxShard
	}
	return dtype, nil
}

// misplaced refuses options that would have no effect: whoever gives one
// expects something of it.
func (o *Options) misplaced() error {
	gguf, hf := []string{"gguf"}, []string{"hf", "hf-bin"}
	for _, x := range []struct {
		flag  string
		given bool
		in    []string
	}{
		{"--max-shard-size", o.MaxShard > 0, hf},
		{"--container", o.Container != "", []string{"olmo-core-unsharded"}},
		{"--tokenizer", o.TokenizerDir != "", []string{"hf", "hf-bin", "gguf", "olmo", "olmo-core-unsharded"}},
		{"--split-max-size", o.SplitMaxBytes > 0, gguf},
		{"--split-max-tensors", o.SplitMaxTensors > 0, gguf},
		{"--model-name", o.ModelName != "", gguf},
		{"--metadata", o.MetadataFile != "", gguf},
		{"--pretokenizer", o.PreTokenizer != "", gguf},
		{"--set", len(o.Set) > 0, gguf},
		{"--unset", len(o.Unset) > 0, gguf},
	} {
		if x.given && !slices.Contains(x.in, o.To) {
			return usagef("%s: found layout %s, expected %s with this flag", x.flag, o.To, strings.Join(x.in, " or "))
		}
	}
	return nil
}

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

// parseDType reads an element type as users write it, in any case.
func parseDType(s string) (formats.DType, error) {
	l := strings.ToLower(s)
	if d, ok := dtypes[l]; ok {
		return d, nil
	}
	if slices.Contains(llamaQuantize, l) {
		return 0, usagef("--dtype: found %s, expected q8_0, which is all that this version quantises to", s)
	}
	return 0, usagef("--dtype: found %q, expected keep, f32, f16, bf16 or q8_0", s)
}
