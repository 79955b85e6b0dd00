package olmo

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"olmotool/formats"
	"olmotool/internal/ordjson"
)

// architectures of config.json, by model type.
var architectures = map[string]string{
	OLMo1: "OlmoForCausalLM",
	OLMo2: "Olmo2ForCausalLM",
	OLMo3: "Olmo3ForCausalLM",
}

// ParseHFConfig reads a config.json of transformers 4 or 5. Missing fields take
// the defaults of transformers' configuration classes. file is for messages.
func ParseHFConfig(data []byte, file string) (*Config, error) {
	o, err := ordjson.ParseObject(data)
	if err != nil {
		return nil, formats.Errorf(file, "", "%w", err)
	}
	f := &fields{o: o}
	c := &Config{HF: o, ModelType: f.str("model_type", "")}
	if _, ok := architectures[c.ModelType]; !ok {
		return nil, formats.Errorf(file, "model_type", "found %q, expected one of %q, %q, %q", c.ModelType, OLMo1, OLMo2, OLMo3)
	}
	c.VocabSize = f.int("vocab_size", 50304)
	c.HiddenSize = f.int("hidden_size", 4096)
	c.IntermediateSize = f.int("intermediate_size", 11008)
	c.NumHiddenLayers = f.int("num_hidden_layers", 32)
	c.NumAttentionHeads = f.int("num_attention_heads", 32)
	c.NumKeyValueHeads = f.int("num_key_value_heads", c.NumAttentionHeads)
	c.HeadDim = f.int("head_dim", 0)
	c.MaxPositionEmbeddings = f.int("max_position_embeddings", 2048)
	c.TieWordEmbeddings = f.bool("tie_word_embeddings", false)
	c.AttentionBias = f.bool("attention_bias", false)
	c.HiddenAct = f.str("hidden_act", "silu")
	c.InitializerRange = f.float("initializer_range", 0.02)
	c.BOSTokenID = f.optInt("bos_token_id", nil)
	c.PadTokenID = f.optInt("pad_token_id", ptr(int64(1)))
	c.EOSTokenID = f.ints("eos_token_id", []int64{50279})
	theta := 10000.0
	switch c.ModelType {
	case OLMo1:
		c.ClipQKV = f.optFloat("clip_qkv")
	case OLMo2:
		c.RMSNormEps = f.float("rms_norm_eps", 1e-5)
	case OLMo3:
		c.RMSNormEps = f.float("rms_norm_eps", 1e-5)
		c.SlidingWindow = f.int("sliding_window", 4096)
		c.LayerTypes = f.strs("layer_types")
		theta = 500000
	}
	f.ropes(c, theta)
	if f.err != nil {
		return nil, formats.Errorf(file, f.place, "%w", f.err)
	}
	c.setDefaults()
	if err := c.Validate(); err != nil {
		return nil, formats.Errorf(file, "", "%w", err)
	}
	return c, nil
}

// ropes reads the rope settings in any of their spellings: rope_theta and
// rope_scaling of transformers 4, rope_parameters of transformers 5, flat or
// one for each layer type.
func (f *fields) ropes(c *Config, theta float64) {
	theta = f.float("rope_theta", theta)
	full, sliding := f.object("rope_scaling"), (*ordjson.Object)(nil)
	if p := f.object("rope_parameters"); p != nil {
		nested := &fields{o: p}
		full = p
		if o := nested.object(FullAttention); o != nil {
			full = o
		}
		sliding = nested.object(SlidingAttention)
		f.fail("rope_parameters."+nested.place, nested.err)
	}
	c.Rope = f.rope(full, theta, c.MaxPositionEmbeddings)
	c.RopeSliding = f.rope(sliding, c.Rope.Theta, c.MaxPositionEmbeddings)
}

// rope reads one object of rope settings; nil gives plain embeddings.
func (f *fields) rope(o *ordjson.Object, theta float64, context int64) Rope {
	if o == nil {
		return Rope{Type: "default", Theta: theta}
	}
	g := &fields{o: o}
	r := Rope{Type: g.str("rope_type", g.str("type", "default")), Theta: g.float("rope_theta", theta)}
	switch r.Type {
	case "default":
	case "linear":
		r.Factor = g.float("factor", 0)
	case "yarn":
		r.Factor = g.float("factor", 0)
		r.OriginalMaxPositions = g.int("original_max_position_embeddings", context)
		r.BetaFast, r.BetaSlow = g.optFloat("beta_fast"), g.optFloat("beta_slow")
		r.AttentionFactor = g.optFloat("attention_factor")
		if r.AttentionFactor == nil {
			r.AttentionFactor = g.optFloat("attn_factor")
		}
		r.ExtrapolationFactor = g.optFloat("extrapolation_factor")
	default:
		g.fail("rope_type", fmt.Errorf("found %q, expected \"default\", \"linear\" or \"yarn\"", r.Type))
	}
	if r.Scaled() && g.err == nil && r.Factor <= 0 {
		g.fail("factor", fmt.Errorf("found %v, expected a positive number", r.Factor))
	}
	f.fail("rope settings: "+g.place, g.err)
	return r
}

// HFObject returns the config as an object of config.json: the one that it was
// read from, if it was.
func (c *Config) HFObject() *ordjson.Object {
	if c.HF != nil {
		return copyObject(c.HF)
	}
	return c.hfObject()
}

// EncodeHF returns the config.json for the model with weights of the given
// type ("bfloat16"). A config that came from a config.json is written back as
// it was, but for that type; another is written in the spelling of transformers
// 4, which every version reads.
func (c *Config) EncodeHF(dtype string) ([]byte, error) {
	o := c.HFObject()
	key := "torch_dtype"
	if _, ok := o.Get("dtype"); ok {
		key = "dtype"
	}
	o.Set(key, dtype)
	b, err := ordjson.Encode(o, ordjson.Options{Indent: 2, ASCII: true, SortKeys: c.HF == nil})
	if err != nil {
		return nil, err
	}
	return append(b, '\n'), nil
}

func (c *Config) hfObject() *ordjson.Object {
	o := new(ordjson.Object)
	o.Set("architectures", []any{architectures[c.ModelType]})
	o.Set("model_type", c.ModelType)
	o.Set("vocab_size", c.VocabSize)
	o.Set("hidden_size", c.HiddenSize)
	o.Set("intermediate_size", c.IntermediateSize)
	o.Set("num_hidden_layers", c.NumHiddenLayers)
	o.Set("num_attention_heads", c.NumAttentionHeads)
	o.Set("num_key_value_heads", c.NumKeyValueHeads)
	if c.HeadDim*c.NumAttentionHeads != c.HiddenSize {
		o.Set("head_dim", c.HeadDim)
	}
	o.Set("hidden_act", c.HiddenAct)
	o.Set("max_position_embeddings", c.MaxPositionEmbeddings)
	o.Set("initializer_range", c.InitializerRange)
	o.Set("use_cache", true)
	o.Set("attention_bias", c.AttentionBias)
	o.Set("attention_dropout", 0.0)
	o.Set("tie_word_embeddings", c.TieWordEmbeddings)
	o.Set("rope_theta", c.Rope.Theta)
	o.Set("rope_scaling", c.Rope.hfScaling())
	switch len(c.EOSTokenID) {
	case 0:
		o.Set("eos_token_id", nil)
	case 1:
		o.Set("eos_token_id", c.EOSTokenID[0])
	default:
		var ids []any
		for _, id := range c.EOSTokenID {
			ids = append(ids, id)
		}
		o.Set("eos_token_id", ids)
	}
	o.Set("pad_token_id", optional(c.PadTokenID))
	if c.BOSTokenID != nil {
		o.Set("bos_token_id", *c.BOSTokenID)
	}
	switch c.ModelType {
	case OLMo1:
		o.Set("clip_qkv", optional(c.ClipQKV))
	case OLMo2:
		o.Set("rms_norm_eps", c.RMSNormEps)
	case OLMo3:
		o.Set("rms_norm_eps", c.RMSNormEps)
		o.Set("sliding_window", c.SlidingWindow)
		var types []any
		for _, t := range c.LayerTypes {
			types = append(types, t)
		}
		o.Set("layer_types", types)
	}
	return o
}

// hfScaling is rope_scaling as transformers 4 spells it.
func (r Rope) hfScaling() any {
	if !r.Scaled() {
		return nil
	}
	o := new(ordjson.Object)
	o.Set("rope_type", r.Type)
	o.Set("factor", r.Factor)
	if r.Type == "yarn" {
		o.Set("original_max_position_embeddings", r.OriginalMaxPositions)
		for _, f := range []struct {
			key string
			v   *float64
		}{
			{"beta_fast", r.BetaFast}, {"beta_slow", r.BetaSlow}, {"attention_factor", r.AttentionFactor},
			{"extrapolation_factor", r.ExtrapolationFactor},
		} {
			if f.v != nil {
				o.Set(f.key, *f.v)
			}
		}
	}
	return o
}

func copyObject(o *ordjson.Object) *ordjson.Object {
	c := new(ordjson.Object)
	for i := range o.Len() {
		c.Set(o.At(i))
	}
	return c
}

func ptr[T any](v T) *T { return &v }

// optional is the JSON value of a field that may be absent.
func optional[T any](v *T) any {
	if v == nil {
		return nil
	}
	return *v
}

// fields reads members of an object and keeps the first error with its place.
// A member that is null counts as absent.
type fields struct {
	o     *ordjson.Object
	place string
	err   error
}

func (f *fields) fail(place string, err error) {
	if f.err == nil && err != nil {
		f.place, f.err = place, err
	}
}

// get returns the value of key if there is one.
func (f *fields) get(key string) (any, bool) {
	v, ok := f.o.Get(key)
	return v, ok && v != nil
}

func field[T any](f *fields, key string, def T, read func(any) (T, error)) T {
	v, ok := f.get(key)
	if !ok {
		return def
	}
	x, err := read(v)
	if err != nil {
		f.fail(key, err)
		return def
	}
	return x
}

func (f *fields) int(key string, def int64) int64 { return field(f, key, def, ordjson.Int) }

func (f *fields) float(key string, def float64) float64 { return field(f, key, def, ordjson.Float) }

func (f *fields) str(key, def string) string {
	return field(f, key, def, func(v any) (string, error) {
		if s, ok := v.(string); ok {
			return s, nil
		}
		return "", fmt.Errorf("found %s, expected a string", describe(v))
	})
}

func (f *fields) bool(key string, def bool) bool {
	return field(f, key, def, func(v any) (bool, error) {
		if b, ok := v.(bool); ok {
			return b, nil
		}
		return false, fmt.Errorf("found %s, expected true or false", describe(v))
	})
}

func (f *fields) optInt(key string, def *int64) *int64 {
	if v, ok := f.o.Get(key); ok && v == nil {
		return nil
	}
	return field(f, key, def, func(v any) (*int64, error) {
		n, err := ordjson.Int(v)
		return &n, err
	})
}

func (f *fields) optFloat(key string) *float64 {
	return field(f, key, nil, func(v any) (*float64, error) {
		x, err := ordjson.Float(v)
		return &x, err
	})
}

// ints reads an integer or a list of integers.
func (f *fields) ints(key string, def []int64) []int64 {
	if v, ok := f.o.Get(key); ok && v == nil {
		return nil
	}
	return field(f, key, slices.Clone(def), func(v any) ([]int64, error) {
		l, ok := v.([]any)
		if !ok {
			l = []any{v}
		}
		var ids []int64
		for _, x := range l {
			n, err := ordjson.Int(x)
			if err != nil {
				return nil, err
			}
			ids = append(ids, n)
		}
		return ids, nil
	})
}

func (f *fields) strs(key string) []string {
	return field(f, key, nil, func(v any) ([]string, error) {
		l, ok := v.([]any)
		if !ok {
			return nil, errors.New("found " + describe(v) + ", expected a list of strings")
		}
		var ss []string
		for i, x := range l {
			s, ok := x.(string)
			if !ok {
				return nil, fmt.Errorf("found %s at index %d, expected a string", describe(x), i)
			}
			ss = append(ss, s)
		}
		return ss, nil
	})
}

func (f *fields) object(key string) *ordjson.Object {
	return field(f, key, nil, func(v any) (*ordjson.Object, error) {
		if o, ok := v.(*ordjson.Object); ok {
			return o, nil
		}
		return nil, fmt.Errorf("found %s, expected an object", describe(v))
	})
}

// describe names a JSON value in a message.
func describe(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case bool:
		return fmt.Sprint(v)
	case json.Number:
		return v.String()
	case string:
		if len(v) > 40 {
			v = v[:40] + "…"
		}
		return fmt.Sprintf("%q", v)
	case []any:
		return fmt.Sprintf("a list of %d", len(v))
	default:
		return "an object"
	}
}
