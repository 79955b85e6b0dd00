package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"olmotool/convert"
	"olmotool/formats"
	"olmotool/formats/olmo"
	"olmotool/formats/shards"
	"olmotool/internal/human"
)

// convertFlags are the flags of convert.
type convertFlags struct {
	o            convert.Options
	maxShard     string
	splitMaxSize string
	metadata     string
}

func (f *convertFlags) add(fs *pflag.FlagSet) {
	o := &f.o
	fs.StringVar(&o.To, "to", "", "layout of the output (default: by the name of DST)")
	fs.StringVar(&o.From, "from", "", "layout of the source, where it is ambiguous")
	fs.StringVar(&o.DType, "dtype", "keep", "element type: keep, f32, f16, bf16; into GGUF also q8_0")
	fs.StringVar(&f.maxShard, "max-shard-size", "5GB", "hf, hf-bin: most bytes in one weights file, as 5GB")
	fs.StringVar(&o.Container, "container", "torch", "olmo-core-unsharded: torch (model.pt) or safetensors")
	fs.StringVar(&f.splitMaxSize, "split-max-size", "", "gguf: split into files of at most so much tensor data, as 5G")
	fs.IntVar(&o.SplitMaxTensors, "split-max-tensors", 0, "gguf: split into files of at most so many tensors")
	fs.StringVar(&o.TokenizerDir, "tokenizer", "", "directory with the tokenizer files (default: beside the source)")
	fs.StringVar(&o.ModelName, "model-name", "", "gguf: general.name")
	fs.StringVar(&f.metadata, "metadata", "", "gguf: JSON file that overrides general metadata, as of convert_hf_to_gguf.py")
	fs.StringVar(&o.PreTokenizer, "pretokenizer", "", "gguf: tokenizer.ggml.pre (default: by the structure of the tokenizer)")
	fs.StringArrayVar(&o.Set, "set", nil, "gguf: KEY=VALUE or KEY=TYPE:VALUE, repeatable")
	fs.StringArrayVar(&o.Unset, "unset", nil, "gguf: leave KEY out, repeatable")
	fs.BoolVar(&o.Verify, "verify", false, "read the output back and prove it against the source before it is put in place")
	fs.BoolVar(&o.DryRun, "dry-run", false, "print what would be written, and write nothing")
	fs.BoolVar(&o.NoHash, "no-hash", false, "leave out the SHA-256 of the output files and the content digest")
	fs.BoolVar(&o.Force, "force", false, "replace DST if it exists")
	fs.BoolVar(&o.Provenance, "provenance", false, "write a small JSON beside the output: source, digest, version")
}

// options turns the flags into options.
func (f *convertFlags) options(g *global, args []string) (convert.Options, error) {
	o := f.o
	o.Src, o.Dst, o.Threads, o.Version = args[0], args[1], g.threads, version()
	var err error
	if o.MaxShard, err = shards.ParseSize(f.maxShard); err != nil {
		return o, usageError("--max-shard-size: %w", err)
	}
	if f.splitMaxSize != "" {
		if o.SplitMaxBytes, err = parseSplitSize(f.splitMaxSize); err != nil {
			return o, usageError("--split-max-size: %w", err)
		}
	}
	if o.SplitMaxTensors < 0 {
		return o, usageError("--split-max-tensors: found %d, expected a positive number", o.SplitMaxTensors)
	}
	if f.metadata != "" {
		if o.Metadata, err = os.ReadFile(f.metadata); err != nil {
			return o, err
		}
	}
	for flag, v := range map[string]string{"--to": o.To, "--from": o.From} {
		if v != "" && !olmo.IsLayout(v) {
			return o, usageError("%s: unknown layout %q (olmotool help convert lists them)", flag, v)
		}
	}
	if o.TokenizerDir != "" {
		if fi, err := os.Stat(o.TokenizerDir); err != nil {
			return o, err
		} else if !fi.IsDir() {
			return o, usageError("--tokenizer %s: found a file, expected a directory", o.TokenizerDir)
		}
	}
	return o, nil
}

// parseSplitSize reads 500M or 5G, powers of 1000 as in gguf-split; the forms of
// --max-shard-size are taken too.
func parseSplitSize(s string) (int64, error) {
	if n := len(s); n > 0 && strings.ContainsRune("KMGkmg", rune(s[n-1])) {
		s = strings.ToUpper(s) + "B"
	}
	return shards.ParseSize(s)
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
(.gguf, .safetensors, .pt, otherwise a Hugging Face directory) or from --to:

` + list.String() + `
A GGUF has the very bytes that convert_hf_to_gguf.py would have written, a
safetensors file those of save_pretrained, a .pt those of torch.save. Tensors
that are missing, in excess or of another shape than the config says are
refused before a byte is written. DST appears when it is complete; a run that
fails or is stopped leaves it as it was.

SRC may be random:SHAPE[,seed=N][,dtype=D] (SHAPE: tiny, 1b, 7b, 13b, 32b or a
config.json): deterministic pseudo-random weights that need no download.
` + exitStatus,
		Example: `  olmotool convert OLMo-2-1124-7B OLMo-2-1124-7B.gguf --dtype q8_0 --verify
  olmotool convert step928646-unsharded OLMo-2-7B --tokenizer dolma2-tokenizer
  olmotool convert OLMo-2-1124-7B OLMo-2-bf16 --dtype bf16 --max-shard-size 2GB
  olmotool convert random:1b /tmp/legacy --to olmo --dry-run`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			o, err := f.options(g, args)
			if err != nil {
				return err
			}
			var done func()
			o.Progress, done = g.progress(cmd.ErrOrStderr())
			r, err := convert.Run(cmd.Context(), o)
			done()
			if err != nil {
				return err
			}
			g.report(r.Findings)
			if g.json {
				return writeJSON(cmd.OutOrStdout(), convertJSON(r))
			}
			if g.quiet {
				return nil
			}
			return printConvert(cmd.OutOrStdout(), r)
		},
	}
	f.add(cmd.Flags())
	complete(cmd, "to", names...)
	complete(cmd, "from", names...)
	complete(cmd, "dtype", "keep", "f32", "f16", "bf16", "q8_0")
	complete(cmd, "container", "torch", "safetensors")
	return cmd
}

// convertDoc is the JSON document of convert.
type convertDoc struct {
	Schema   string            `json:"schema"`
	Layout   string            `json:"layout"`
	Output   []outputDoc       `json:"output"`
	Digest   string            `json:"digest,omitempty"`
	DryRun   bool              `json:"dry_run,omitempty"`
	Verified *verifiedDoc      `json:"verified,omitempty"`
	Casts    castsDoc          `json:"casts"`
	Findings []formats.Finding `json:"findings"`
	Seconds  float64           `json:"seconds"`
	PeakRSS  int64             `json:"peak_rss_bytes"`
}

type outputDoc struct {
	Path   string `json:"path"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256,omitempty"`
}

type verifiedDoc struct {
	Tensors int `json:"tensors"`
}

type castsDoc struct {
	Overflow  int64 `json:"overflow"`
	Underflow int64 `json:"underflow"`
	NaN       int64 `json:"nan"`
}

func convertJSON(r *convert.Result) convertDoc {
	d := convertDoc{
		Schema: "olmotool.convert/1", Layout: r.Target.Layout, Output: []outputDoc{}, Digest: r.Digest, DryRun: r.DryRun,
		Casts: castsDoc(r.Casts), Findings: append([]formats.Finding{}, r.Findings...), Seconds: r.Seconds, PeakRSS: peakRSS(),
	}
	for _, f := range r.Output {
		d.Output = append(d.Output, outputDoc(f))
	}
	if r.Verified > 0 {
		d.Verified = &verifiedDoc{r.Verified}
	}
	return d
}

func printConvert(w io.Writer, r *convert.Result) error {
	fmt.Fprintf(w, "%s\n→ %s\n\n", sideLine(r.Source, r.Parameters), sideLine(r.Target, 0))
	t := table{columns: []column{{name: "FILE"}, {name: "BYTES", right: true}, {name: "SHA-256"}}}
	if r.Output == nil || r.Output[0].SHA256 == "" {
		t.columns = t.columns[:2]
	}
	var total int64
	for _, f := range r.Output {
		t.add(printable(f.Path), human.Count(f.Bytes), f.SHA256)
		total += f.Bytes
	}
	if err := t.write(w); err != nil {
		return err
	}
	fmt.Fprintln(w)
	if r.DryRun {
		fmt.Fprintf(w, "dry run: nothing was written (%s bytes would be)\n", human.Count(total))
		return nil
	}
	if c := r.Casts; c.Overflow+c.Underflow+c.NaN > 0 {
		fmt.Fprintf(w, "casts: %s became infinite, %s became zero, %s NaN\n", human.Count(c.Overflow), human.Count(c.Underflow), human.Count(c.NaN))
	}
	if r.Digest != "" {
		fmt.Fprintf(w, "digest: %s\n", r.Digest)
	}
	if r.Verified > 0 {
		fmt.Fprintf(w, "verified: read back; all %d tensors and the config are those of the source\n", r.Verified)
	}
	_, err := fmt.Fprintf(w, "%.2f s, peak memory %s\n", r.Seconds, human.Bytes(peakRSS()))
	return err
}

// sideLine describes one end of a conversion.
func sideLine(s convert.Side, parameters int64) string {
	what := []string{s.Layout}
	if s.Model != "" {
		what = append(what, s.Model)
	}
	if parameters > 0 {
		what = append(what, human.Count(parameters)+" parameters")
	}
	for d := formats.DType(1); d.Valid(); d++ {
		if n := s.DTypes[d]; n > 0 {
			what = append(what, fmt.Sprintf("%s %s", d, human.Bytes(n)))
		}
	}
	return fmt.Sprintf("%s (%s)", printable(s.Path), strings.Join(what, ", "))
}
