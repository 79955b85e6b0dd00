package diff

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"olmotool/formats"
	"olmotool/formats/olmo"
)

const (
	testdata = "../../testdata/"
	mha      = testdata + "models/olmo2-mha"
	gqa      = testdata + "models/olmo2-gqa"
	layouts  = testdata + "layouts/olmo2-mha/"
)

func open(t testing.TB, path string) *olmo.Source {
	t.Helper()
	s, err := olmo.Open(path, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func compare(t testing.TB, a, b *olmo.Source, o Options) *Report {
	t.Helper()
	r, err := Compare(context.Background(), a, b, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// copied returns a copy of a directory.
func copied(t *testing.T, dir string) string {
	t.Helper()
	to := t.TempDir()
	if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	return to
}

// edit changes a file.
func edit(t *testing.T, path string, change func([]byte) []byte) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(path, change(b), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// replace changes a text that is there once.
func replace(t *testing.T, path, from, to string) {
	t.Helper()
	edit(t, path, func(b []byte) []byte {
		if bytes.Count(b, []byte(from)) != 1 {
			t.Fatalf("%s: %q is there %d times", path, from, bytes.Count(b, []byte(from)))
		}
		return bytes.Replace(b, []byte(from), []byte(to), 1)
	})
}

// poke changes bytes of a tensor in its file.
func poke(t *testing.T, dir, name string, off int64, change func(p []byte)) {
	t.Helper()
	for _, x := range open(t, dir).Tensors {
		if x.Name == name {
			edit(t, x.Origin.File, func(b []byte) []byte {
				change(b[x.Origin.Offset+off:])
				return b
			})
			return
		}
	}
	t.Fatalf("no tensor %q", name)
}

// TestLayouts: a model is the same in every layout that keeps its type.
func TestLayouts(t *testing.T) {
	paths := []string{mha, layouts + "hf-bin", layouts + "olmo", layouts + "olmo-core-unsharded", layouts + "olmo-core-unsharded-safetensors"}
	for _, p := range paths {
		for _, q := range paths {
			r := compare(t, open(t, p), open(t, q), Options{})
			if !r.Equal || r.Tensors != 25 || r.Identical != 25 || r.Bytes != 2*255104 {
				t.Errorf("%s, %s: %+v", p, q, r)
			}
		}
	}
}

// TestQuantised: what a GGUF has in other types is compared by value, and its norms,
// which are wide, are equal.
func TestQuantised(t *testing.T) {
	for file, ulp := range map[string]string{"olmo2-mha-bf16.gguf": "BF16", "olmo2-mha-q8_0.gguf": ""} {
		r := compare(t, open(t, mha), open(t, layouts+file), Options{})
		if r.Equal || r.Tensors != 25 || r.Identical != 9 || len(r.Changed) != 16 || len(r.ConfigChanges)+len(r.TokenizerChanges)+len(r.MetadataChanges) != 0 {
			t.Fatalf("%s: %+v", file, r)
		}
		for _, x := range r.Changed {
			if x.Kind != DType || x.RelL2 == nil || *x.RelL2 > 0.01 || *x.RelL2 == 0 || *x.Cosine < 0.999 || x.ULPType != ulp {
				t.Errorf("%s: %+v", file, x)
			}
			// Rounding to nearest is no distance in the coarser type.
			if ulp != "" && (len(x.ULP) != 1 || x.ULP[0] != x.AShape[0]*x.AShape[1]) {
				t.Errorf("%s: %s: %v", file, x.Name, x.ULP)
			}
		}
	}
	if r := compare(t, open(t, layouts+"olmo2-mha-q8_0.gguf"), open(t, layouts+"olmo2-mha-q8_0.gguf"), Options{}); !r.Equal {
		t.Errorf("%+v", r)
	}
}

const qproj = "model.layers.1.self_attn.q_proj.weight"

// TestOneChange: two models that differ in one thing, and what is said of it.
func TestOneChange(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(t *testing.T, dir string)
		want   string // of the report, less what is as usual
	}{
		{"nothing", func(*testing.T, string) {}, `equal 25`},
		{"one bit", func(t *testing.T, dir string) {
			poke(t, dir, qproj, 2*72, func(p []byte) { p[0] ^= 1 })
		}, `changed q values: 1 at [1 8], ulp [4095 1]; layer 1: 1 of 11`},
		{"one row", func(t *testing.T, dir string) {
			poke(t, dir, qproj, 2*64*5, func(p []byte) {
				for i := range 64 {
					p[2*i+1] ^= 0x80
				}
			})
		}, `changed q values: 64 at [5 0], ulp [4032 0 `},
		{"a NaN", func(t *testing.T, dir string) {
			poke(t, dir, qproj, 4, func(p []byte) { copy(p, []byte{0xc1, 0x7f}) })
		}, `changed q values: 1 at [0 2], ulp [4095], NaN 0 1, NaN (0x7fc1); layer 1: 1 of 11`},
		{"a config value", func(t *testing.T, dir string) {
			replace(t, dir+"/config.json", `"rms_norm_eps": 1e-06`, `"rms_norm_eps": 1e-05`)
		}, `config rms_norm_eps 1e-06 1e-05`},
		{"a context", func(t *testing.T, dir string) {
			replace(t, dir+"/config.json", `"max_position_embeddings": 4096`, `"max_position_embeddings": 8192`)
		}, `config max_position_embeddings 4096 8192`},
		{"a field that is not known", func(t *testing.T, dir string) {
			replace(t, dir+"/config.json", `"use_cache": true`, `"use_cache": false`)
		}, `config use_cache true false`},
		{"who wrote it", func(t *testing.T, dir string) {
			replace(t, dir+"/config.json", `"transformers_version": "5`, `"transformers_version": "6`)
		}, `equal 25; note config.json: transformers_version: "5`},
		{"a generation value", func(t *testing.T, dir string) {
			replace(t, dir+"/generation_config.json", `{`, `{"top_k": 9,`)
		}, `generation generation_config.json: top_k none 9`},
		{"no generation config", func(t *testing.T, dir string) {
			os.Remove(dir + "/generation_config.json")
		}, `generation generation_config.json there none`},
		{"a token", func(t *testing.T, dir string) {
			replace(t, dir+"/tokenizer.json", `"vocab":{`, `"vocab":{"new":9999,`)
		}, `tokenizer vocabulary: 1 of `},
		{"a special token", func(t *testing.T, dir string) {
			replace(t, dir+"/special_tokens_map.json", `"unk_token": {`, `"x": 1, "unk_token": {`)
		}, `tokenizer special_tokens_map.json: x: none and 1`},
		{"metadata", func(t *testing.T, dir string) {
			for i := range 3 {
				replace(t, dir+"/model-0000"+string(rune('1'+i))+"-of-00003.safetensors", `"format":"pt"`, `"format":"np"`)
			}
		}, `metadata format "pt" "np"`},
		{"the order of shards", func(t *testing.T, dir string) {
			for _, s := range [][2]string{{"1", "x"}, {"2", "1"}, {"x", "2"}} {
				if err := os.Rename(dir+"/model-0000"+s[0]+"-of-00003.safetensors", dir+"/model-0000"+s[1]+"-of-00003.safetensors"); err != nil {
					t.Fatal(err)
				}
			}
			edit(t, dir+"/model.safetensors.index.json", func(b []byte) []byte {
				return []byte(strings.NewReplacer("00001-of", "00002-of", "00002-of", "00001-of").Replace(string(b)))
			})
		}, `equal 25; note files: `},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := copied(t, gqa)
			c.change(t, dir)
			if got := said(compare(t, open(t, gqa), open(t, dir), Options{})); !strings.HasPrefix(got, c.want) {
				t.Errorf("found %s\nwant %s", got, c.want)
			}
		})
	}
}

// said is a report in a few words.
func said(r *Report) string {
	var all []string
	say := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }
	if r.Equal {
		say("equal %d", r.Identical)
	}
	for _, n := range r.OnlyA {
		say("only a: %s", n)
	}
	for _, n := range r.OnlyB {
		say("only b: %s", n)
	}
	for _, x := range r.Changed {
		line := fmt.Sprintf("changed %s %s:", strings.Replace(x.Name, qproj, "q", 1), x.Kind)
		if x.ElementsChanged != nil {
			line += fmt.Sprintf(" %d at %v", *x.ElementsChanged, x.First)
		} else {
			line += fmt.Sprintf(" %s %v, %s %v", x.ADType, x.AShape, x.BDType, x.BShape)
		}
		if x.ULP != nil {
			line += fmt.Sprintf(", ulp %v", x.ULP)
		}
		if x.ANaN+x.BNaN > 0 {
			line += fmt.Sprintf(", NaN %d %d, %s", x.ANaN, x.BNaN, x.BValue)
		}
		if x.Note != "" {
			line += ", " + x.Note
		}
		say("%s", line)
	}
	for _, l := range r.Layers {
		if l.Changed > 0 {
			say("layer %d: %d of %d", l.Layer, l.Changed, l.Tensors)
		}
	}
	for kind, changes := range map[string][]Change{"config": r.ConfigChanges, "generation": r.GenerationChanges, "metadata": r.MetadataChanges} {
		for _, x := range changes {
			say("%s %s %s %s", kind, x.Field, x.A, x.B)
		}
	}
	for _, x := range r.TokenizerChanges {
		say("tokenizer %s", x)
	}
	for _, x := range r.Notes {
		say("note %s", x)
	}
	return strings.Join(all, "; ")
}

// with returns a source with other tensors.
func with(s *olmo.Source, change func(ts []formats.Tensor) []formats.Tensor) *olmo.Source {
	c := *s
	ck := *s.Checkpoint
	ck.Tensors = change(slices.Clone(s.Tensors))
	c.Checkpoint = &ck
	return &c
}

// bare is a list of tensors in memory.
func bare(ts ...formats.Tensor) *olmo.Source {
	return &olmo.Source{Checkpoint: &formats.Checkpoint{Path: "bare", Tensors: ts}, Layout: "safetensors"}
}

func tensor(t testing.TB, name string, d formats.DType, b []byte, shape ...int64) formats.Tensor {
	t.Helper()
	x, err := formats.NewTensor(name, d, shape, bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// TestTensors: what one side lacks, or has in another shape or type.
func TestTensors(t *testing.T) {
	s := open(t, gqa)
	at := func(ts []formats.Tensor, name string) int {
		return slices.IndexFunc(ts, func(x formats.Tensor) bool { return x.Name == name })
	}
	cast := func(name string, d formats.DType) func([]formats.Tensor) []formats.Tensor {
		return func(ts []formats.Tensor) []formats.Tensor {
			i := at(ts, name)
			var err error
			if ts[i], err = formats.Cast(ts[i], d, nil); err != nil {
				t.Fatal(err)
			}
			return ts
		}
	}
	for _, c := range []struct {
		name   string
		change func(ts []formats.Tensor) []formats.Tensor
		want   string
	}{
		{"lost", func(ts []formats.Tensor) []formats.Tensor {
			i := at(ts, qproj)
			return slices.Delete(ts, i, i+1)
		}, `only a: ` + qproj + `; note B is no whole model: `},
		{"one too many", func(ts []formats.Tensor) []formats.Tensor {
			return append(ts, tensor(t, "new", formats.U8, []byte{1}, 1))
		}, `only b: new; note B is no whole model: `},
		{"wide", cast(qproj, formats.F32), `changed q dtype: 0 at [], ulp [4096], the values are equal; layer 1`},
		{"narrow", cast(qproj, formats.F16), `changed q dtype: `},
		{"a wide norm", cast("model.norm.weight", formats.F32), `equal 25; note 1 of the tensors`},
		{"quantised", cast(qproj, formats.Q8_0), `changed q dtype: `},
		{"transposed", func(ts []formats.Tensor) []formats.Tensor {
			ts[at(ts, qproj)].Shape = []int64{32, 128}
			return ts
		}, `changed q shape: BF16 [64 64], BF16 [32 128]; layer 1`},
		{"of no type of weights", func(ts []formats.Tensor) []formats.Tensor {
			ts[at(ts, qproj)].DType = formats.I16
			return ts
		}, `changed q dtype: BF16 [64 64], I16 [64 64], not compared: BF16 and I16 cannot both be decoded`},
		{"in another order", func(ts []formats.Tensor) []formats.Tensor {
			slices.Reverse(ts)
			return ts
		}, `equal 25; note order: the same tensors are stored in another order`},
	} {
		if got := said(compare(t, s, with(s, c.change), Options{})); !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: found %s\nwant %s", c.name, got, c.want)
		}
	}
}

// TestBare: tensors of any type, of no model, by the names that they have.
func TestBare(t *testing.T) {
	nan := []byte{0, 0, 0xc0, 0x7f, 0, 0, 0x80, 0x3f}
	a := bare(
		tensor(t, "ints", formats.I64, make([]byte, 32), 2, 2), tensor(t, "f8", formats.F8E4M3, []byte{1, 2, 3}, 3), tensor(t, "empty", formats.F32, nil, 0, 4),
		tensor(t, "scalar", formats.F32, nan[:4]), tensor(t, "nan", formats.F32, nan, 2), tensor(t, "q4", formats.Q4_K, make([]byte, 288), 512),
		tensor(t, "zero", formats.F32, make([]byte, 8), 2),
	)
	if got := said(compare(t, a, a, Options{})); got != "equal 7; note tokenizers are not compared: there is none" {
		t.Errorf("itself: %s", got)
	}
	ints, q4, zero := make([]byte, 32), make([]byte, 288), make([]byte, 8)
	ints[9], q4[200], zero[3] = 1, 1, 0x80
	b := bare(
		tensor(t, "ints", formats.I64, ints, 2, 2), tensor(t, "f8", formats.F8E4M3, []byte{1, 2, 4}, 3), tensor(t, "empty", formats.F16, nil, 0, 4),
		tensor(t, "scalar", formats.F32, nan[4:]), tensor(t, "nan", formats.F32, nan, 2), tensor(t, "q4", formats.Q4_K, q4, 512),
		tensor(t, "zero", formats.F32, zero, 2),
	)
	if got, want := said(compare(t, a, b, Options{WeightsOnly: true})), strings.Join([]string{
		"changed ints values: 1 at [0 1]", "changed f8 values: 1 at [2]", "changed q4 values: 256 at [256]",
		"changed empty dtype: 0 at [], ulp [0], the values are equal", "changed scalar values: 1 at [], ulp [0], NaN 1 0, 1 (0x3f800000)",
		"changed zero values: 1 at [0], ulp [2]", "layer -1: 6 of 7",
	}, "; "); got != want {
		t.Errorf("found %s\nwant  %s", got, want)
	}
	r := compare(t, a, b, Options{Tensors: []string{"s*", "z?ro"}, WeightsOnly: true})
	if len(r.Changed) != 2 || r.Tensors != 2 || len(r.OnlyA)+len(r.OnlyB) != 0 {
		t.Errorf("some: %+v", r)
	}
	if _, err := Compare(context.Background(), a, b, Options{Tensors: []string{"["}}); err == nil {
		t.Error("no error about a pattern")
	}
	short := a.Tensors[0]
	short.Data = io.NewSectionReader(bytes.NewReader(nil), 0, 32)
	if _, err := Compare(context.Background(), bare(a.Tensors[0]), bare(short), Options{}); err == nil || !strings.HasPrefix(err.Error(), `tensor "ints" of B: `) {
		t.Errorf("a file that is short: %v", err)
	}
}

// TestRaw: by the names that are stored, two layouts have nothing in common.
func TestRaw(t *testing.T) {
	r := compare(t, open(t, mha), open(t, layouts+"olmo2-mha-bf16.gguf"), Options{Raw: true, WeightsOnly: true})
	if len(r.OnlyA) != 25 || len(r.OnlyB) != 25 || r.Tensors != 0 || r.OnlyB[0] != "output.weight" && r.OnlyB[0] != "token_embd.weight" {
		t.Errorf("%+v", r)
	}
}

// TestSpellings: transformers 4 and 5 write one config in two ways.
func TestSpellings(t *testing.T) {
	for _, name := range []string{"olmo1", "olmo1-tied", "olmo2-mha", "olmo2-gqa", "olmo3"} {
		var dirs [2]string
		for i, version := range []string{"4", "5"} {
			dirs[i] = copied(t, testdata+"models/"+name)
			edit(t, dirs[i]+"/config.json", func([]byte) []byte {
				b, err := os.ReadFile(testdata + "configs/" + name + "-transformers" + version + ".json")
				if err != nil {
					t.Fatal(err)
				}
				return b
			})
		}
		if r := compare(t, open(t, dirs[0]), open(t, dirs[1]), Options{}); !r.Equal {
			t.Errorf("%s: %s", name, said(r))
		}
	}
}

// TestPatterns: a pattern may be of canonical names, or of those that either side
// stores.
func TestPatterns(t *testing.T) {
	for pattern, want := range map[string]int{"*.q_proj.*": 2, "blk.*.attn_q.weight": 2, "model.norm.weight": 1, "nothing": 0, "*": 25} {
		for _, s := range [][2]string{{mha, layouts + "olmo2-mha-bf16.gguf"}, {layouts + "olmo2-mha-bf16.gguf", mha}} {
			r := compare(t, open(t, s[0]), open(t, s[1]), Options{Tensors: []string{pattern}})
			if r.Tensors != want || len(r.OnlyA)+len(r.OnlyB) != 0 {
				t.Errorf("%s: %d tensors, %v, %v, want %d", pattern, r.Tensors, r.OnlyA, r.OnlyB, want)
			}
		}
	}
}

// TestHeads: a tied head is the embedding, whether it is stored or not.
func TestHeads(t *testing.T) {
	tied := open(t, testdata+"models/olmo1-tied")
	embed := tied.Tensors[slices.IndexFunc(tied.Tensors, func(x formats.Tensor) bool { return x.Name == olmo.Tied()[1] })]
	untie := func(head formats.Tensor) *olmo.Source {
		c := *tied
		config := *tied.Config
		config.TieWordEmbeddings = false
		c.Config = &config
		return with(&c, func(ts []formats.Tensor) []formats.Tensor { return append(ts, head.WithName(olmo.Tied()[0])) })
	}
	other := embed
	b := make([]byte, embed.Bytes())
	other.Data = bytes.NewReader(b)
	list := bare(tied.Tensors...)
	for _, c := range []struct {
		name string
		a, b *olmo.Source
		want string
	}{
		{"a copy", tied, untie(embed), "equal 16; note A has no head"},
		{"of a copy", untie(embed), tied, "equal 16; note A has no head"},
		{"another", tied, untie(other), "changed lm_head.weight values: "},
		{"a bare list", untie(embed), list, "equal 16; note A"},
		{"a bare list without it", untie(other), list, "only a: lm_head.weight"},
		{"beside a bare list without it", list, untie(other), "only b: lm_head.weight"},
	} {
		got := said(compare(t, c.a, c.b, Options{}))
		if strings.HasPrefix(c.want, "equal 16") {
			got = strings.Replace(got, "note B", "note A", 1)
		}
		if !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: found %s\nwant %s", c.name, got, c.want)
		}
	}
}

// TestThreads: tensors of several ranges give one report, to the last bit of its
// JSON, with any number of threads, and the figures of a plain loop.
func TestThreads(t *testing.T) {
	const n = 70*pieceElems + 123
	r := rand.New(rand.NewPCG(1, 2))
	x, y := make([]byte, 2*n), make([]byte, 2*n)
	for i := range x {
		x[i] = byte(r.Uint32())
		if i%2 == 1 {
			x[i] = x[i]&0x80 | 0x3f // from 0.5 to 2
		}
	}
	copy(y, x)
	for range 100 {
		y[2*r.IntN(n)] ^= 0x55
	}
	y[2*n-2] ^= 1
	a, b := bare(tensor(t, "x", formats.BF16, x, n)), bare(tensor(t, "x", formats.BF16, y, n))
	var want sums
	var all string
	for i := range n {
		p, q := bf16(x[2*i:]), bf16(y[2*i:])
		want.aa, want.bb, want.ab, want.dd = want.aa+p*p, want.bb+q*q, want.ab+p*q, want.dd+(q-p)*(q-p)
	}
	for _, threads := range []int{1, 2, 5} {
		rep := compare(t, a, b, Options{Threads: threads})
		text, err := json.Marshal(rep)
		if err != nil {
			t.Fatal(err)
		}
		if all == "" {
			all = string(text)
			got := rep.Changed[0]
			if !near(*got.RelL2, want.relL2()) || !near(*got.Cosine, want.cosine()) {
				t.Errorf("found %v and %v, want %v and %v", *got.RelL2, *got.Cosine, want.relL2(), want.cosine())
			}
		} else if all != string(text) {
			t.Errorf("%d threads: %s\nwant %s", threads, text, all)
		}
	}
}

func bf16(b []byte) float64 {
	return float64(math.Float32frombits(uint32(b[0])<<16 | uint32(b[1])<<24))
}

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-12*math.Abs(b) }

// TestOpen: what is no model that is known is compared as tensors.
func TestOpen(t *testing.T) {
	dir := copied(t, mha)
	replace(t, dir+"/config.json", `"model_type": "olmo2"`, `"model_type": "other"`)
	for _, c := range []struct {
		a, b      string
		bare, bad bool
	}{
		{mha, gqa, false, false},
		{dir, dir, true, false},
		{dir, mha, true, false},
		{mha, dir + "/tokenizer.json", false, true},
		{dir, "nowhere", false, true},
		{"testdata/a.safetensors", "testdata/b.safetensors", false, false},
		{dir + "/model.safetensors", mha, false, false},
	} {
		ss, why, err := Open([2]string{c.a, c.b}, [2]string{})
		if (err != nil) != c.bad || (why != "") != c.bare {
			t.Errorf("%s, %s: %q, %v", c.a, c.b, why, err)
		}
		if err == nil {
			closeAll(ss)
		}
	}
	ss, _, err := Open([2]string{dir, mha}, [2]string{})
	if err != nil {
		t.Fatal(err)
	}
	defer closeAll(ss)
	if got := said(compare(t, ss[0], ss[1], Options{})); got != `config model_type "other" "olmo2"` {
		t.Errorf("found %s", got)
	}
}
