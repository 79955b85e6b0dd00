package olmo

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"olmotool/formats"
)

// TestRoundTrip takes every model to every layout in every element type,
// through files, and opens them: the tensors are those of the plan, the config
// describes the same function, and where nothing was cast the weights go back
// to the file that they came from.
func TestRoundTrip(t *testing.T) {
	keep := formats.InvalidDType
	floats := []formats.DType{keep, formats.F32, formats.F16, formats.BF16}
	for _, name := range models {
		m := open(t, testdata+"models/"+name, "")
		source := m.Tensors[0].DType
		for _, to := range []struct {
			layout    string
			container string
			types     []formats.DType
		}{
			{"hf", "", floats},
			{"hf-bin", "", floats},
			{"olmo", "", floats},
			{"olmo-safetensors", "", floats},
			{"olmo-core-unsharded", "torch", floats},
			{"olmo-core-unsharded", "safetensors", floats},
			{"gguf", "", append(floats, formats.Q8_0)},
		} {
			if m.Config.ModelType == OLMo3 && strings.HasPrefix(to.layout, "olmo") && !strings.HasPrefix(to.layout, "olmo-core") {
				continue
			}
			for _, d := range to.types {
				t.Run(fmt.Sprintf("%s/%s%s/%s", name, to.layout, to.container, d), func(t *testing.T) {
					p := plan(t, m, to.layout, PlanOptions{DType: d, Container: to.container})
					back := open(t, write(t, p), "")
					if back.Source.Layout != to.layout || len(back.Source.Findings) > 0 {
						t.Errorf("got layout %s, findings %v", back.Source.Layout, back.Source.Findings)
					}
					if diff := m.Config.Diff(back.Config); len(diff) > 0 {
						t.Error(diff)
					}
					equalTensors(t, back.Tensors, p.Tensors)
					checkSegments(t, p)
					if d != keep && d != source {
						return
					}
					if digestOf(t, back.Tensors, false) != digestOf(t, m.Tensors, false) {
						t.Error("another digest")
					}
					// A GGUF has widened the norms: they go back by a cast.
					home := write(t, plan(t, back, "hf", PlanOptions{DType: source, MaxShard: map[string]int64{"olmo2-gqa": 100_000}[name]}))
					files, err := filepath.Glob(filepath.Join(home, "*.safetensors"))
					if err != nil || len(files) == 0 {
						t.Fatal(files, err)
					}
					for _, f := range files {
						equalFiles(t, f, testdata+"models/"+name+"/"+filepath.Base(f))
					}
				})
			}
		}
	}
}

// checkSegments checks what a plan promises of its segments: those with a
// tensor have all its bytes, every tensor is in one of them unless its rows are
// reordered.
func checkSegments(t *testing.T, p *Plan) {
	t.Helper()
	found := map[string]int{}
	for _, f := range p.Files {
		for _, s := range f.Segments {
			if s.Tensor == nil {
				continue
			}
			found[s.Tensor.Name]++
			i := slices.IndexFunc(p.Tensors, func(x formats.Tensor) bool { return x.Name == s.Tensor.Name })
			if i < 0 {
				t.Fatalf("segment of %s, which is none of the tensors", s.Tensor.Name)
			}
			equalTensors(t, []formats.Tensor{{Name: "x", DType: formats.U8, Shape: []int64{s.Size}, Data: s.Data.(formats.Data)}},
				[]formats.Tensor{{Name: "x", DType: formats.U8, Shape: []int64{p.Tensors[i].Bytes()}, Data: p.Tensors[i].Data}})
		}
	}
	for name, n := range found {
		if n != 1 {
			t.Errorf("%s is in %d segments", name, n)
		}
	}
	if len(found) == 0 {
		t.Error("no segment says which tensor it holds")
	}
}

// TestBare takes tensors without a model from one container to the other and
// back.
func TestBare(t *testing.T) {
	for _, c := range []struct{ path, other, back string }{
		{testdata + "models/olmo1/model.safetensors", "torch", "safetensors"},
		{testdata + "layouts/olmo2-mha/olmo/model.pt", "safetensors", "torch"},
		{testdata + "torch/torch-2.6.0.pt", "safetensors", "torch"},
	} {
		m := open(t, c.path, c.back)
		if m.Config != nil || m.Source.Layout != c.back {
			t.Errorf("%s: got layout %s, config %v", c.path, m.Source.Layout, m.Config)
		}
		equalFiles(t, write(t, plan(t, m, c.back, PlanOptions{})), c.path)
		other := open(t, write(t, plan(t, m, c.other, PlanOptions{})), "")
		if other.Source.Layout != c.other {
			t.Errorf("%s: got layout %s, want %s", c.path, other.Source.Layout, c.other)
		}
		if got, want := digestOf(t, other.Tensors, false), digestOf(t, m.Tensors, false); got != want {
			t.Errorf("%s: got digest %s, want %s", c.path, got, want)
		}
		cast := plan(t, m, c.back, PlanOptions{DType: formats.F16})
		if back := open(t, write(t, cast), ""); back.Tensors[0].DType != formats.F16 {
			t.Errorf("%s: got %s", c.path, back.Tensors[0].DType)
		}
	}
	// A model's own names stay, and a model cannot be made of bare tensors.
	legacy := open(t, mha+"olmo", "")
	p := plan(t, legacy, "safetensors", PlanOptions{})
	if p.Tensors[0].Name != legacyEmbed {
		t.Errorf("got %s", p.Tensors[0].Name)
	}
	_, err := open(t, write(t, p), "").Plan("hf", PlanOptions{})
	if err == nil || err.Error() != `found tensors with no model known (no config beside them), expected a model to write as layout "hf"` {
		t.Errorf("got %v", err)
	}
}

// TestTiedHeads: where a layout cannot do without a head, it is a copy.
func TestTiedHeads(t *testing.T) {
	c := shapes["tiny"].config()
	c.TieWordEmbeddings = true
	text, err := c.EncodeHF("bfloat16")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	put(t, dir, "config.json", string(text))
	m := open(t, "random:"+filepath.Join(dir, "config.json"), "")
	want := digestOf(t, m.Tensors, false)

	p := plan(t, m, "gguf", PlanOptions{})
	if len(p.Findings) != 1 || p.Findings[0].Code != "head-copied" {
		t.Errorf("got findings %v", p.Findings)
	}
	back := open(t, write(t, p), "")
	if back.Config.TieWordEmbeddings || len(back.Tensors) != len(m.Tensors)+1 || len(m.Config.Diff(back.Config)) > 0 {
		t.Errorf("got %d tensors, tied %t, %v", len(back.Tensors), back.Config.TieWordEmbeddings, m.Config.Diff(back.Config))
	}
	if got := digestOf(t, back.Tensors, false); got != want {
		t.Errorf("gguf: got digest %s, want %s", got, want)
	}

	core := open(t, write(t, plan(t, m, "olmo-core-unsharded", PlanOptions{})), "")
	if !core.Config.TieWordEmbeddings || len(core.Tensors) != len(m.Tensors) || len(core.Source.Tensors) != len(m.Tensors)+1 || len(core.Source.Findings) > 0 {
		t.Errorf("got %d tensors of %d, tied %t, findings %v", len(core.Tensors), len(core.Source.Tensors), core.Config.TieWordEmbeddings, core.Source.Findings)
	}
	if got := digestOf(t, core.Tensors, false); got != want {
		t.Errorf("core: got digest %s, want %s", got, want)
	}
}

// TestPlanRefuses: what a layout or the request cannot be.
func TestPlanRefuses(t *testing.T) {
	hf, q8 := open(t, testdata+"models/olmo3", ""), open(t, mha+"olmo2-mha-q8_0.gguf", "")
	empty := Beside{t.TempDir()}
	for _, c := range []struct {
		m    *Model
		to   string
		o    PlanOptions
		want string
	}{
		{hf, "nonsense", PlanOptions{}, `unknown layout "nonsense", expected one of hf, hf-bin, olmo, `},
		{hf, "olmo-core", PlanOptions{}, `layout "olmo-core" cannot be written`},
		{hf, "olmo", PlanOptions{}, `model_type: found "olmo3", expected "olmo" or "olmo2": the legacy layout has no sliding windows`},
		{hf, "hf", PlanOptions{DType: formats.Q8_0}, `layout "hf" cannot hold Q8_0, expected f32, f16 or bf16`},
		{hf, "gguf", PlanOptions{DType: formats.F64, Name: "m.gguf"}, `tensor "model.embed_tokens.weight": found F64, which llama.cpp does not compute with, expected another type: say --dtype f32`},
		{hf, "gguf", PlanOptions{DType: formats.Q4_K, Name: "m.gguf"}, `found weights of Q4_K, expected F32, F16, BF16 or Q8_0 in a GGUF`},
		{hf, "olmo-core-unsharded", PlanOptions{Container: "zip"}, `container: found "zip", expected "torch" or "safetensors"`},
		{hf, "hf", PlanOptions{Tokenizer: empty}, `found no files of a tokenizer, expected tokenizer.json`},
		{hf, "olmo-core-unsharded", PlanOptions{Tokenizer: empty}, `found no files of a tokenizer, expected tokenizer.json`},
		{q8, "hf", PlanOptions{}, `tensor "model.embed_tokens.weight": found Q8_0, which layout "hf" cannot hold, expected another type: say --dtype f32, f16 or bf16`},
		{q8, "safetensors", PlanOptions{}, `found Q8_0, which layout "safetensors" cannot hold`},
		{q8, "gguf", PlanOptions{DType: formats.BF16}, `found a GGUF as source, expected --dtype keep`},
	} {
		_, err := c.m.Plan(c.to, c.o)
		wantError(t, err, c.want)
	}
}
