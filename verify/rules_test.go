package verify

import (
	"flag"
	"math"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"olmotool/formats"
	"olmotool/formats/olmo"
	"olmotool/verify/forward"
)

var update = flag.Bool("update", false, "write the goldens")

// The rules are a contract: their names are written into pipelines.
func TestRules(t *testing.T) {
	got := toJSON(t, Rules()) + "\n"
	const path = "testdata/rules.json"
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Error(d)
	}
	names := map[string]bool{}
	for _, r := range Rules() {
		if names[r.Name] || r.Doc == "" || r.Source == "" || r.Blind == "" || len(r.Limits) == 0 {
			t.Errorf("found %+v", r)
		}
		names[r.Name] = true
	}
}

func TestBars(t *testing.T) {
	for _, c := range []struct {
		types []formats.DType
		want  string
	}{
		{nil, ""},
		{[]formats.DType{formats.F32, formats.I64}, ""},
		{[]formats.DType{formats.BF16}, "bf16"},
		{[]formats.DType{formats.Q8_0, formats.F16, formats.BF16}, "q8_0"},
		{[]formats.DType{formats.Q4_K, formats.Q6_K}, "q4_k"},
		{[]formats.DType{formats.IQ1_S}, "q2_k"},
	} {
		got := ""
		if b := barOf(c.types); b != nil {
			got = b.name
		}
		if got != c.want {
			t.Errorf("%v: found %q, want %q", c.types, got, c.want)
		}
	}
	for i := range bars[1:] { // from fine to coarse, or barOf makes no sense
		if a, b := bars[i], bars[i+1]; a.kl >= b.kl || barNamed(a.name) != &bars[i] {
			t.Errorf("%s comes before %s", a.name, b.name)
		}
	}
}

// The figures that the formulas give for the sizes of the releases.
func TestLimits(t *testing.T) {
	c := &olmo.Config{HiddenSize: 4096, IntermediateSize: 11008, NumAttentionHeads: 32, HeadDim: 128}
	near := func(name string, got, want float64) {
		if !(math.Abs(got/want-1) < 0.02) && got != want {
			t.Errorf("%s: found %v, want %v", name, got, want)
		}
	}
	floor, small := 2e-6, 1e-8
	l := limits{c: c, tokens: 512}
	near("layer", l.layer(0, nil), 3.75e-5)
	near("measured", l.layer(0, &floor), 2e-5)
	near("measured small", l.layer(0, &small), 1e-5)
	near("q_proj", l.site(forward.QProj, 0), 1.14e-5)
	near("down_proj", l.site(forward.DownProj, 0), 1.88e-5)
	near("attn", l.site(forward.Attn, 0), 4.05e-6)
	near("o_proj", l.site(forward.OProj, 0), 1.14e-5)
	near("norm", l.site(forward.QNorm, 0), 1.19e-6)
	three := limits{mode: threeWay, c: c}
	near("three ways", three.layer(5e-3, nil), 1e-2)
	near("three ways, equal", three.layer(0, nil), 3.75e-5)
	near("three ways, site", three.site(forward.QProj, 5e-3), 1e-2)
	near("fallback", limits{mode: fallback, bar: barNamed("q8_0"), c: c}.layer(0, nil), 3e-2)
	near("not judged", limits{mode: fallback, bar: barNamed("q4_k"), c: c}.layer(0, nil), math.Inf(1))
	near("bf16", limits{bf16: true, c: c}.layer(0, nil), 2.5e-2)
	near("bf16 site", limits{bf16: true, c: c}.site(forward.QProj, 0), 1e-2)
	near("centred", centredLimit(64), 2e-4)
}

func TestMargin(t *testing.T) {
	for _, c := range []struct{ value, limit, want float64 }{
		{1, 2, 0.5}, {0, 0, 0}, {1, 0, math.Inf(1)}, {math.NaN(), 1, math.Inf(1)}, {1, math.Inf(1), 0},
	} {
		if got := margin(c.value, c.limit); got != c.want {
			t.Errorf("margin(%v, %v) = %v, want %v", c.value, c.limit, got, c.want)
		}
	}
	if !nearer(Check{Value: 1, Limit: 9, OK: false}, Check{Value: 1, Limit: 1, OK: true}) || nearer(Check{Value: 1, Limit: 2, OK: true}, Check{Value: 2, Limit: 3, OK: true}) {
		t.Error("nearer")
	}
}

// The reference in the candidate's types.
func TestExpect(t *testing.T) {
	mha, tied := modelAt(t, models+"olmo2-mha"), modelAt(t, models+"olmo1-tied")
	cast := func(m *olmo.Model, to formats.DType, only string) *olmo.Model {
		c := *m
		c.Tensors = nil
		for _, x := range m.Tensors {
			if only == "" || x.Name == only {
				var err error
				if x, err = formats.Cast(x, to, nil); err != nil {
					t.Fatal(err)
				}
			}
			c.Tensors = append(c.Tensors, x)
		}
		return &c
	}
	if e := expect(mha, mha); e.model != mha || len(e.lossy) != 0 {
		t.Errorf("itself: %+v", e)
	}
	if e := expect(tied, cast(tied, formats.F32, "")); e.model != tied || len(e.lossy) != 0 {
		t.Errorf("widened: %+v", e.lossy)
	}
	e := expect(mha, cast(mha, formats.BF16, ""))
	if len(e.lossy) != 1 || e.quantised || e.model.Tensors[3].DType != formats.BF16 || e.model.Config != mha.Config {
		t.Errorf("cast: %+v", e.lossy)
	}
	// A head that the reference does not store, in a type of its own.
	untied := cast(tied, formats.BF16, "")
	head := tied.Tensors[0].WithName("lm_head.weight")
	head, err := formats.Cast(head, formats.Q8_0, nil)
	if err != nil {
		t.Fatal(err)
	}
	untied.Tensors = append(untied.Tensors, head)
	e = expect(tied, untied)
	last := e.model.Tensors[len(e.model.Tensors)-1]
	if !e.quantised || e.model.Config.TieWordEmbeddings || last.Name != "lm_head.weight" || last.DType != formats.Q8_0 || !tied.Config.TieWordEmbeddings {
		t.Errorf("untied: %+v", e)
	}
	// A type that nothing here can make.
	odd := cast(mha, formats.F32, "")
	odd.Tensors[2].DType = formats.Q4_K
	if e := expect(mha, odd); e.model != nil || !e.quantised || e.lossy[0] != formats.Q4_K {
		t.Errorf("without a codec: %+v", e)
	}
}

// What can be neither made nor read is not run.
func TestUnreadableType(t *testing.T) {
	m := modelAt(t, models+"olmo2-mha")
	odd := changed(t, m, "model.layers.0.mlp.up_proj.weight", func(x formats.Tensor) *formats.Tensor {
		x.DType = formats.I32
		return &x
	})
	r := runModels(t, m, odd, Options{})
	if r.Accepted || r.Forward != nil || r.NotRun == "" {
		t.Errorf("found %s", toJSON(t, r))
	}
}
