package olmo

import (
	"bytes"
	"slices"
	"testing"

	"olmotool/formats"
	"olmotool/formats/gguf"
)

// editGGUF writes the GGUF of testdata with other key-values and reads it.
func editGGUF(t testing.TB, edit func([]gguf.KV) []gguf.KV, drop ...string) (*Model, error) {
	t.Helper()
	f, err := gguf.Open(mha + "olmo2-mha-bf16.gguf")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	ts := slices.DeleteFunc(slices.Clone(f.Tensors), func(x formats.Tensor) bool { return slices.Contains(drop, x.Name) })
	p, err := gguf.Plan("x.gguf", edit(f.KVs), ts, gguf.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if _, err := p.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	put(t, dir, "x.gguf", b.String())
	s, err := Open(dir+"/x.gguf", "")
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { s.Close() })
	return s.Model()
}

func TestGGUFConfigRefuses(t *testing.T) {
	for _, c := range []struct {
		key  string
		v    any
		want string
	}{
		{"general.architecture", "llama", `general.architecture: found "llama", expected "olmo" or "olmo2"`},
		{"general.architecture", uint32(7), `general.architecture: found`},
		{"general.architecture", nil, `general.architecture: found "", expected "olmo" or "olmo2"`},
		{"olmo2.block_count", nil, "olmo2.block_count: found none or 0, expected a positive number"},
		{"olmo2.block_count", uint32(0), "olmo2.block_count: found none or 0"},
		{"olmo2.block_count", uint32(1 << 31), "num_hidden_layers: found 2147483648, expected 1 to 16384"},
		{"olmo2.block_count", uint64(2), "olmo2.block_count: "},
		{"olmo2.block_count", uint32(3), `tensors: found no "model.layers.2.self_attn.q_proj.weight", `},
		{"olmo2.block_count", uint32(1), `tensors: found "blk.1.attn_k.weight", "blk.1.attn_k_norm.weight", `},
		{"olmo2.embedding_length", uint32(64), `tensor "token_embd.weight": found shape [576 32], expected [576 64] from the config`},
		{"olmo2.attention.head_count", []uint32{4, 4}, "olmo2.attention.head_count: "},
		{"olmo2.attention.head_count", uint32(3), "num_key_value_heads: found 4, expected a divisor of num_attention_heads 3"},
		{"olmo2.attention.head_count_kv", uint32(0), "num_key_value_heads: found 0, expected 1 to"},
		{"olmo2.attention.value_length", uint32(4), "olmo2.attention.value_length: found 4, expected 8 as attention.key_length"},
		{"olmo2.rope.dimension_count", uint32(4), "olmo2.rope.dimension_count: found 4, expected 8 as attention.key_length"},
		{"olmo2.attention.causal", false, "olmo2.attention.causal: found false, expected true"},
		{"olmo2.attention.layer_norm_rms_epsilon", nil, "rms_norm_eps: found 0, expected"},
		{"olmo2.rope.scaling.type", "longrope", `rope_scaling.rope_type: found "longrope", expected "default", "linear" or "yarn"`},
		{"olmo2.rope.scaling.type", "yarn", "rope_scaling.factor: found 0, expected 1 to"},
		{"olmo2.rope.freq_base", float32(0), "rope_theta: found 0, expected 1 to"},
		{"olmo2.attention.sliding_window_pattern", []bool{true}, ""},
	} {
		edit := func(kvs []gguf.KV) []gguf.KV {
			if c.v == nil {
				return gguf.Delete(kvs, c.key)
			}
			return gguf.Set(kvs, c.key, c.v)
		}
		if _, err := editGGUF(t, edit); c.want != "" || err != nil {
			wantError(t, err, "x.gguf: ", c.want)
		}
	}
	window := func(pattern any) func([]gguf.KV) []gguf.KV {
		return func(kvs []gguf.KV) []gguf.KV {
			kvs = gguf.Set(kvs, "olmo2.attention.sliding_window", uint32(8))
			if pattern == nil {
				return kvs
			}
			return gguf.Set(kvs, "olmo2.attention.sliding_window_pattern", pattern)
		}
	}
	_, err := editGGUF(t, window([]bool{true}))
	wantError(t, err, "layer_types: found 1 entries, expected 2, one per layer")
	_, err = editGGUF(t, window([]uint32{1, 0}))
	wantError(t, err, "olmo2.attention.sliding_window_pattern: ")
	if m, err := editGGUF(t, window(nil)); err != nil || m.Config.ModelType != OLMo3 || !slices.Equal(m.Config.LayerTypes, []string{SlidingAttention, SlidingAttention}) {
		t.Errorf("got %v, %v", m, err)
	}
	_, err = editGGUF(t, slices.Clone[[]gguf.KV], ggufEmbed)
	wantError(t, err, `tensors: found no matrix "token_embd.weight", expected the embedding`)
	_, err = editGGUF(t, slices.Clone[[]gguf.KV], "blk.0.attn_q.weight")
	wantError(t, err, `tensors: found no "model.layers.0.self_attn.q_proj.weight", expected by the config`)
}

func TestGGUFCannotSay(t *testing.T) {
	for want, change := range map[string]func(*Config){
		"head_dim: found 32, expected 4 heads to share hidden_size 64: llama.cpp divides it among them":                              func(c *Config) { c.HeadDim = 32 },
		`rope_parameters.sliding_attention.rope_type: found "yarn", expected "default": llama.cpp scales full-attention layers only`: func(c *Config) { windows(c); c.RopeSliding = yarnRope },
	} {
		if _, _, err := with(change).ggufKVs(formats.F32); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	// What the official converter makes of an older spelling is done, and told.
	dir := copyDir(t, testdata+"models/olmo3", "model.safetensors")
	put(t, dir, "config.json", changed(t, string(readFile(t, testdata+"configs/olmo3-transformers4.json")), `{"rope_theta": 20000}`))
	p := plan(t, open(t, dir, ""), "gguf", PlanOptions{})
	if len(p.Findings) != 1 || p.Findings[0].Code != "sliding-theta" || p.Findings[0].Where != "olmo2.rope.freq_base_swa" {
		t.Errorf("got %v", p.Findings)
	}
}
