package olmo

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"olmotool/formats"
	"olmotool/formats/gguf"
	"olmotool/internal/ordjson"
)

// officialGGUF is a case of testdata/gguf.json, which testdata/gguf.py makes.
type officialGGUF struct {
	Model, Outtype, Config string
	Changes                json.RawMessage
	KVs                    [][3]any
	Tensors                [][4]any
}

// TestOfficialConverter compares with what the official converter made: the
// key-values of the architecture, and of every tensor name, place, type, shape
// and bytes.
func TestOfficialConverter(t *testing.T) {
	var cases map[string]officialGGUF
	if err := json.Unmarshal(readFile(t, "testdata/gguf.json"), &cases); err != nil {
		t.Fatal(err)
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			dir := copyDir(t, testdata+"models/"+c.Model)
			config := testdata + "models/" + c.Model + "/config.json"
			if c.Config != "" {
				config = testdata + "configs/" + c.Config
			}
			put(t, dir, "config.json", changed(t, string(readFile(t, config)), string(c.Changes)))
			d, err := formats.ParseDType(c.Outtype)
			if err != nil {
				t.Fatal(err)
			}
			f, err := gguf.Open(write(t, plan(t, open(t, dir, ""), "gguf", PlanOptions{DType: d})))
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			var kvs [][3]any
			for _, kv := range f.KVs {
				if strings.HasPrefix(kv.Key, "olmo") || kv.Key == "general.file_type" {
					kvs = append(kvs, [3]any{kv.Key, kindOf(kv.Value), jsonValue(t, kv.Value)})
				}
			}
			if !reflect.DeepEqual(kvs, c.KVs) {
				t.Errorf("got %v\nwant %v", kvs, c.KVs)
			}
			var ts [][4]any
			for _, x := range f.Tensors {
				sum := sha256.Sum256(readAll(t, x))
				ts = append(ts, [4]any{x.Name, x.DType.String(), jsonValue(t, x.Shape), hex.EncodeToString(sum[:8])})
			}
			if !reflect.DeepEqual(ts, c.Tensors) {
				t.Errorf("got %v\nwant %v", ts, c.Tensors)
			}
		})
	}
}

// changed returns a JSON object with the members of another put into it; those
// that are null there are deleted.
func changed(t testing.TB, text, changes string) string {
	t.Helper()
	o, err := ordjson.ParseObject([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	c, err := ordjson.ParseObject([]byte(changes))
	if err != nil {
		t.Fatal(err)
	}
	merge(o, c)
	b, err := ordjson.Encode(o, ordjson.Options{ASCII: true})
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// merge puts the members of c into o: keys may be paths, a key that ends in "-"
// is deleted.
func merge(o, c *ordjson.Object) {
	for i := range c.Len() {
		path, v := c.At(i)
		at := o
		for {
			first, rest, ok := strings.Cut(path, "/")
			if !ok {
				break
			}
			sub, _ := at.Get(first)
			at, path = sub.(*ordjson.Object), rest
		}
		if key, ok := strings.CutSuffix(path, "-"); ok {
			at.Delete(key)
		} else {
			at.Set(path, v)
		}
	}
}

func kindOf(v any) string {
	if k := reflect.TypeOf(v); k.Kind() == reflect.Slice {
		return "[" + k.Elem().String() + "]"
	}
	return fmt.Sprintf("%T", v)
}

// jsonValue is a value as encoding/json reads it.
func jsonValue(t testing.TB, v any) any {
	if f, ok := v.(float32); ok {
		v = float64(f) // as Python prints it
	}
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var x any
	if err := json.Unmarshal(b, &x); err != nil {
		t.Fatal(err)
	}
	return x
}

// TestInterleave: both orders of rows are inverse, and the way into a GGUF is
// that of the definition: the rows of a head seen as (2, d/2), transposed.
func TestInterleave(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		heads, d := rapid.Int64Range(1, 7).Draw(t, "heads"), 2*rapid.Int64Range(1, 40).Draw(t, "half")
		to, from := toInterleaved(d), fromInterleaved(d)
		var want []int64
		for h := range heads {
			for j := range d / 2 {
				for half := range int64(2) {
					want = append(want, h*d+half*d/2+j)
				}
			}
		}
		for i := range heads * d {
			if to(i) != want[i] || from(to(i)) != i || to(from(i)) != i {
				t.Fatalf("row %d of heads of %d: to %d, want %d; back %d, %d", i, d, to(i), want[i], from(to(i)), to(from(i)))
			}
		}
	})
}

// TestSplitGGUF: a set is the model, whichever of its files is given, and so is
// the directory with nothing else in it.
func TestSplitGGUF(t *testing.T) {
	m := open(t, testdata+"models/olmo1", "")
	p := plan(t, m, "gguf", PlanOptions{SplitMaxTensors: 7, Name: "set.gguf"})
	if len(p.Files) != 3 {
		t.Fatalf("got %d files", len(p.Files))
	}
	first := write(t, p)
	dir := strings.TrimSuffix(first, p.Files[0].Name)
	for _, path := range []string{first, dir + p.Files[1].Name, dir} {
		back := open(t, path, "")
		equalTensors(t, back.Tensors, p.Tensors)
	}
	put(t, dir, "other.gguf", "GGUF")
	_, err := Open(dir, "")
	wantError(t, err, "found 4 GGUF files (give one of them), expected a checkpoint")
	_, err = Open(dir, "gguf")
	wantError(t, err, "found 4 GGUF files, expected one or one split set")

	// The other way about: an edited file in one piece.
	o := PlanOptions{EditKVs: func(kvs []gguf.KV) ([]gguf.KV, error) { return gguf.Set(kvs, "general.name", "x"), nil }}
	whole := plan(t, open(t, first, ""), "gguf", o)
	f, err := gguf.Open(write(t, whole))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if name, _, _ := gguf.Lookup[string](f.KVs, "general.name"); name != "x" || len(f.Tensors) != len(p.Tensors) {
		t.Errorf("got name %q, %d tensors", name, len(f.Tensors))
	}
	o.EditKVs = func([]gguf.KV) ([]gguf.KV, error) { return nil, fmt.Errorf("no") }
	if _, err := m.Plan("gguf", o); err == nil || err.Error() != "no" {
		t.Errorf("got %v", err)
	}
}

// TestRowsThatDoNotFillBlocks become F16, and the file's type is still the one
// that was asked for, as in the official converter.
func TestRowsThatDoNotFillBlocks(t *testing.T) {
	c := shapes["tiny"].config()
	c.HiddenSize, c.HeadDim = 48, 12
	text, err := c.EncodeHF("")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	put(t, dir, "config.json", string(text))
	m := open(t, "random:"+dir+"/config.json,dtype=f32", "")
	p := plan(t, m, "gguf", PlanOptions{DType: formats.Q8_0})
	types := map[formats.DType]int{}
	for _, x := range p.Tensors {
		types[x.DType]++
	}
	// Only down_proj has rows of 96.
	if !reflect.DeepEqual(types, map[formats.DType]int{formats.F32: 9, formats.F16: 14, formats.Q8_0: 2}) || len(p.Findings) != 14 {
		t.Errorf("got %v, %d findings", types, len(p.Findings))
	}
	if got, want := p.Findings[0].Message, "rows of 48 elements do not fill Q8_0 blocks of 32: stored as F16"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	f, err := gguf.Open(write(t, p))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if n, _, err := gguf.Lookup[uint32](f.KVs, "general.file_type"); n != 7 || err != nil {
		t.Errorf("got file type %d, %v", n, err)
	}
}

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
