package verify

import (
	"strings"
	"testing"

	"olmotool/formats"
	"olmotool/formats/olmo"
)

// cut has logits computed a few rows at a time.
func cut(t *testing.T, bytes int64) {
	old := [2]int64{logitsBytes, recordBytes}
	logitsBytes, recordBytes = bytes, bytes
	t.Cleanup(func() { logitsBytes, recordBytes = old[0], old[1] })
}

// The report does not depend on how many rows of logits are compared at a time:
// of the same model, of one whose streams have parted, of one in other types.
func TestBlocksOfLogits(t *testing.T) {
	m, q8 := modelAt(t, models+"olmo2-mha"), modelAt(t, layouts+"olmo2-mha-q8_0.gguf")
	theta := withConfig(m, func(c *olmo.Config) { c.Rope.Theta = 1000 })
	reports := func() (all []string) {
		for _, c := range []struct {
			cand *olmo.Model
			o    Options
		}{{m, Options{}}, {theta, Options{}}, {q8, Options{}}, {q8, Options{Forward: true}}, {theta, Options{EndToEnd: true}}} {
			all = append(all, toJSON(t, runModels(t, m, c.cand, c.o)))
		}
		return all
	}
	want := reports()
	cut(t, 64<<10)
	for i, r := range reports() {
		// Of the head alone the error is summed by blocks.
		if a, b := withoutHead(r), withoutHead(want[i]); a != b {
			t.Errorf("%d: found\n%s\nwant\n%s", i, a, b)
		}
	}
	if r := selfTest(t, models+"olmo2-mha", Options{}); !r.Accepted {
		t.Errorf("found %v", r.Reasons)
	}
	TestRecordAndVerify(t)
	TestGoldenOfTransformers(t)
}

func withoutHead(report string) string {
	before, after, ok := strings.Cut(report, `"metric": "lm_head",`)
	if !ok {
		return report
	}
	_, after, _ = strings.Cut(after, "},")
	return before + after
}

// A fault of the head is put there, and only there.
func TestHead(t *testing.T) {
	m := modelAt(t, models+"olmo2-gqa")
	bad := changed(t, m, "lm_head.weight", func(x formats.Tensor) *formats.Tensor {
		return edited(t, x, func(b []byte) {
			for i := 2*64*500 + 1; i < 2*64*501; i += 2 { // the signs of one token's row
				b[i] ^= 0x80
			}
		})
	})
	for _, bytes := range []int64{logitsBytes, 64 << 10} {
		cut(t, bytes)
		r := runModels(t, m, bad, Options{})
		d := r.Forward.FirstDivergence
		if r.Accepted || d == nil || d.Layer != 2 || d.Site != "lm_head" || r.Forward.Metrics.MaxAbsAt[2] != 500 {
			t.Fatalf("found %s", toJSON(t, r))
		}
		wantText(t, "hypothesis", d.Hypothesis, "lm_head.weight: ", "channel 500 of 576 only")
		for _, l := range r.Forward.Layers {
			if !l.OK || l.EndToEnd != 0 {
				t.Errorf("found %+v", l)
			}
		}
	}
}

// Embedding and head of a tied model are one tensor: seen where it comes first.
func TestTied(t *testing.T) {
	m := modelAt(t, models+"olmo1-tied")
	bad := changed(t, m, "model.embed_tokens.weight", func(x formats.Tensor) *formats.Tensor {
		return edited(t, x, func(b []byte) { b[2*64*575+1] ^= 0x80 }) // the last row, which the made-up tokens hold
	})
	r := runModels(t, m, bad, Options{})
	if d := r.Forward.FirstDivergence; r.Accepted || d == nil || d.Layer != -1 || d.Site != "embed_tokens" {
		t.Errorf("found %s", toJSON(t, r))
	}
	// With its head stored, as a copy, it is the same model.
	copied := withConfig(m, func(c *olmo.Config) { c.TieWordEmbeddings = false })
	copied.Tensors = append(copied.Tensors[:len(copied.Tensors):len(copied.Tensors)], m.Tensors[0].WithName("lm_head.weight"))
	for _, pair := range [][2]*olmo.Model{{m, copied}, {copied, m}} {
		if r := runModels(t, pair[0], pair[1], Options{}); !r.Accepted {
			t.Errorf("found %v", r.Reasons)
		}
	}
}
