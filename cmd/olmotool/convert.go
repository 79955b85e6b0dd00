package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"olmotool/convert"
	"olmotool/formats/olmo"
	"olmotool/formats/shards"
)

// convertFlags are the flags of convert.
type convertFlags struct {
	convert.Options
	maxShard, splitMaxSize, verify string
}

func (f *convertFlags) add(fs *pflag.FlagSet) {
	fs.StringVar(&f.From, "from", "", "take SRC for this `LAYOUT`, where it could be several")
	f.addOutput(fs)
}

// addOutput adds the flags that say what is written, and how.
func (f *convertFlags) addOutput(fs *pflag.FlagSet) {
	fs.StringVar(&f.To, "to", "", "`LAYOUT` of the output (default: what the name of DST says)")
	fs.StringVar(&f.DType, "dtype", "keep", "element `TYPE`: keep, f32, f16, bf16; into GGUF also q8_0")
	fs.StringVar(&f.maxShard, "max-shard-size", "", "hf, hf-bin: largest weights `SIZE` of one file (default 5GB)")
	fs.StringVar(&f.Container, "container", "", "olmo-core-unsharded: `KIND` of file, torch (default) or safetensors")
	fs.StringVar(&f.splitMaxSize, "split-max-size", "", "gguf: split into files of at most this `SIZE` of tensor data, as 5G")
	fs.IntVar(&f.SplitMaxTensors, "split-max-tensors", 0, "gguf: split into files of at most `N` tensors")
	fs.StringVar(&f.TokenizerDir, "tokenizer", "", "`DIR` with the tokenizer files (default: beside the source)")
	fs.StringVar(&f.ModelName, "model-name", "", "gguf: `NAME` for general.name")
	fs.StringVar(&f.MetadataFile, "metadata", "", "gguf: JSON `FILE` that overrides metadata, as for convert_hf_to_gguf.py")
	fs.StringVar(&f.PreTokenizer, "pretokenizer", "", "gguf: `NAME` for tokenizer.ggml.pre (default: by the tokenizer's structure)")
	fs.StringArrayVar(&f.Set, "set", nil, "gguf: `KEY=VALUE` or KEY=TYPE:VALUE, repeatable")
	fs.StringArrayVar(&f.Unset, "unset", nil, "gguf: leave `KEY` out, repeatable")
	fs.StringVar(&f.verify, "verify", "", "read the output back and prove its weights before it is put in place; at `LEVEL` forward also run it beside the source")
	fs.Lookup("verify").NoOptDefVal = "weights"
	fs.BoolVar(&f.DryRun, "dry-run", false, "print what would be written, and write nothing")
	fs.BoolVar(&f.NoHash, "no-hash", false, "leave out the SHA-256 of the output files and the content digest")
	fs.BoolVar(&f.IgnoreCRC, "ignore-crc", false, "torch: accept an archive whose CRC-32 checksums are wrong")
	fs.BoolVar(&f.Force, "force", false, "replace DST if it exists")
	fs.BoolVar(&f.Provenance, "provenance", false, "write a small JSON beside the output: source, digest, version")
}

// options turns the flags into options.
func (f *convertFlags) options(g *global, dst string) (convert.Options, error) {
	o := f.Options
	o.Dst, o.Threads, o.Version = dst, g.threads, version()
	switch f.verify {
	case "":
	case "weights":
		o.Verify = true
	case "forward":
		o.Verify, o.VerifyForward = true, true
		allowMemory(computing)
	default:
		return o, usageError("--verify: found %q, expected weights or forward", f.verify)
	}
	for _, size := range []struct {
		flag, text string
		to         *int64
	}{{"--max-shard-size", f.maxShard, &o.MaxShard}, {"--split-max-size", splitSize(f.splitMaxSize), &o.SplitMaxBytes}} {
		if size.text == "" {
			continue
		}
		var err error
		if *size.to, err = shards.ParseSize(size.text); err != nil {
			return o, usageError("%s: %w", size.flag, err)
		}
	}
	return o, nil
}

// splitSize rewrites 500M and 5G, as gguf-split has them, to 500MB and 5GB: both
// mean powers of 1000.
func splitSize(s string) string {
	if s != "" && strings.ContainsAny(s[len(s)-1:], "KMGkmg") {
		s += "B"
	}
	return s
}

func newConvert(g *global) *cobra.Command {
	f := &convertFlags{}
	names, docs := olmo.Layouts()
	var list strings.Builder
	for i, n := range names {
		fmt.Fprintf(&list, "  %-20s %s\n", n, docs[i])
	}
	cmd := &cobra.Command{
		Use:   "convert SRC DST",
		Short: "Convert a checkpoint to another layout or element type",
		Long: `Convert SRC to DST in one streaming pass. What SRC is, is found out: a file, a
directory, or one shard of a set. The layout of DST follows from its name
(.gguf, .safetensors, .pt, .pth, .bin, otherwise a Hugging Face directory) or
from --to:

` + list.String() + `
A GGUF has the bytes that convert_hf_to_gguf.py would have written, a
safetensors file those of save_pretrained, a .pt those of torch.save. Tensors
that are missing, in excess or of another shape than the config says are
refused before a byte is written. DST appears when it is complete; a run that
fails or is stopped leaves it as it was.

SRC may be random:SHAPE[,seed=N][,dtype=D] (SHAPE: tiny, 1b, 7b, 13b, 32b or the
path of a config.json): pseudo-random weights that need no download and are the
same every time.
` + exitStatus,
		Example: `  olmotool convert OLMo-2-1124-7B OLMo-2-1124-7B.gguf --dtype q8_0 --verify
  olmotool convert step928646-unsharded OLMo-2-7B --tokenizer dolma2-tokenizer
  olmotool convert OLMo-2-1124-7B OLMo-2-bf16 --dtype bf16 --max-shard-size 2GB
  olmotool convert random:1b legacy --to olmo --dry-run`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			o, err := f.options(g, args[1])
			if err != nil {
				return err
			}
			o.Src = args[0]
			var done func()
			o.Progress, done = g.progress(cmd.ErrOrStderr())
			r, err := convert.Run(cmd.Context(), o)
			done()
			if err != nil {
				return err
			}
			g.report(r.Findings)
			return g.print(cmd, convertJSON(r), convertText(r))
		},
	}
	f.add(cmd.Flags())
	completeOutput(cmd)
	return cmd
}

// completeOutput offers what the flags of convert may be.
func completeOutput(cmd *cobra.Command) {
	names, _ := olmo.Layouts()
	complete(cmd, "to", names...)
	complete(cmd, "from", names...)
	complete(cmd, "dtype", "keep", "f32", "f16", "bf16", "q8_0")
	complete(cmd, "container", "torch", "safetensors")
	complete(cmd, "verify", "weights", "forward")
}
