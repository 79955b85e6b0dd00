package verify

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"olmotool/formats"
	"olmotool/formats/olmo"
	"olmotool/verify/faults"
)

func selfTest(t *testing.T, path string, o Options) *Report {
	t.Helper()
	r, err := SelfTest(context.Background(), open(t, path), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Every fault is found by each level alone, is called what it is by the one and
// put into its layer and operation by the other.
func TestEveryFaultIsFound(t *testing.T) {
	for _, name := range []string{"olmo1", "olmo1-tied", "olmo2-mha", "olmo2-gqa", "olmo3"} {
		r := selfTest(t, models+name, Options{})
		if !r.Accepted || !r.SelfTest.Passed || !r.Weights.Equal || r.Forward.FirstDivergence != nil {
			t.Errorf("%s: %s %v", name, r.Verdict, r.Reasons)
		}
		for _, f := range r.SelfTest.Faults {
			if !f.Caught || !f.ByWeights || !f.ByForward || !f.Located || !f.Diagnosed || f.NoEffect || !(f.Margin > 50) || !(f.EndToEndNMSE > 0) {
				t.Errorf("%s: %+v", name, f)
			}
		}
		if len(r.SelfTest.Faults) < 11 {
			t.Errorf("%s: only %d faults", name, len(r.SelfTest.Faults))
		}
		wantText(t, name, r.Verdict, "injected faults caught", "the model itself is accepted")
	}
	// Quantised, and in another layout.
	r := selfTest(t, layouts+"olmo2-mha-q8_0.gguf", Options{})
	if !r.Accepted {
		t.Errorf("q8_0: %v", r.Reasons)
	}
}

// The faults are in the layers that are run.
func TestSelfTestOfSomeLayers(t *testing.T) {
	r := selfTest(t, models+"olmo3", Options{Layers: 2, Arithmetic: "f64"})
	if !r.Accepted || len(r.Forward.Layers) != 2 {
		t.Errorf("%v", r.Reasons)
	}
	for _, f := range r.SelfTest.Faults {
		if f.Layer > 1 || !f.Located {
			t.Errorf("found %+v", f)
		}
	}
}

// In emulated bfloat16 the forward pass does not see all, and says so.
func TestSelfTestInBF16(t *testing.T) {
	r := selfTest(t, models+"olmo2-gqa", Options{Arithmetic: "bf16"})
	hidden := []string{}
	for _, f := range r.SelfTest.Faults {
		if !f.Caught {
			t.Errorf("not even by the weights: %+v", f)
		}
		if !f.ByForward {
			hidden = append(hidden, f.Name)
		}
	}
	if !slices.Contains(hidden, "scaled-row") || slices.Contains(hidden, "transposed-q_proj") {
		t.Errorf("hidden: %v", hidden)
	}
	wantText(t, "not checked", strings.Join(r.NotChecked, "\n"), "faults of single rows")
}

// Faults that change nothing in the weights at hand are not counted as missed.
func TestFaultWithoutEffect(t *testing.T) {
	m := modelAt(t, models+"olmo2-mha")
	for l := range 2 {
		for _, module := range []string{"post_attention_layernorm", "post_feedforward_layernorm"} {
			m = changed(t, m, "model.layers."+string(rune('0'+l))+"."+module+".weight", func(x formats.Tensor) *formats.Tensor {
				return edited(t, x, func(b []byte) {
					for i := range b {
						b[i] = []byte{0, 0, 0x80, 0x3f}[i%4]
					}
				})
			})
		}
	}
	r := selfTest(t, save(t, m, olmo.PlanOptions{}), Options{})
	var none []string
	for _, f := range r.SelfTest.Faults {
		if f.NoEffect {
			none = append(none, f.Name)
		}
	}
	if !r.Accepted || !slices.Equal(none, []string{"swapped-norms", "rolled-norm"}) {
		t.Errorf("%v: no effect %v, reasons %v", r.Accepted, none, r.Reasons)
	}
}

// A check that sees nothing fails the test.
func TestSelfTestThatFails(t *testing.T) {
	m := modelAt(t, models+"olmo2-mha")
	bad := changed(t, m, "model.norm.weight", func(x formats.Tensor) *formats.Tensor {
		return edited(t, x, func(b []byte) { b[2], b[3] = 0xc0, 0x7f })
	})
	r := selfTest(t, save(t, bad, olmo.PlanOptions{}), Options{})
	if r.Accepted || r.SelfTest.Passed {
		t.Error("a model with a NaN passed")
	}
	wantText(t, "verdict", r.Verdict, "the self-test failed: ")

	v := &verification{report: newReport()}
	v.report.SelfTest = &SelfTestReport{Faults: []FaultTest{{Name: "x", Layer: 3, EndToEndNMSE: 0.1}, {Name: "y", Caught: true, EndToEndNMSE: 9e-3}}}
	v.concludeSelfTest()
	if n := v.report.SelfTest.BelowNMSE; n != 1 {
		t.Errorf("%d below the bar, want 1", n)
	}
	wantText(t, "verdict", v.report.Verdict, "fault x in layer 3 was not caught")
}

func TestSelfTestMemory(t *testing.T) {
	o := Options{}
	o.Tokens.Seqs, o.Tokens.AllowLong = [][]int32{make([]int32, 4096)}, true
	m := modelAt(t, "random:32b")
	v := &verification{Options: o, ref: m, tokens: o.Tokens}
	if _, err := newRecorded[float32](context.Background(), v); !errors.As(err, new(*UsageError)) {
		t.Errorf("found %v", err)
	}
}

func TestShared(t *testing.T) {
	m := modelAt(t, models+"olmo3")
	for _, c := range []struct {
		f    faults.Fault
		want int
	}{
		{faults.Fault{Weights: true, Tensors: []string{"model.layers.3.a", "model.layers.2.b"}}, 2},
		{faults.Fault{Weights: true, Tensors: []string{"lm_head.weight"}}, 0},
		{faults.Fault{}, 0},
	} {
		if got := sharedLayers(c.f, m); got != c.want {
			t.Errorf("%v: found %d, want %d", c.f.Tensors, got, c.want)
		}
	}
}
