package main

import (
	"fmt"
	"io"
	"strings"

	"olmotool/convert"
	"olmotool/formats"
	"olmotool/internal/human"
	"olmotool/verify"
)

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
	Tensors int             `json:"tensors"`
	Rule    string          `json:"rule,omitempty"` // by which the forward pass was accepted
	Forward *verify.Forward `json:"forward,omitempty"`
}

type castsDoc struct {
	Overflow  int64 `json:"overflow"`
	Underflow int64 `json:"underflow"`
	NaN       int64 `json:"nan"`
}

func convertJSON(r *convert.Result) convertDoc {
	d := convertDoc{
		Schema: "olmotool.convert/1", Layout: r.Target.Layout, Digest: r.Digest, DryRun: r.DryRun,
		Casts: castsDoc(r.Casts), Findings: append([]formats.Finding{}, r.Findings...), Seconds: r.Seconds, PeakRSS: peakRSS(),
	}
	for _, f := range r.Output {
		d.Output = append(d.Output, outputDoc(f))
	}
	d.Verified = verifiedJSON(r)
	return d
}

// verifiedJSON is nil if nothing was verified.
func verifiedJSON(r *convert.Result) *verifiedDoc {
	if !r.Verified {
		return nil
	}
	d := &verifiedDoc{Tensors: r.Target.Tensors}
	if f := r.Forward; f != nil {
		d.Rule, d.Forward = f.Rule, f.Forward
	}
	return d
}

func convertText(r *convert.Result) func(w io.Writer) error {
	return func(w io.Writer) error {
		fmt.Fprintln(w, sideLine(r.Source, r.Parameters))
		return outputText(r)(w)
	}
}

// outputText tells what was written, or would be.
func outputText(r *convert.Result) func(w io.Writer) error {
	return func(w io.Writer) error {
		fmt.Fprintf(w, "→ %s\n\n", sideLine(r.Target, 0))
		t := table{columns: []column{{name: "FILE"}, {name: "BYTES", right: true}, {name: "SHA-256"}}}
		if r.Output[0].SHA256 == "" {
			t.columns = t.columns[:2]
		}
		var total int64
		for _, f := range r.Output {
			t.add(f.Path, human.Count(f.Bytes), f.SHA256)
			total += f.Bytes
		}
		if err := t.write(w); err != nil {
			return err
		}
		fmt.Fprintln(w)
		if r.DryRun {
			_, err := fmt.Fprintf(w, "dry run: nothing was written (%s bytes would be)\n", human.Count(total))
			return err
		}
		if c := r.Casts; c.Overflow+c.Underflow+c.NaN > 0 {
			fmt.Fprintf(w, "casts: %s became infinite, %s became zero, %s NaN\n", human.Count(c.Overflow), human.Count(c.Underflow), human.Count(c.NaN))
		}
		if r.Digest != "" {
			fmt.Fprintf(w, "digest: %s\n", r.Digest)
		}
		if r.Verified {
			fmt.Fprintf(w, "verified: read back; all %s are those of the source\n", proven(r))
			if r.Forward != nil {
				fmt.Fprintf(w, "verified: run beside the source; %s\n", printable(r.Forward.Verdict))
			}
		}
		_, err := fmt.Fprintf(w, "%.2f s, peak memory %s\n", r.Seconds, human.Bytes(peakRSS()))
		return err
	}
}

// proven says what a verification compared.
func proven(r *convert.Result) string {
	s := human.Count(int64(r.Target.Tensors)) + " tensors"
	if r.Target.Model != "" {
		s += " and the config"
	}
	return s
}

// sideLine describes one end of a conversion.
func sideLine(s convert.Side, parameters int64) string {
	return fmt.Sprintf("%s (%s)", printable(s.Path), sideText(s, parameters))
}

func sideText(s convert.Side, parameters int64) string {
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
	return strings.Join(what, ", ")
}
