package verify

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"olmotool/formats"
	"olmotool/formats/olmo"
)

func TestSameModelInEveryLayout(t *testing.T) {
	for path, rule := range map[string]string{
		models + "olmo2-mha": "f32", layouts + "hf-bin": "f32", layouts + "olmo": "f32",
		layouts + "olmo-core-unsharded": "f32", layouts + "olmo-core-unsharded-safetensors": "f32",
		layouts + "olmo2-mha-bf16.gguf": "bf16", layouts + "olmo2-mha-q8_0.gguf": "q8_0",
	} {
		r := run(t, models+"olmo2-mha", path, Options{})
		f := r.Forward
		if !r.Accepted || r.Rule != rule || !r.Weights.Equal || f.FirstDivergence != nil || len(f.Layers) != 2 || len(r.Reasons) != 0 {
			t.Errorf("%s: found %s", path, toJSON(t, r))
		}
		wantText(t, path, r.Verdict, "the same model: of 25 tensors", "128 tokens through 2 layers agree")
		for _, l := range f.Layers {
			if !l.OK || l.Local != 0 || l.EndToEnd != 0 { // the same values, so the same results
				t.Errorf("%s: found %+v", path, l)
			}
		}
		if cast := rule != "f32"; cast != (f.Cost != nil) || cast != (f.Metrics.KLMean > 0) {
			t.Errorf("%s: cost %+v, metrics %+v", path, f.Cost, f.Metrics)
		}
	}
}

func TestReshuffledShards(t *testing.T) {
	m := modelAt(t, models+"olmo2-gqa") // three shards
	shuffled := *m
	shuffled.Tensors = slices.Clone(m.Tensors)
	slices.Reverse(shuffled.Tensors)
	for _, shard := range []int64{0, 40_000} {
		r := run(t, models+"olmo2-gqa", save(t, &shuffled, olmo.PlanOptions{MaxShard: shard}), Options{})
		if !r.Accepted || r.Weights.Identical != 25 {
			t.Errorf("shards of %d bytes: %s", shard, toJSON(t, r))
		}
	}
}

// Types that lose something, and types that do not.
func TestCasts(t *testing.T) {
	for _, c := range []struct {
		from string
		to   formats.DType
		rule string
	}{
		{"olmo2-mha", formats.F16, "f16"}, {"olmo2-gqa", formats.F32, "f32"}, {"olmo1-tied", formats.F16, "f16"}, {"olmo3", formats.BF16, "f32"},
	} {
		m := modelAt(t, models+c.from)
		r := run(t, models+c.from, save(t, m, olmo.PlanOptions{DType: c.to}), Options{})
		if !r.Accepted || r.Rule != c.rule {
			t.Errorf("%s in %s: %s", c.from, c.to, toJSON(t, r))
		}
	}
}

// A model that is judged by the bars of a type, since no one knows how it was made.
func TestForwardAlone(t *testing.T) {
	q8 := layouts + "olmo2-mha-q8_0.gguf"
	r := run(t, models+"olmo2-mha", q8, Options{Forward: true})
	if !r.Accepted || r.Rule != "q8_0" || r.Weights != nil || r.Forward.Cost == nil {
		t.Errorf("three ways: %s", toJSON(t, r))
	}
	for _, l := range r.Forward.Layers {
		if !(l.Local > 1e-3 && l.Limit == 2*l.Local) { // what q8_0 costs, and twice that
			t.Errorf("three ways: %+v", l)
		}
	}
	wantText(t, "not checked", strings.Join(r.NotChecked, "\n"), "weights, element by element", "tokens that were not run: ", "faults of single rows, where they are smaller")

	r = run(t, models+"olmo2-mha", q8, Options{Forward: true, Rule: "q6_k"})
	if !r.Accepted || r.Rule != "q6_k" || r.Forward.Cost != nil {
		t.Errorf("fixed bars: %s", toJSON(t, r))
	}
	wantText(t, "fixed bars", r.Verdict, "as near as rule q6_k asks for")
	if r = run(t, models+"olmo2-mha", q8, Options{Forward: true, Rule: "f16"}); r.Accepted {
		t.Error("q8_0 was accepted as f16")
	}
	if r = run(t, models+"olmo2-mha", q8, Options{Rule: "f32"}); !r.Accepted {
		t.Errorf("exactly: %v", r.Reasons)
	}
}

func TestCorruptedQuant(t *testing.T) {
	ref, q8 := modelAt(t, models+"olmo2-mha"), modelAt(t, layouts+"olmo2-mha-q8_0.gguf")
	bad := changed(t, q8, "model.layers.1.mlp.up_proj.weight", func(x formats.Tensor) *formats.Tensor {
		return edited(t, x, func(b []byte) { b[34*40+2] ^= 0x10 }) // one quant of one block
	})
	r := runModels(t, ref, bad, Options{})
	d := r.Forward.FirstDivergence
	if r.Accepted || r.Rule != "q8_0" || d == nil || d.Layer != 1 || d.Site != "up_proj" {
		t.Fatalf("found %s", toJSON(t, r))
	}
	wantText(t, "hypothesis", d.Hypothesis, "model.layers.1.mlp.up_proj.weight: ", "channel 40 of 96 only")
	if r.Forward.Layers[0].OK != true || r.Forward.Layers[1].OK != false {
		t.Errorf("layers: %+v", r.Forward.Layers)
	}

	// Without the proof of the weights, single quants cannot be told from another
	// quantiser's; a scale can.
	if r := runModels(t, ref, bad, Options{Forward: true}); !r.Accepted {
		t.Errorf("one quant, three ways: %v", r.Reasons)
	}
	bad = changed(t, q8, "model.layers.1.mlp.up_proj.weight", func(x formats.Tensor) *formats.Tensor {
		return edited(t, x, func(b []byte) { b[34*40+1] ^= 0x10 })
	})
	if r := runModels(t, ref, bad, Options{Forward: true}); r.Accepted || r.Forward.FirstDivergence.Site != "up_proj" {
		t.Errorf("a scale, three ways: %s", toJSON(t, r))
	}
}

// What CAND lacks or has otherwise is an answer.
func TestFlawedCandidates(t *testing.T) {
	ref := modelAt(t, models+"olmo2-gqa")
	without := func(name string) *olmo.Model {
		return changed(t, ref, name, func(formats.Tensor) *formats.Tensor { return nil })
	}
	first := func(x formats.Tensor) *formats.Tensor {
		r, err := formats.Rows(x, 0, 2)
		if err != nil {
			t.Fatal(err)
		}
		return &r
	}
	for name, c := range map[string]struct {
		cand   *olmo.Model
		reason string
		notRun string
	}{
		"lacks":     {without("model.norm.weight"), "CAND lacks 1 tensor: \"model.norm.weight\"", "found none, expected"},
		"misshapen": {changed(t, ref, "model.norm.weight", first), "model.norm.weight", "found shape [2], expected [64]"},
		"vocabulary": {
			withConfig(changed(t, ref, "lm_head.weight", first), func(c *olmo.Config) { c.VocabSize = 2 }),
			"lm_head.weight", "vocabularies differ: 576 and 2",
		},
		"hidden": {withConfig(ref, func(c *olmo.Config) { c.HiddenSize = 32 }), "config: hidden_size: 64 and 32", "hidden sizes differ"},
		"layers": {withConfig(ref, func(c *olmo.Config) { c.NumHiddenLayers = 1 }), "config: num_hidden_layers: 2 and 1", "numbers of layers differ"},
		"bare":   {&olmo.Model{Tensors: without("model.norm.weight").Tensors}, "model.norm.weight", "no config"},
	} {
		r := runModels(t, ref, c.cand, Options{})
		if r.Accepted || r.Forward != nil || r.Rule != "weights" {
			t.Errorf("%s: found %s", name, toJSON(t, r))
			continue
		}
		wantText(t, name, strings.Join(r.Reasons, "\n"), c.reason)
		wantText(t, name, r.NotRun, c.notRun)
		wantText(t, name, strings.Join(r.NotChecked, "\n"), "the forward pass: ")
		wantText(t, name, r.Verdict, "not the same model: ")

		r = runModels(t, ref, c.cand, Options{Forward: true})
		if r.Accepted {
			t.Errorf("%s: accepted without a forward pass", name)
		}
		wantText(t, name, r.Verdict, "the forward pass could not be run: ")
	}
}

func TestLooseSource(t *testing.T) {
	m := modelAt(t, models+"olmo2-mha")
	dir := save(t, m, olmo.PlanOptions{})
	tensors := slices.DeleteFunc(slices.Clone(m.Tensors), func(t formats.Tensor) bool { return t.Name == "lm_head.weight" })
	writeSafetensors(t, dir+"/model.safetensors", tensors, nil)
	r := run(t, models+"olmo2-mha", dir, Options{})
	if r.Accepted || len(r.Weights.Missing) != 1 || len(r.Findings) != 1 || r.Findings[0].Code != "missing-tensor" {
		t.Errorf("found %s", toJSON(t, r))
	}
	// As a reference it cannot be used.
	_, err := Run(context.Background(), open(t, dir), open(t, models+"olmo2-mha"), Options{})
	if e := new(formats.Error); !errors.As(err, &e) || !strings.Contains(err.Error(), `found no "lm_head.weight"`) {
		t.Errorf("found %v", err)
	}
}

func TestNaN(t *testing.T) {
	ref := modelAt(t, models+"olmo2-gqa")
	nan := func(b []byte) { b[0], b[1] = 0xc0, 0x7f }
	for _, c := range []struct {
		tensor string
		layer  int
		site   string
	}{
		{"model.layers.1.mlp.down_proj.weight", 1, "down_proj"},
		{"model.layers.0.self_attn.k_proj.weight", 0, "k_proj"},
		{"lm_head.weight", 2, "lm_head"},
		{"model.norm.weight", 2, "norm"},
	} {
		bad := changed(t, ref, c.tensor, func(x formats.Tensor) *formats.Tensor { return edited(t, x, nan) })
		r := runModels(t, ref, bad, Options{})
		d := r.Forward.FirstDivergence
		if r.Accepted || d == nil || d.Layer != c.layer || d.Site != c.site || d.Metric != "non_finite" || d.Value != 128 {
			t.Errorf("%s: found %s", c.tensor, toJSON(t, r))
			continue
		}
		wantText(t, c.tensor, d.Hypothesis, "the candidate computes a NaN or an infinity, first in sequence 0, position 0")
		m := r.Forward.Metrics
		if m.NonFinite != 128 || m.NonFiniteAt == nil || m.NonFiniteAt.Side != "cand" || r.Weights.NonFinite[0].Name != c.tensor {
			t.Errorf("%s: metrics %+v, weights %+v", c.tensor, m, r.Weights.NonFinite)
		}
		wantText(t, c.tensor, strings.Join(r.Reasons, "\n"), "the candidate's logits hold ", "the first in sequence 0, position 0, token 0")
		wantText(t, c.tensor, toJSON(t, r), `"kl_mean": null`)

		// On both sides: the weights are equal, and yet nothing can be said.
		r = runModels(t, bad, bad, Options{})
		if r.Accepted || !r.Weights.Equal {
			t.Errorf("%s on both sides: found %s", c.tensor, toJSON(t, r))
		}
		for _, c := range r.Forward.Checks {
			if c.OK && c.Rule == "f32" {
				t.Errorf("%s is fine where all is NaN", c.Metric)
			}
		}
		if why := strings.Join(r.Reasons, "\n"); strings.Contains(why, "beyond") {
			t.Errorf("found %s", why)
		}
		wantText(t, c.tensor, r.Verdict, "cannot be judged: ", "the reference itself computes a NaN or an infinity, first in sequence 0, position 0")
	}
	// In the row of one token of the vocabulary: only where it comes.
	bad := changed(t, ref, "model.embed_tokens.weight", func(x formats.Tensor) *formats.Tensor {
		return edited(t, x, func(b []byte) { nan(b[2*64*7:]) })
	})
	o := Options{}
	o.Tokens.Seqs = [][]int32{{1, 2, 3}, {4, 7, 5, 6}}
	r := runModels(t, ref, bad, o)
	if d := r.Forward.FirstDivergence; d.Layer != -1 || d.Site != "embed_tokens" || d.Value != 1 {
		t.Errorf("found %+v", d)
	}
	wantText(t, "embedding", r.Forward.FirstDivergence.Hypothesis, "first in sequence 1, position 1")
	if m := r.Forward.Metrics; m.NonFinite != 3 || m.MaxAbs != 0 { // what comes before is not touched
		t.Errorf("found %+v", m)
	}
}

func TestOnlySomeLayers(t *testing.T) {
	m := modelAt(t, models+"olmo3")
	bad := changed(t, m, "model.layers.2.self_attn.v_proj.weight", func(x formats.Tensor) *formats.Tensor {
		return edited(t, x, func(b []byte) { b[101] ^= 0x80 })
	})
	r := runModels(t, m, bad, Options{Forward: true, Layers: 2})
	if !r.Accepted || len(r.Forward.Layers) != 2 || r.Forward.LayersRun != 2 {
		t.Errorf("two layers: %s", toJSON(t, r))
	}
	wantText(t, "not checked", strings.Join(r.NotChecked, "\n"), "layers from 2 on: the pass was cut short")
	r = runModels(t, m, bad, Options{Forward: true, Layers: 99})
	if d := r.Forward.FirstDivergence; r.Accepted || d.Layer != 2 || d.Site != "v_proj" {
		t.Errorf("all layers: %s", toJSON(t, r))
	}
}

func TestEndToEnd(t *testing.T) {
	m := modelAt(t, models+"olmo3")
	r := runModels(t, m, m, Options{EndToEnd: true})
	if !r.Accepted || len(r.Forward.Layers) != 4 {
		t.Errorf("found %s", toJSON(t, r))
	}
	wantText(t, "layers", toJSON(t, r.Forward.Layers), `"local": null`, `"end_to_end": 0`)
	r = runModels(t, m, withConfig(m, func(c *olmo.Config) { c.RopeSliding.Theta = 1000 }), Options{Forward: true, EndToEnd: true})
	if d := r.Forward.FirstDivergence; r.Accepted || d == nil || d.Layer != 0 || d.Metric != "end_to_end" {
		t.Errorf("found %s", toJSON(t, r))
	}
	wantText(t, "not checked", strings.Join(r.NotChecked, "\n"), endToEndOnly)
}

func TestArithmetic(t *testing.T) {
	m := modelAt(t, models+"olmo2-gqa")
	row := changed(t, m, "model.layers.1.mlp.down_proj.weight", func(x formats.Tensor) *formats.Tensor {
		return edited(t, x, func(b []byte) { b[2*96*5] ^= 0x20 }) // a bit of one element
	})
	matrix := changed(t, m, "model.layers.1.self_attn.o_proj.weight", func(x formats.Tensor) *formats.Tensor {
		return edited(t, x, func(b []byte) {
			for i := 1; i < len(b); i += 2 {
				b[i] ^= 0x80
			}
		})
	})
	for _, c := range []struct {
		arithmetic string
		cand       *olmo.Model
		accepted   bool
	}{
		{"f32", m, true},
		{"f64", m, true},
		{"bf16", m, true},
		{"f32", row, false},
		{"f64", row, false},
		{"bf16", row, true}, // too small for it
		{"f32", matrix, false},
		{"f64", matrix, false},
		{"bf16", matrix, false},
	} {
		r := runModels(t, m, c.cand, Options{Forward: true, Arithmetic: c.arithmetic})
		if r.Accepted != c.accepted || r.Forward.Arithmetic != c.arithmetic {
			t.Errorf("%s: found %s, want %v", c.arithmetic, toJSON(t, r), c.accepted)
		}
		if c.arithmetic == "bf16" {
			wantText(t, "not checked", strings.Join(r.NotChecked, "\n"), "faults of single rows: they cannot be seen in this precision")
		}
	}
}

func TestTruth(t *testing.T) {
	r := run(t, models+"olmo3", models+"olmo3", Options{Forward: true, TruthF64: true})
	if !r.Accepted {
		t.Errorf("found %v", r.Reasons)
	}
	for _, l := range r.Forward.Layers {
		if l.Floor == nil || !(*l.Floor > 1e-8 && *l.Floor < 3e-6) || l.Limit != max(1e-5, 10**l.Floor) {
			t.Errorf("found %+v", l)
		}
	}
}

func TestTolerances(t *testing.T) {
	m := modelAt(t, models+"olmo2-mha")
	bad := changed(t, m, "lm_head.weight", func(x formats.Tensor) *formats.Tensor {
		return edited(t, x, func(b []byte) { b[2] ^= 0x10 })
	})
	r := runModels(t, m, bad, Options{Forward: true, EndToEnd: true})
	if r.Accepted {
		t.Fatalf("found %s", toJSON(t, r))
	}
	o := Options{Forward: true, EndToEnd: true, Tolerances: map[string]float64{"kl_max": 1, "centred_rel_rms": 1, "max_abs_over_std": 10}}
	if r := runModels(t, m, bad, o); !r.Accepted {
		t.Errorf("with tolerances: %v", r.Reasons)
	}
}

func TestUsage(t *testing.T) {
	for want, o := range map[string]Options{
		`arithmetic: found "f8", expected one of f32, f64, bf16`: {Arithmetic: "f8"},
		`rule: found "W1", expected one of f32, f16, bf16`:       {Rule: "W1"},
		`tolerance: found metric "speed", expected one of local`: {Tolerances: map[string]float64{"speed": 1}},
		`tolerance: found -1 for kl_max`:                         {Tolerances: map[string]float64{"kl_max": -1}},
		`layers: found -1`:                                       {Layers: -1},
		`arithmetic: found "bf16" where the floor`:               {Arithmetic: "bf16", TruthF64: true},
	} {
		_, err := Run(context.Background(), open(t, models+"olmo3"), open(t, models+"olmo3"), o)
		if u := new(UsageError); !errors.As(err, &u) || !strings.Contains(err.Error(), want) {
			t.Errorf("found %v, want %q", err, want)
		}
	}
}

func TestTokensThatDoNotFit(t *testing.T) {
	s := open(t, models+"olmo3")
	long := Options{Forward: true}
	long.Tokens.Seqs, long.Tokens.From = [][]int32{make([]int32, 513)}, "a.txt"
	_, err := Run(context.Background(), s, s, long)
	if e := new(formats.Error); !errors.As(err, &e) || e.File != "a.txt" {
		t.Errorf("found %v", err)
	}
	wantText(t, "too long", err.Error(), "a.txt: sequence 0: found positions to 513, expected at most 512")
	long.Tokens.AllowLong = true
	if r, err := Run(context.Background(), s, s, long); err != nil || !r.Accepted {
		t.Errorf("allowed: %v", err)
	}
	bad := Options{Forward: true}
	bad.Tokens.Seqs = [][]int32{{1, 576}}
	_, err = Run(context.Background(), s, s, bad)
	wantText(t, "no such token", err.Error(), "position 1: found token 576, expected 0 to 575")
	var tied Options
	tied.Tokens.Seqs, tied.Tokens.First = [][]int32{{1, 2, 3}}, 500
	if r := run(t, models+"olmo3", models+"olmo3", tied); !r.Accepted {
		t.Errorf("at position 500: %v", r.Reasons)
	}
}

func TestText(t *testing.T) {
	ids := make([]int32, 100)
	for i := range ids {
		ids[i] = int32(i * 7 % 576)
	}
	r := run(t, models+"olmo2-mha", layouts+"olmo2-mha-q8_0.gguf", Options{Weights: true, Text: ids, TextContext: 32})
	wantText(t, "not checked", strings.Join(r.NotChecked, "\n"), "the forward pass")
	if !r.Accepted || r.Forward != nil || r.Text == nil || r.Text.Comparison == nil || !(r.Text.KL.Value > 0) || r.Rule != "weights" {
		t.Errorf("found %s", toJSON(t, r))
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	s := open(t, models+"olmo2-mha")
	if _, err := Run(ctx, s, s, Options{Forward: true}); !errors.Is(err, context.Canceled) {
		t.Errorf("found %v", err)
	}
	if _, err := SelfTest(ctx, s, Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("found %v", err)
	}
}

// The report does not depend on the number of threads, nor on the memory.
func TestDeterminism(t *testing.T) {
	m := modelAt(t, models+"olmo3")
	bad := withConfig(m, func(c *olmo.Config) { c.RopeSliding.Theta = 1000 })
	var want string
	for _, o := range []Options{{Threads: 1}, {Threads: 2}, {Threads: 3, Budget: 1 << 16}} {
		r := toJSON(t, runModels(t, m, bad, o))
		if want == "" {
			want = r
		}
		if r != want {
			t.Errorf("%d threads: found\n%s\nwant\n%s", o.Threads, r, want)
		}
	}
}

// A text that does not do is refused before anything is computed.
func TestTextTooShort(t *testing.T) {
	s := open(t, models+"olmo2-mha")
	for n, want := range map[int]string{
		1:  "a.txt: found 1 tokens, expected at least 1024 for two pieces of 512",
		10: "a.txt: found 10 tokens, expected at least 1024 for two pieces of 512; pieces of 5 would do",
	} {
		o := Options{Text: make([]int32, n), TextFrom: "a.txt", Progress: func(stage string, _ int64) func(int64) {
			t.Errorf("%s was begun", stage)
			return nil
		}}
		if _, err := Run(context.Background(), s, s, o); err == nil || err.Error() != want {
			t.Errorf("found %v, want %q", err, want)
		}
	}
}
