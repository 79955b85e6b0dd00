package page

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"regexp"
	"strings"
	"testing"

	"olmotool/formats"
	"olmotool/formats/olmo"
	"olmotool/inspect"
	"olmotool/inspect/rounding"
	"olmotool/inspect/stats"
	"olmotool/internal/htmlpage"
)

var keep = flag.String("keep", "", "write the pages of the test into this `DIR`, to be looked at")

// nothing stands for data that is not read.
type nothing int64

func (n nothing) Size() int64                     { return int64(n) }
func (nothing) ReadAt([]byte, int64) (int, error) { return 0, errors.New("read") }

// madeUp is a model of 707 tensors as large as the largest that was published, with
// statistics as a trained one may have.
func madeUp(t *testing.T) Model {
	t.Helper()
	const layers, hidden, kv, ff, vocab = 64, 5120, 1024, 27648, 100352
	r := rand.New(rand.NewPCG(3, 4))
	m := Model{Report: &inspect.Report{
		Path: "/models/OLMo-2-0325-32B", Layout: "hf", Architecture: "olmo2", ShapeOf: "OLMo 2 32B",
		Memory: &inspect.Memory{Cache: []inspect.CacheMemory{{Context: 1024, Type: "f16", Bytes: 268435456}, {Context: 1024, Type: "q8_0", Bytes: 142606336}, {Context: 4096, Type: "f16", Bytes: 1 << 30}}},
		Beside: inspect.Beside{Files: 2, Bytes: 7000, List: []inspect.BesideFile{{Path: "config.json", Bytes: 1000, Role: "config"}, {Path: "tokenizer.json", Bytes: 6000, Role: "tokenizer"}}},
		Findings: []formats.Finding{
			{Severity: formats.Info, Code: "wider-than-config", Where: "model", Message: "the config names BF16; tensors are wider"},
			{Severity: formats.Warning, Code: "special-ids-differ", Where: "generation_config.json", Message: "found eos 100257, and in config 100265"},
		},
		Excess: []inspect.Excess{{Code: "padding", Bytes: 100, Message: "alignment and padding of headers"}},
	}, Facts: []htmlpage.Fact{{Name: "layout", Value: "hf"}, {Name: "architecture", Value: "olmo2, shape of OLMo 2 32B"}, {Name: "run", Value: "stage 2, step 11,931"}, {Name: "tokenizer", Value: "100,278 ids for 100,352 rows, 74 of them padding (tokenizer.json)"}, {Value: "config: eos 100257, pad 100277"}}}
	rep := m.Report
	add := func(part *inspect.Part, name string, rms float64, shape ...int64) {
		n, _ := formats.ElementsOf(shape)
		file := fmt.Sprintf("/models/OLMo-2-0325-32B/model-%05d-of-00029.safetensors", len(m.Tensors)/25+1)
		x := formats.Tensor{Name: name, DType: formats.BF16, Shape: shape, Data: nothing(2 * n), Origin: formats.Origin{Name: name, File: file, Offset: 8000}}
		m.Tensors = append(m.Tensors, Tensor{name, x, madeUpStats(r, n, rms), &rounding.Loss{0, 1e-9 * r.Float64(), 0.005 * (1 + 0.2*r.Float64())}})
		rep.Tensors = append(rep.Tensors, x)
		rep.Parameters += n
		rep.Bytes += 2 * n
		for _, p := range []*inspect.Part{part} {
			p.Tensors++
			p.Parameters += n
			p.Bytes += 2 * n
		}
		if k := len(rep.Files); k == 0 || rep.Files[k-1].Path != file {
			rep.Files = append(rep.Files, formats.File{Path: file, Bytes: 2 * n})
			rep.Containers = append(rep.Containers, inspect.Container{Path: file, Kind: "safetensors", Bytes: 2 * n, Tensors: 25, HeaderBytes: 8000, Reference: "safetensors save_file", Same: k%5 != 2, Differs: "the order of the tensors"})
		}
	}
	parts := make([]inspect.Part, 5)
	for i, name := range []string{"embedding", "attention", "mlp", "norms", "head"} {
		parts[i].Name = name
	}
	add(&parts[4], "lm_head.weight", 0.02, vocab, hidden)
	add(&parts[0], "model.embed_tokens.weight", 0.4, vocab, hidden)
	for l := range layers {
		w := 1 + 0.7*math.Sin(float64(l)/9) + 0.2*r.Float64()
		p := fmt.Sprintf("model.layers.%d.", l)
		before := rep.Parameters
		for _, x := range []struct {
			name       string
			rms        float64
			rows, cols int64
		}{
			{"mlp.down_proj", 0.02 * w, hidden, ff},
			{"mlp.gate_proj", 0.03 / w, ff, hidden},
			{"mlp.up_proj", 0.025 * math.Sqrt(w), ff, hidden},
			{"self_attn.k_proj", 0.02 * w * w, kv, hidden},
			{"self_attn.o_proj", 0.018 * w, hidden, hidden},
			{"self_attn.q_proj", 0.02 * w * w * w / 3, hidden, hidden},
			{"self_attn.v_proj", 0.021 / w, kv, hidden},
		} {
			part := &parts[1]
			if strings.HasPrefix(x.name, "mlp") {
				part = &parts[2]
			}
			add(part, p+x.name+".weight", x.rms, x.rows, x.cols)
		}
		add(&parts[3], p+"post_attention_layernorm.weight", 0.3*w, hidden)
		add(&parts[3], p+"post_feedforward_layernorm.weight", 0.5*w, hidden)
		add(&parts[3], p+"self_attn.k_norm.weight", 0.9*w, kv)
		add(&parts[3], p+"self_attn.q_norm.weight", 0.8*w, hidden)
		rep.Layers = append(rep.Layers, inspect.Part{Name: fmt.Sprint(l), Parameters: rep.Parameters - before})
	}
	add(&parts[3], "model.norm.weight", 2, hidden)
	rep.NonEmbedding = rep.Parameters - vocab*hidden
	rep.Modules, rep.Memory.Weights = parts, rep.Bytes
	rep.DTypes = []inspect.DTypeCount{{DType: formats.BF16, Tensors: len(m.Tensors), Bytes: rep.Bytes}}
	return m
}

func madeUpStats(r *rand.Rand, n int64, rms float64) *stats.Stats {
	s := &stats.Stats{
		Elements: n, Min: -rms * (5 + 3*r.Float64()), Max: rms * (5 + 3*r.Float64()), Mean: rms * 1e-3 * r.NormFloat64(), Std: rms, RMS: rms,
		Zeros: n / 1_000_000, Quantiles: make([]float64, len(stats.Levels)), Dead: &stats.Dead{FirstRow: -1, FirstColumn: -1},
	}
	s.AbsMax = max(-s.Min, s.Max)
	s.Histogram = stats.Histogram{Low: -3.2 * rms, High: 3.2 * rms, Below: n / 1000, Above: n / 1000}
	for i := range stats.Bins {
		x := (float64(i) + 0.5 - stats.Bins/2) / 10
		s.Histogram.Counts = append(s.Histogram.Counts, int64(float64(n)/10/2.5*math.Exp(-x*x/2)*(1+0.05*r.NormFloat64())))
	}
	s.Exponents.First = -28
	for i := range 30 {
		s.Exponents.Counts = append(s.Exponents.Counts, n>>(30-i)+1)
	}
	return s
}

// read is a model of the tests' data.
func read(t *testing.T, path string, threads int) Model {
	t.Helper()
	src, err := olmo.Open(path, "")
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	m := Model{Report: inspect.Source(src), Keys: []Key{{"general.name", "string", "x"}}}
	losses, err := rounding.All(t.Context(), src.Tensors, threads)
	if err != nil {
		t.Fatal(err)
	}
	err = stats.All(t.Context(), src.Tensors, stats.Options{Threads: threads}, func(i int, s *stats.Stats) error {
		name := m.Report.Canonical[src.Tensors[i].Origin.Name]
		if name == "" {
			name = src.Tensors[i].Name
		}
		m.Tensors = append(m.Tensors, Tensor{name, src.Tensors[i], s, losses[i]})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func write(t *testing.T, m Model, name string) string {
	t.Helper()
	var b bytes.Buffer
	a := htmlpage.About{Command: "olmotool inspect PATH --html FILE", Version: "devel", Facts: []htmlpage.Fact{{Name: "model", Value: m.Report.Path}}}
	if err := Write(&b, m, a); err != nil {
		t.Fatal(err)
	}
	if *keep != "" && name != "" {
		if err := os.WriteFile(*keep+"/"+name+".html", b.Bytes(), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}

// TestLargest is the page of the largest model: what is there, and how large it is.
func TestLargest(t *testing.T) {
	page := write(t, madeUp(t), "largest")
	if len(page) > 3_000_000 {
		t.Errorf("%d bytes", len(page))
	}
	t.Logf("%d bytes", len(page))
	wellFormed(t, page)
	for want, times := range map[string]int{
		`<div popover="" class="card"`:                                707,
		`<use href="#h`:                                               707,
		`<table class="heat">`:                                        6, // rms, absmax, outliers, zeros, F16, Q8_0
		`<input class="switch"`:                                       6,
		`<tr><th scope="row">63</th>`:                                 6,
		`<td style="--s`:                                              -1,
		`<h1>a model of the shape of OLMo 2 32B</h1>`:                 1,
		`<p class="mark">1 warning, 1 note</p>`:                       1,
		`Nowhere in this model: denormals, not finite, loss in BF16.`: 1,
		`<th scope="row">mlp</th>`:                                    1,
		`not as safetensors save_file: the order of the tensors`:      6,
	} {
		if n := strings.Count(page, want); n != times && times >= 0 || n == 0 {
			t.Errorf("%s: found %d, want %d", want, n, times)
		}
	}
}

// TestEscapes puts markup, terminal sequences and long names everywhere that a file
// has a say, and numbers that are none.
func TestEscapes(t *testing.T) {
	const evil = "</td></script><script>alert(1)</script>\"'><img src=x onerror=y>{{.}}\x1b[2J\u202e\xff"
	nan := math.NaN()
	m := madeUp(t)
	for i := range m.Tensors {
		x := &m.Tensors[i]
		x.Name = strings.Replace(x.Name, "proj", evil, 1)
		x.Tensor.Origin = formats.Origin{Name: evil, File: "d/" + evil, Offset: -1}
	}
	m.Tensors = m.Tensors[:40]
	m.Tensors[0].Name = strings.Repeat("é.", 40_000)
	m.Tensors[1].Name = ""
	m.Tensors[2].Name = "a.99999999999999999999.b"
	m.Tensors[3].Tensor.Shape = nil
	m.Tensors[4].Stats, m.Tensors[5].Loss, m.Tensors[6].Loss = nil, nil, &rounding.Loss{nan, math.Inf(1), 0}
	m.Tensors[7].Stats = &stats.Stats{Elements: 2, NaN: 2, Min: nan, Max: nan, RMS: nan, AbsMax: nan, Quantiles: []float64{nan}, FirstNonFinite: []int64{0, 1}}
	m.Tensors[8].Stats = &stats.Stats{Quantiles: []float64{nan}, AbsMax: math.Inf(1), RMS: math.Inf(1), Dead: &stats.Dead{Rows: 3, Columns: 4}}
	r := m.Report
	r.Path, r.Architecture, r.ShapeOf = evil, evil, ""
	r.Modules[0].Name = evil
	r.Beside.List[0].Path, r.Beside.List[0].Role = evil, evil
	r.Containers[0] = inspect.Container{Path: evil, Kind: evil, Reference: evil, Differs: evil}
	r.Excess[0].Message = evil
	r.Memory.Cache[0].Type, r.Memory.Weights, r.Memory.Sliding = evil, math.MaxInt64, 1
	r.Findings = append(r.Findings, formats.Finding{Severity: formats.Serious, Code: evil, Where: evil, Message: evil})
	for range 30 {
		r.Findings = append(r.Findings, formats.Finding{Severity: formats.Serious, Code: "many", Where: strings.Repeat("x", 1000)})
	}
	m.Facts[0] = htmlpage.Fact{Name: evil, Value: evil}
	m.Keys = []Key{{evil, evil, evil}}
	page := write(t, m, "evil")
	wellFormed(t, page)
	for _, bad := range []string{"<script", "<img", "\x1b", "\u202e", "\xff", "ZgotmplZ", "http:", "https:", "url(", "@import", "%!", "<nil>", strings.Repeat("x", 200), strings.Repeat("é.", 200)} {
		if strings.Contains(page, bad) {
			t.Errorf("found %q", bad)
		}
	}
	for _, want := range []string{
		`<h1>a model of the kind &lt;/td&gt;&lt;/script&gt;`, `\x1b[2J\u202e`, `<header class="verdict no">`, `<p class="mark">31 errors, 1 warning, 1 note</p>`,
		`… and 18 more; --json has all`, `<dd class="bad">2, 100.0 %</dd>`, `<dd class="bad">[0 1]</dd>`, `<b>∞</b>`, `<button popovertarget="t7">NaN</button>`, `scalar`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q", want)
		}
	}
}

// TestBounds: what there is too much of is counted.
func TestBounds(t *testing.T) {
	m := Model{Report: &inspect.Report{}}
	s := &stats.Stats{Elements: 1, RMS: 1, AbsMax: 1, Quantiles: []float64{1}}
	for i := range maxRows + 5 {
		name := fmt.Sprintf("layers.%d.m%d", i/50, i%50)
		m.Tensors = append(m.Tensors, Tensor{name, formats.Tensor{Name: name, DType: formats.F32, Shape: []int64{1}, Data: nothing(4)}, s, nil})
		m.Report.Containers = append(m.Report.Containers, inspect.Container{})
	}
	m.Report.Files = []formats.File{{}}
	page := write(t, m, "")
	wellFormed(t, page)
	for want, times := range map[string]int{
		`<div popover=`: maxCards, `<tr><th scope="row">255</th>`: 3, `<tr><th scope="row">256</th>`: 0,
		`<th scope="col"><span>`: 3 * maxModules, `20,005 tensors, of which the first 20000 are here`: 1, `19,805 more files`: 1,
	} {
		if n := strings.Count(page, want); n != times {
			t.Errorf("%s: found %d, want %d", want, n, times)
		}
	}
}

// TestUnmeasured is a page of headers alone, and one of nothing.
func TestUnmeasured(t *testing.T) {
	m := madeUp(t)
	for i := range m.Tensors {
		m.Tensors[i].Stats, m.Tensors[i].Loss = nil, nil
	}
	for _, m := range []Model{m, {Report: &inspect.Report{}}} {
		page := write(t, m, "")
		wellFormed(t, page)
		if strings.Contains(page, `class="heat"`) || strings.Contains(page, "not finite") || strings.Contains(page, "histogram<") {
			t.Error("numbers that were not measured")
		}
		if n := strings.Count(page, "<div popover="); n != len(m.Tensors) {
			t.Errorf("%d cards of %d tensors", n, len(m.Tensors))
		}
	}
}

// TestThreads reads checkpoints with one thread and with three: the page is the
// same, and has a card for every tensor.
func TestThreads(t *testing.T) {
	for _, path := range []string{"models/olmo2-gqa", "layouts/olmo2-mha/olmo", "layouts/olmo2-mha/olmo2-mha-q8_0.gguf", "torch/torch-2.6.0.pt"} {
		m := read(t, "../../testdata/"+path, 1)
		page := write(t, m, "")
		wellFormed(t, page)
		if page != write(t, read(t, "../../testdata/"+path, 3), "") {
			t.Errorf("%s: another page with three threads", path)
		}
		if n := strings.Count(page, "<div popover="); n != len(m.Tensors) || n == 0 {
			t.Errorf("%s: %d cards of %d tensors", path, n, len(m.Tensors))
		}
		if !strings.Contains(page, `class="heat"`) {
			t.Errorf("%s: no maps", path)
		}
	}
}

func wellFormed(t *testing.T, page string) {
	t.Helper()
	page = regexp.MustCompile(`(?s)<style>.*?</style>`).ReplaceAllString(page, "")
	d := xml.NewDecoder(strings.NewReader(page))
	d.Strict, d.Entity = true, xml.HTMLEntity
	for {
		_, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}
