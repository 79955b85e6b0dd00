package olmo

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"olmotool/formats"
	"olmotool/formats/safetensors"
)

// rewrite puts a changed copy of a model of testdata into a new directory:
// edit is given its tensors, changes are those of config.json.
func rewrite(t testing.TB, name, changes string, edit func([]formats.Tensor) []formats.Tensor) string {
	t.Helper()
	ck, err := safetensors.Open(testdata + "models/" + name + "/model.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	defer ck.Close()
	ts := ck.Tensors
	if edit != nil {
		ts = edit(ts)
	}
	p, err := safetensors.Plan("model.safetensors", ts, map[string]string{"format": "pt"})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if _, err := p.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	put(t, dir, "model.safetensors", b.String())
	put(t, dir, "config.json", changed(t, string(readFile(t, testdata+"models/"+name+"/config.json")), changes))
	return dir
}

// tensor is a small tensor of zeros.
func tensor(name string, d formats.DType, shape ...int64) formats.Tensor {
	n, err := formats.BytesOf(d, shape)
	if err != nil {
		panic(err)
	}
	return formats.Tensor{Name: name, DType: d, Shape: shape, Data: bytes.NewReader(make([]byte, n))}
}

func adding(more ...formats.Tensor) func([]formats.Tensor) []formats.Tensor {
	return func(ts []formats.Tensor) []formats.Tensor { return append(ts[:len(ts):len(ts)], more...) }
}

func without(names ...string) func([]formats.Tensor) []formats.Tensor {
	return func(ts []formats.Tensor) (out []formats.Tensor) {
		for _, t := range ts {
			if !strings.Contains(strings.Join(names, " ")+" ", t.Name+" ") {
				out = append(out, t)
			}
		}
		return out
	}
}

func TestHFTensors(t *testing.T) {
	const q = "model.layers.0.self_attn.q_proj.weight"
	freq := tensor("model.layers.1.self_attn.rotary_emb.inv_freq", formats.F32, 4)
	reshaped := func(shape ...int64) func([]formats.Tensor) []formats.Tensor {
		return func(ts []formats.Tensor) []formats.Tensor {
			return append(without(q)(ts), tensor(q, formats.F32, shape...))
		}
	}
	for _, c := range []struct {
		name, model, changes string
		edit                 func([]formats.Tensor) []formats.Tensor
		want                 string // of the error
		finding              string // code
	}{
		{"buffers", "olmo2-mha", `{}`, adding(freq), "", ""},
		{"tied without head", "olmo1-tied", `{}`, nil, "", ""},
		{"tied with a head", "olmo1-tied", `{}`, adding(tensor(headName, formats.BF16, 576, 64)), "", "tied-head"},
		{"tied with a strange head", "olmo1-tied", `{}`, adding(tensor(headName, formats.I8, 1)), "", "tied-head"},
		{"untied without head", "olmo1-tied", `{"tie_word_embeddings": false}`, nil, `tensors: found no "lm_head.weight", expected by the config`, ""},
		{"missing", "olmo2-mha", `{}`, without(q, normName), `tensors: found no "model.layers.0.self_attn.q_proj.weight", "model.norm.weight", expected by the config`, ""},
		{"unexpected", "olmo2-mha", `{}`, adding(tensor("x\x1b[2J", formats.F32, 1)), `tensors: found "x\x1b[2J", expected none by this name in a model of type "olmo2" and this config`, ""},
		{"bias", "olmo2-mha", `{}`, adding(tensor("model.layers.0.self_attn.q_proj.bias", formats.F32, 32)), `found "model.layers.0.self_attn.q_proj.bias", expected none`, ""},
		{"both", "olmo2-mha", `{}`, func(ts []formats.Tensor) []formats.Tensor {
			return adding(tensor("score.weight", formats.F32, 2, 32))(without(headName)(ts))
		}, `tensors: found no "lm_head.weight", expected by the config; found "score.weight", expected none by this name in a model of type "olmo2"`, ""},
		{"transposed", "olmo2-gqa-like", `{"num_key_value_heads": 2}`, nil, `tensor "model.layers.0.self_attn.k_proj.weight": found shape [32 32], expected [16 32] from the config`, ""},
		{"flat", "olmo2-mha", `{}`, reshaped(1024), `tensor "` + q + `": found shape [1024], expected [32 32] from the config`, ""},
		{"scalar", "olmo2-mha", `{}`, reshaped(), `tensor "` + q + `": found shape [], expected [32 32] from the config`, ""},
		{"integers", "olmo2-mha", `{}`, func(ts []formats.Tensor) []formats.Tensor {
			return append(without(q)(ts), tensor(q, formats.I8, 32, 32))
		}, `tensor "` + q + `": found I8, expected F64, F32, F16, BF16 or a quantised type`, ""},
		{"fewer layers", "olmo2-mha", `{"num_hidden_layers": 1}`, nil, `found "model.layers.1.mlp.down_proj.weight", "model.layers.1.mlp.gate_proj.weight", "model.layers.1.mlp.up_proj.weight", "model.layers.1.post_attention_layernorm.weight", "model.layers.1.post_feedforward_layernorm.weight", … (11 in all), expected none`, ""},
		{"more layers", "olmo2-mha", `{"num_hidden_layers": 16384}`, nil, `… (180202 in all), expected by the config`, ""},
		{"other vocabulary", "olmo2-mha", `{"vocab_size": 534}`, nil, `tensor "model.embed_tokens.weight": found shape [576 32], expected [534 32] from the config`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			model := strings.Replace(c.model, "olmo2-gqa-like", "olmo2-mha", 1)
			s, err := Open(rewrite(t, model, c.changes, c.edit), "")
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if c.finding == "" && len(s.Findings) > 0 || c.finding != "" && (len(s.Findings) != 1 || s.Findings[0].Code != c.finding) {
				t.Errorf("got findings %v", s.Findings)
			}
			m, err := s.Model()
			if c.want != "" {
				wantError(t, err, c.want)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			want := open(t, testdata+"models/"+model, "")
			equalTensors(t, m.Tensors, want.Tensors)
		})
	}
}

// TestTwoNames: two stored names that come to one.
func TestTwoNames(t *testing.T) {
	m := open(t, mha+"olmo", "")
	ts := slicesOf(m.Source.Tensors, func(t formats.Tensor) formats.Tensor { return t })
	twin := ts[0]
	twin.Name = "module." + twin.Name
	twin.Origin.Name = twin.Name
	s := *m.Source
	s.Checkpoint = &formats.Checkpoint{Path: s.Path, Tensors: append(ts, twin)}
	_, err := s.Model()
	wantError(t, err, `tensors: found both "transformer.wte.weight" and "module.transformer.wte.weight" for "model.embed_tokens.weight", expected one`)
}

func slicesOf[A, B any](in []A, f func(A) B) []B {
	out := make([]B, len(in))
	for i, x := range in {
		out[i] = f(x)
	}
	return out
}

// TestHFConfigStays: what a conversion does not change stays as it was, down to
// the bytes; a change of the type changes that alone.
func TestHFConfigStays(t *testing.T) {
	odd := "{\"hidden_size\":64.0, \"x\":[1e-05, 1E5,\n\"\\u00e9\"],\t"
	rest := changed(t, string(readFile(t, testdata+"models/olmo1/config.json")), `{"hidden_size-":0}`)
	for _, c := range []struct {
		name, config string
		dtype        formats.DType
		want         string // of the field; empty: all bytes stay
	}{
		{"keep", odd + rest[1:], formats.InvalidDType, ""},
		{"the same", odd + rest[1:], formats.BF16, ""},
		{"another", odd + rest[1:], formats.F16, "float16"},
	} {
		dir := copyDir(t, testdata+"models/olmo1", "model.safetensors")
		put(t, dir, "config.json", c.config)
		out := write(t, plan(t, open(t, dir, ""), "hf", PlanOptions{DType: c.dtype}))
		got := string(readFile(t, filepath.Join(out, "config.json")))
		if c.want == "" {
			if got != c.config {
				t.Errorf("%s: got %s", c.name, got)
			}
			continue
		}
		want := changed(t, c.config, `{"dtype": "`+c.want+`"}`)
		var a, b bytes.Buffer
		if json.Compact(&a, []byte(got)) != nil || json.Compact(&b, []byte(want)) != nil || a.String() != b.String() {
			t.Errorf("%s: got %s, want %s", c.name, got, want)
		}
	}
	// The older name of the field, and neither.
	for _, c := range []struct{ changes, want string }{
		{`{"dtype-": 0, "torch_dtype": "bfloat16"}`, `"torch_dtype": "float32"`},
		{`{"dtype-": 0}`, `"torch_dtype": "float32"`},
		{`{"torch_dtype": "bfloat16"}`, `"dtype": "float32"`},
	} {
		dir := copyDir(t, testdata+"models/olmo1", "model.safetensors")
		put(t, dir, "config.json", changed(t, string(readFile(t, testdata+"models/olmo1/config.json")), c.changes))
		out := write(t, plan(t, open(t, dir, ""), "hf", PlanOptions{DType: formats.F32}))
		if got := string(readFile(t, filepath.Join(out, "config.json"))); !strings.Contains(got, c.want) || strings.Contains(got, "bfloat16") {
			t.Errorf("%s: got %s", c.changes, got)
		}
	}
}

// TestSlidingRope: transformers 4 has no words for it, and a finding says so.
func TestSlidingRope(t *testing.T) {
	withTokenizer := PlanOptions{Tokenizer: Beside{testdata + "models/olmo3"}}
	for theta, want := range map[string]int{"500000": 0, "10000": 1} {
		dir := copyDir(t, testdata+"models/olmo3", "model.safetensors")
		put(t, dir, "config.json", changed(t, string(readFile(t, testdata+"models/olmo3/config.json")), `{"rope_parameters/sliding_attention/rope_theta": `+theta+`}`))
		m := open(t, dir, "")
		if p := plan(t, m, "hf", withTokenizer); len(p.Findings) > 0 {
			t.Errorf("theta %s, as it was: got %v", theta, p.Findings)
		}
		core := open(t, write(t, plan(t, m, "olmo-core-unsharded", PlanOptions{})), "")
		p := plan(t, core, "hf", withTokenizer)
		if len(p.Findings) != want || want > 0 && p.Findings[0].Code != "sliding-rope" {
			t.Errorf("theta %s: got %v", theta, p.Findings)
		}
		if d := m.Config.Diff(open(t, write(t, p), "").Config); len(d) > 0 {
			t.Errorf("theta %s: %v", theta, d)
		}
	}
}

// TestNoTokenizer: a directory that transformers cannot load a tokenizer from is
// written, and a finding says so.
func TestNoTokenizer(t *testing.T) {
	m := open(t, testdata+"layouts/olmo2-mha/olmo2-mha-bf16.gguf", "")
	if p := plan(t, m, "hf", PlanOptions{}); len(p.Findings) != 1 || p.Findings[0].Code != "no-tokenizer" {
		t.Errorf("got %v", p.Findings)
	}
}
