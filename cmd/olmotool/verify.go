package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"olmotool/formats/olmo"
	"olmotool/verify"
)

func newVerify(g *global) *cobra.Command {
	f := &verifyFlags{}
	cmd := &cobra.Command{
		Use: `verify REF CAND
  olmotool verify MODEL --golden FILE
  olmotool verify REF --self-test`,
		Short: "Prove that two checkpoints are the same model, or say where they part",
		Long: `Compare CAND with REF, which may be of any two layouts and element types.

Weights: every element of every tensor. The same type means the same bytes, a
cast the source rounded to nearest even, a quantised tensor the bytes of the
reference quantiser. What differs is diagnosed: transposed, rows in another
order, scaled, another tensor's values, and so on.

Forward pass: both models run on the same tokens, in float32 unless asked
otherwise, a layer at a time. Each layer of CAND is fed what REF has there, so
that an error is seen in the layer that makes it; besides, CAND runs alone, down
to the logits. The first divergence is told by layer and operation. Memory does
not grow with the model.

What is accepted is a rule, --list-rules prints them with what each cannot see.
With --golden MODEL is held against logits recorded elsewhere: a safetensors
file with input_ids and logits, as olmotool logits writes. With --self-test
faults are put into REF, and the report says whether each is caught.
` + exitStatus,
		Example: `  olmotool verify OLMo-2-1124-7B OLMo-2-1124-7B.gguf
  olmotool verify step1000-unsharded OLMo-2-7B --weights --json
  olmotool verify OLMo-2-1124-7B OLMo-2-Q8_0.gguf --text wiki.txt --html report.html
  olmotool verify OLMo-2-1124-7B --golden logits.safetensors
  olmotool verify OLMo-2-1124-7B --self-test --layers 4
  olmotool verify --list-rules`,
		Args: f.args,
		RunE: func(cmd *cobra.Command, args []string) error {
			if f.listRules {
				return g.print(cmd, rulesDoc{"olmotool.rules/1", verify.Rules()}, rulesText)
			}
			if err := f.check(cmd.Flags()); err != nil {
				return err
			}
			return f.run(cmd, g, args)
		},
	}
	f.add(cmd.Flags())
	complete(cmd, "dtype", verify.Arithmetics...)
	complete(cmd, "truth", "f64")
	complete(cmd, "device", "cpu", "cuda", "auto")
	complete(cmd, "rule", ruleNames()...)
	names, _ := olmo.Layouts()
	complete(cmd, "from", names...)
	complete(cmd, "from-cand", names...)
	return cmd
}

// run compares what was asked for and prints the answer.
func (f *verifyFlags) run(cmd *cobra.Command, g *global, args []string) error {
	start := time.Now()
	allowMemory(computing)
	page, err := f.beginPage(args)
	if err != nil {
		return err
	}
	defer page.abort()
	var done func()
	f.Progress, done = g.progress(cmd.ErrOrStderr())
	f.Threads = g.threads
	r, err := f.compare(cmd.Context(), cmd.InOrStdin(), args)
	done()
	if err != nil {
		return inFlag(err)
	}
	g.report(r.Findings)
	seconds := time.Since(start).Seconds()
	doc := verifyDoc{"olmotool.verify/1", r, seconds, peakRSS()}
	if err := g.print(cmd, doc, verifyText(r, seconds)); err != nil {
		return err
	}
	if err := page.commit(r, f.about(cmd, g, args, seconds)); err != nil {
		return err // after the answer, which took its time
	}
	if !r.Accepted {
		why := r.Verdict
		if len(r.Reasons) > 0 {
			why = r.Reasons[0]
		}
		return &answer{"not accepted: " + why}
	}
	return nil
}

// verifyDoc is the JSON document of verify.
type verifyDoc struct {
	Schema string `json:"schema"`
	*verify.Report
	Seconds float64 `json:"seconds"`
	PeakRSS int64   `json:"peak_rss_bytes"`
}

// compare opens what is to be compared and does it.
func (f *verifyFlags) compare(ctx context.Context, stdin io.Reader, args []string) (*verify.Report, error) {
	ref, err := openSource(ctx, args[0], f.from)
	if err != nil {
		return nil, err
	}
	defer ref.Close()
	if f.golden != "" {
		golden, err := verify.OpenGolden(f.golden)
		if err != nil {
			return nil, err
		}
		defer golden.Close()
		allowMemory(forTokens(ref.Config, golden.Batch.Tokens()))
		return verify.Golden(ctx, ref, golden, f.Options)
	}
	if err := f.input(ref, stdin); err != nil {
		return nil, err
	}
	allowMemory(forTokens(ref.Config, f.Tokens.Tokens()))
	if f.selfTest {
		return verify.SelfTest(ctx, ref, f.Options)
	}
	cand, err := openCand(ctx, args[1], f.fromCand)
	if err != nil {
		return nil, err
	}
	defer cand.Close()
	return verify.Run(ctx, ref, cand, f.Options)
}

// input reads tokens and text for a reference.
func (f *verifyFlags) input(ref *olmo.Source, stdin io.Reader) error {
	if f.tokens.given && ref.Config != nil {
		var err error
		if f.Tokens, err = f.tokens.read(ref.Config); err != nil {
			return err
		}
	}
	f.Tokens.AllowLong = f.tokens.allowLong
	if f.text == "" {
		return nil
	}
	t, err := openTokenizer(ref, f.tokenizer)
	if err != nil {
		return err
	}
	b, err := readText(f.text, stdin)
	if err != nil {
		return err
	}
	if f.TextFrom = f.text; f.text == "-" {
		f.TextFrom = "stdin"
	}
	f.Text, err = encode(t, b, f.TextFrom)
	return err
}

// openCand is openSource for the candidate, which has a flag of its own.
func openCand(ctx context.Context, path, from string) (*olmo.Source, error) {
	if from != "" && !olmo.IsLayout(from) {
		return nil, usageError("--from-cand: found %q, expected a layout that inspect reports", from)
	}
	return openSource(ctx, path, from)
}

// rulesDoc is the JSON document of verify --list-rules.
type rulesDoc struct {
	Schema string        `json:"schema"`
	Rules  []verify.Rule `json:"rules"`
}

// rulesText prints the rules of acceptance.
func rulesText(w io.Writer) error {
	for i, r := range verify.Rules() {
		if i > 0 {
			fmt.Fprintln(w)
		}
		fmt.Fprintf(w, "%s (%s): %s\n", r.Name, r.Level, r.Doc)
		for _, l := range r.Limits {
			fmt.Fprintf(w, "  %s: at most %s\n", l.Metric, l.Formula)
		}
		for _, line := range [][2]string{{"limits from", r.Source}, {"cannot see", r.Blind}} {
			if _, err := fmt.Fprintf(w, "  %s: %s\n", line[0], cmp.Or(line[1], "–")); err != nil {
				return err
			}
		}
	}
	return nil
}
