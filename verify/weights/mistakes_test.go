package weights

import (
	"context"
	"strings"
	"testing"

	"olmotool/formats"
	"olmotool/formats/olmo"
	"olmotool/formats/safetensors"
)

// mistakes reads what testdata/make_mistakes.py made with torch.
func mistakes(t testing.TB) map[string]formats.Tensor {
	t.Helper()
	ck, err := safetensors.Open("testdata/mistakes.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ck.Close() })
	m := map[string]formats.Tensor{}
	for _, x := range ck.Tensors {
		m[x.Name] = x
	}
	return m
}

// headed is the config of a model whose heads are those of the script.
func headed() *olmo.Config {
	return &olmo.Config{ModelType: olmo.OLMo2, NumHiddenLayers: 1, NumAttentionHeads: 4, NumKeyValueHeads: 4, HeadDim: 8, HiddenSize: 32}
}

// one compares two tensors as the only ones of a model.
func one(t testing.TB, c *olmo.Config, ref, cand formats.Tensor, name string) *Report {
	t.Helper()
	model := func(x formats.Tensor) *olmo.Model {
		return &olmo.Model{Config: c, Tensors: []formats.Tensor{x.WithName(name)}}
	}
	r, err := Compare(context.Background(), model(ref), model(cand), Options{Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

const (
	qName = "model.layers.0.self_attn.q_proj.weight"
	oName = "model.layers.0.self_attn.o_proj.weight"
)

// TestMistakes: torch makes them, and each is called by its name.
func TestMistakes(t *testing.T) {
	all := mistakes(t)
	for _, c := range []struct{ ref, cand, name, rule, want string }{
		{"ref", "transposed", qName, "W2", "transposed: exactly REF's transpose"},
		{"ref", "interleaved", qName, "W2", "rows permuted: from half-split to interleaved rotary pairs"},
		{"ref", "half-split", qName, "W2", "rows permuted: from interleaved to half-split rotary pairs"},
		{"ref", "rolled rows", qName, "W2", "rolled by 1 row"},
		{"ref", "rolled columns", qName, "W2", "rolled by -2 columns"},
		{"ref", "rolled", qName, "W2", "rolled by 5 elements"},
		{"ref", "negative", qName, "W2", "sign flipped: exactly -1 times REF"},
		{"ref", "scaled", qName, "W2", "scaled by 1.01, exactly"},
		{"half", "scaled half", qName, "W2", "scaled by 1.01, exactly"},
		{"ref", "scaled half", qName, "W3", "scaled by about 1.00"}, // rounded before and after
		{"ref", "divided", qName, "W2", "divided by 2.828427, exactly"},
		{"ref", "swapped", qName, "W2", "bytes swapped: those of each element are in the other order"},
		{"ref", "truncated", qName, "W3", "truncated to BF16 instead of rounded"},
		{"tied", "half up", qName, "W3", "rounded to BF16 with ties away from zero instead of to even"},
		{"ref", "by f16", qName, "W3", "rounded to F16 on the way"},
		{"ref", "by bf16", qName, "W3", "rounded to BF16 on the way"},
		{"ref", "through bf16", qName, "W2", "rounded to BF16 on the way"},
		{"half", "misread", qName, "W3", "misread: REF's BF16 bytes taken for F16"},
		{"small", "flushed", qName, "W3", "subnormal values flushed to zero"},
		{"large", "clamped", qName, "W3", "values too large for F16 made the largest one instead of infinite"},
		{"large", "infinite", qName, "W6", "0 NaN and "},
		{"half", "ref", qName, "W3", "REF is CAND in BF16: CAND has digits that REF has lost"},
		{"ref", "reversed heads", qName, "W2", "heads reversed: CAND's 4 are REF's 3 2 1 0"},
		{"ref", "permuted heads", qName, "W2", "heads permuted: CAND's 4 are REF's 2 0 1 3"},
		{"ref", "repeated heads", qName, "W2", "heads repeated: CAND's 4 are REF's 0 0 1 1"},
		{"ref", "reversed column heads", oName, "W2", "heads reversed: CAND's 4 are REF's 3 2 1 0"},
		{"ref", "flipped", qName, "W2", "rows in reverse order"},
		{"ref", "shuffled", qName, "W2", "rows in another order: 3"},
		{"half", "bit", qName, "W2", "1 element changed: [3 5] is "},
		{"half", "bit", qName, "W2", " (bit 2 of the exponent flipped)"},
		{"ref", "row", qName, "W2", "row 9 of 32 changed: scaled by 1.01, exactly"},
		{"ref", "copied row", qName, "W2", "rows duplicated: row 17 is REF's row 16"},
		{"ref", "swapped rows", qName, "W2", "rows 4 and 20 are swapped"},
		{"ref", "column", qName, "W2", "column 7 of 32 changed, in 32 of 32 rows"},
		{"ref", "zero head", qName, "W2", "rows 8–15 of 32 changed (head 1): all zeros"},
		{"ref", "zeros", qName, "W2", "all zeros"},
		{"ref", "padded", qName, "W1", "shape [40 32], expected [32 32]: 8 rows more than REF, all zeros; those that REF has are equal"},
		{"padded", "ref", qName, "W1", "shape [32 32], expected [40 32]: the last 8 rows are missing, the others are equal"},
		{"ref", "two heads", qName, "W1", "shape [16 32], expected [32 32]: the last 16 rows are missing, the others are equal"},
		{"ref", "reshaped", qName, "W1", "shape [16 64], expected [32 32]: the same values in the same order"},
		{"ref", "shifted", qName, "W2", "read at a wrong offset: REF's bytes, -8 further on (8 bytes are not REF's)"},
		{"ref", "noise", qName, "W2", "other values, unrelated to REF's: cosine "},
		{"ref", "noisy", qName, "W2", "no known mistake explains it: 1024 of 1024 elements differ, by a relative error of 0.0096, cosine 0.999954"},
	} {
		ref, ok := all[c.ref]
		cand, also := all[c.cand]
		if !ok || !also {
			t.Fatalf("no %s or %s", c.ref, c.cand)
		}
		r := one(t, headed(), ref, cand, c.name)
		if len(r.Failures) != 1 || r.Equal {
			t.Errorf("%s: %d failures", c.cand, len(r.Failures))
			continue
		}
		f := r.Failures[0]
		if !strings.Contains(f.Diagnosis, c.want) || f.Rule != c.rule {
			t.Errorf("%s: %s %q, want %s %q", c.cand, f.Rule, f.Diagnosis, c.rule, c.want)
		}
		if len(r.Summary) != 1 || !strings.HasSuffix(r.Summary[0], f.Diagnosis) {
			t.Errorf("%s: summary %q", c.cand, r.Summary)
		}
	}
}

// TestRightCasts: what torch rounds is what we round.
func TestRightCasts(t *testing.T) {
	all := mistakes(t)
	for _, c := range []struct{ ref, cand string }{{"ref", "half"}, {"through bf16", "half"}, {"half", "through bf16"}} {
		if r := one(t, headed(), all[c.ref], all[c.cand], qName); !r.Equal || r.Cast != 1 {
			t.Errorf("%s as %s: %+v", c.ref, c.cand, r.Failures)
		}
	}
}
