package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"olmotool/formats/olmo"
	"olmotool/formats/shards"
	"olmotool/internal/human"
	"olmotool/verify"
	"olmotool/verify/forward"
)

// logitsFlags are the flags of logits.
type logitsFlags struct {
	tokens          tokensFlags
	output, from    string
	text, tokenizer string
	dtype, memory   string
	force           bool
}

func newLogits(g *global) *cobra.Command {
	f := &logitsFlags{}
	cmd := &cobra.Command{
		Use:   "logits MODEL -o FILE",
		Short: "Run a model on some tokens and record its logits",
		Long: `Run a model of any layout on some tokens and write the logits of all positions
to FILE, a safetensors file that verify --golden and Python read: input_ids, I64
[T] or [B, T], and logits, F32 [T, V] or [B, T, V]. With --dtype f64 all is
computed and stored in F64; bf16 emulates bfloat16, operation by operation, and
stores F32.

Weights are read a piece at a time: memory does not grow with the model.
` + exitStatus,
		Example: `  olmotool logits OLMo-2-1124-7B -o logits.safetensors --tokens 1,2,3
  olmotool logits model.gguf -o logits.safetensors --text Hello
  olmotool logits random:1b -o logits.safetensors --seed 0 --length 512`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.check(cmd); err != nil {
				return err
			}
			return f.run(cmd, g, args[0])
		},
	}
	fs := cmd.Flags()
	fs.StringVarP(&f.output, "output", "o", "", "write the logits to `FILE`")
	f.tokens.add(fs)
	fs.StringVar(&f.text, "text", "", "run on the tokens of this `TEXT`")
	fs.StringVar(&f.tokenizer, "tokenizer", "", "`DIR` with the tokenizer.json for --text (default: the model's own)")
	fs.StringVar(&f.dtype, "dtype", "f32", "`ARITHMETIC` of the forward pass: f32, f64, or bf16, emulated")
	fs.StringVar(&f.memory, "memory", "", "hold at most this `SIZE` of weights in memory, as 1GB")
	fs.BoolVar(&f.force, "force", false, "replace FILE if it exists")
	addFrom(cmd, &f.from)
	complete(cmd, "dtype", verify.Arithmetics...)
	return cmd
}

// check refuses flags that contradict each other.
func (f *logitsFlags) check(cmd *cobra.Command) error {
	fs := cmd.Flags()
	if err := f.tokens.check(fs, "text"); err != nil {
		return err
	}
	switch {
	case f.output == "":
		return usageError("--output: found none, expected the name of a file to make")
	case !f.tokens.given:
		return usageError("found no tokens, expected --tokens, --tokens-file, --text, or --seed and --length")
	case fs.Changed("tokenizer") && !fs.Changed("text"):
		return usageError("--tokenizer: found no --text, expected one with this flag")
	case !slices.Contains(verify.Arithmetics, f.dtype):
		return usageError("--dtype: found %q, expected %s", f.dtype, strings.Join(verify.Arithmetics, ", "))
	}
	return nil
}

func (f *logitsFlags) run(cmd *cobra.Command, g *global, path string) error {
	start := time.Now()
	o := verify.Options{Threads: g.threads, Arithmetic: f.dtype}
	var err error
	if f.memory != "" {
		if o.Budget, err = shards.ParseSize(f.memory); err != nil {
			return usageError("--memory: %w", err)
		}
	}
	if err := tensorsFile.replaceable(f.output, f.force); err != nil {
		return err
	}
	src, err := openSource(cmd.Context(), path, f.from)
	if err != nil {
		return err
	}
	defer src.Close()
	if o.Tokens, err = f.input(cmd, src); err != nil {
		return err
	}
	allowMemory(forTokens(src.Config, o.Tokens.Tokens()))
	var done func()
	o.Progress, done = g.progress(cmd.ErrOrStderr())
	r, err := verify.Logits(cmd.Context(), src, f.output, f.force, o)
	done()
	if err != nil {
		return inFlag(err)
	}
	g.report(src.Findings)
	d := logitsDoc{"olmotool.logits/1", r, len(o.Tokens.Seqs), f.dtype, time.Since(start).Seconds(), peakRSS()}
	return g.print(cmd, d, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "%s: logits of %s over %s, %s bytes\n%.2f s, peak memory %s\n",
			printable(r.Path), human.Plural(r.Tokens, "token"), human.Count(int64(r.Vocab)), human.Count(r.Bytes), d.Seconds, human.Bytes(d.PeakRSS))
		return err
	})
}

// logitsDoc is the JSON document of logits.
type logitsDoc struct {
	Schema string `json:"schema"`
	*verify.Recorded
	Sequences int     `json:"sequences"`
	DType     string  `json:"dtype"`
	Seconds   float64 `json:"seconds"`
	PeakRSS   int64   `json:"peak_rss_bytes"`
}

// input returns the tokens to run on.
func (f *logitsFlags) input(cmd *cobra.Command, src *olmo.Source) (t verify.Tokens, err error) {
	if src.Config == nil {
		return t, nil // the library says what is wrong
	}
	if !cmd.Flags().Changed("text") {
		return f.tokens.read(src.Config)
	}
	tok, err := openTokenizer(src, f.tokenizer)
	if err != nil {
		return t, err
	}
	ids, err := encode(tok, []byte(f.text), "--text")
	return verify.Tokens{Batch: forward.Batch{Seqs: [][]int32{ids}}, From: "--text", AllowLong: f.tokens.allowLong}, err
}
