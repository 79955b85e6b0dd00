package inspect

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"olmotool/formats"
	"olmotool/formats/olmo"
)

const data = "../testdata"

func source(t testing.TB, path string) *Report {
	t.Helper()
	src, err := olmo.Open(path, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { src.Close() })
	return Source(src)
}

// facts is a report without what is long.
type facts struct {
	layout, arch      string
	parameters, bytes int64
	tensors           int
	dtypes            []DTypeCount
	files, findings   int
}

func TestSource(t *testing.T) {
	for _, c := range []struct {
		path string
		want facts
	}{
		{"models/olmo2-mha", facts{"hf", "olmo2", 63776, 255104, 25, []DTypeCount{{formats.F32, 25, 255104}}, 1, 0}},
		{"models/olmo2-gqa", facts{"hf", "olmo2", 135680, 271360, 25, []DTypeCount{{formats.BF16, 25, 271360}}, 4, 0}},
		{"models/olmo3", facts{"hf", "olmo3", 189504, 379008, 47, []DTypeCount{{formats.BF16, 47, 379008}}, 1, 0}},
		{"models/olmo1", facts{"hf", "olmo", 143360, 286720, 16, []DTypeCount{{formats.BF16, 16, 286720}}, 1, 0}},
		{"models/olmo1-tied", facts{"hf", "olmo", 106496, 212992, 15, []DTypeCount{{formats.BF16, 15, 212992}}, 1, 0}},
		{"layouts/olmo2-mha/hf-bin", facts{"hf-bin", "olmo2", 63776, 255104, 25, []DTypeCount{{formats.F32, 25, 255104}}, 1, 0}},
		{"layouts/olmo2-mha/olmo", facts{"olmo", "olmo2", 63776, 255104, 19, []DTypeCount{{formats.F32, 19, 255104}}, 1, 0}},
		{"layouts/olmo2-mha/olmo-core-unsharded", facts{"olmo-core-unsharded", "olmo2", 63776, 255104, 25, []DTypeCount{{formats.F32, 25, 255104}}, 1, 0}},
		{"layouts/olmo2-mha/olmo-core-unsharded-safetensors", facts{"olmo-core-unsharded", "olmo2", 63776, 255104, 25, []DTypeCount{{formats.F32, 25, 255104}}, 1, 0}},
		{"layouts/olmo2-mha/olmo2-mha-bf16.gguf", facts{"gguf", "olmo2", 63776, 128128, 25, []DTypeCount{{formats.BF16, 16, 126976}, {formats.F32, 9, 1152}}, 1, 0}},
		{"layouts/olmo2-mha/olmo2-mha-q8_0.gguf", facts{"gguf", "olmo2", 63776, 68608, 25, []DTypeCount{{formats.Q8_0, 16, 67456}, {formats.F32, 9, 1152}}, 1, 0}},
	} {
		r := source(t, filepath.Join(data, c.path))
		got := facts{r.Layout, r.Architecture, r.Parameters, r.Bytes, len(r.Tensors), r.DTypes, len(r.Files), len(r.Findings)}
		if d := cmp.Diff(c.want, got, cmp.AllowUnexported(facts{})); d != "" {
			t.Errorf("%s: %s", c.path, d)
		}
		if v, _ := r.Config.Get("model_type"); v != r.Architecture {
			t.Errorf("%s: config says model_type %v", c.path, v)
		}
	}
}

// Where a tensor is said to lie, its bytes lie.
func TestOffsets(t *testing.T) {
	for _, path := range []string{
		"models/olmo2-gqa", "layouts/olmo2-mha/hf-bin", "layouts/olmo2-mha/olmo", "layouts/olmo2-mha/olmo-core-unsharded",
		"layouts/olmo2-mha/olmo2-mha-q8_0.gguf", "torch/torch-2.6.0.pt", "torch/torch-2.1.2.pt",
	} {
		r := source(t, filepath.Join(data, path))
		plain := 0
		for _, x := range r.Tensors {
			if x.Origin.Offset < 0 {
				continue // not one range of the file
			}
			plain++
			file, err := os.ReadFile(x.Origin.File)
			if err != nil {
				t.Fatal(err)
			}
			want := make([]byte, x.Bytes())
			if err := formats.ReadFull(x.Data, want, 0); err != nil {
				t.Fatal(err)
			}
			if !bytes.HasPrefix(file[x.Origin.Offset:], want) {
				t.Errorf("%s: tensor %q is not at byte %d", path, x.Origin.Name, x.Origin.Offset)
			}
		}
		if plain < len(r.Tensors)*3/4 {
			t.Errorf("%s: only %d of %d tensors have a place", path, plain, len(r.Tensors))
		}
	}
}

func TestCanonical(t *testing.T) {
	r := source(t, filepath.Join(data, "layouts/olmo2-mha/olmo"))
	for stored, want := range map[string]string{
		"transformer.wte.weight":                 "model.embed_tokens.weight",
		"transformer.blocks.1.attn_out.weight":   "model.layers.1.self_attn.o_proj.weight",
		"transformer.blocks.1.ff_out.weight":     "model.layers.1.mlp.down_proj.weight",
		"transformer.ff_out.weight":              "lm_head.weight",
		"transformer.blocks.0.att_proj.weight":   "", // three in one
		"transformer.blocks.0.ff_proj.weight":    "",
		"transformer.blocks.0.no_such_tensor.no": "",
	} {
		if got := r.Canonical[stored]; got != want {
			t.Errorf("%s: found %q, want %q", stored, got, want)
		}
	}
}

// A config that does not fit is a finding for each tensor that is concerned.
func TestMismatch(t *testing.T) {
	dir := copyModel(t, "olmo2-mha")
	copyFile(t, filepath.Join(data, "models/olmo2-gqa/model-00001-of-00003.safetensors"), filepath.Join(dir, "model.safetensors"))
	r := source(t, dir)
	codes := map[string]int{}
	for _, f := range r.Findings {
		if f.Severity == formats.Serious {
			codes[f.Code]++
		}
	}
	if d := cmp.Diff(map[string]int{"tensor-shape": 6, "missing-tensor": 18}, codes); d != "" {
		t.Error(d)
	}
	if r.Architecture != "olmo2" || len(r.Canonical) != 7 || len(r.Layers) != 1 {
		t.Errorf("architecture %q, canonical names %v, layers %v", r.Architecture, r.Canonical, r.Layers)
	}
}

// copyModel copies a model of testdata, to be changed.
func copyModel(t testing.TB, name string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(data, "models", name))); err != nil {
		t.Fatal(err)
	}
	return dir
}

func copyFile(t testing.TB, from, to string) {
	t.Helper()
	b, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	write(t, to, string(b))
}

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

// edit replaces a text in a file, which must be there.
func edit(t testing.TB, path, from, to string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(b, []byte(from)) {
		t.Fatalf("%s: no %q in it", path, from)
	}
	write(t, path, strings.Replace(string(b), from, to, 1))
}

// finding returns the finding of a code, which must be there once.
func finding(t testing.TB, fs []formats.Finding, code string) formats.Finding {
	t.Helper()
	var all []formats.Finding
	for _, f := range fs {
		if f.Code == code {
			all = append(all, f)
		}
	}
	if len(all) != 1 {
		t.Errorf("%d findings %q in %v, want 1", len(all), code, fs)
		return formats.Finding{}
	}
	return all[0]
}

// sparse makes a directory whose files have headers and holes.
func sparse(t testing.TB, shape string) string {
	t.Helper()
	src, err := olmo.Open("random:"+shape, "")
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	m, err := src.Model()
	if err != nil {
		t.Fatal(err)
	}
	plan, err := m.Plan("hf", olmo.PlanOptions{MaxShard: 5e9})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, p := range plan.Files {
		f, err := os.Create(filepath.Join(dir, p.Name))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if err := f.Truncate(p.Size()); err != nil {
			t.Fatal(err)
		}
		for i, s := range p.Segments {
			if s.Tensor != nil {
				continue
			}
			b := make([]byte, s.Size)
			if err := formats.ReadFull(s.Data, b, 0); err != nil {
				t.Fatal(err)
			}
			if _, err := f.WriteAt(b, p.Offset(i)); err != nil {
				t.Fatal(err)
			}
		}
	}
	return dir
}

// A large model costs what its headers cost.
func TestLarge(t *testing.T) {
	dir := sparse(t, "13b")
	var m0, m1 runtime.MemStats
	runtime.ReadMemStats(&m0)
	start := time.Now()
	r := source(t, dir)
	took := time.Since(start)
	runtime.ReadMemStats(&m1)
	if r.Bytes < 27e9 || len(r.Files) != 7 || len(r.Findings) != 0 {
		t.Errorf("%d bytes in %d files, findings %v", r.Bytes, len(r.Files), r.Findings)
	}
	if n := m1.TotalAlloc - m0.TotalAlloc; n > 8<<20 {
		t.Errorf("allocated %d bytes", n)
	}
	if took > time.Second {
		t.Errorf("took %v", took)
	}
}

func BenchmarkLarge(b *testing.B) {
	dir := sparse(b, "13b")
	b.ReportAllocs()
	for b.Loop() {
		src, err := olmo.Open(dir, "")
		if err != nil {
			b.Fatal(err)
		}
		Source(src)
		src.Close()
	}
}
