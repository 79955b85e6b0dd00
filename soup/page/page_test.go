package page

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"html"
	"io"
	"math"
	"os"
	"regexp"
	"strings"
	"testing"

	"olmotool/formats"
	"olmotool/internal/htmlpage"
	"olmotool/soup"
)

var keep = flag.String("keep", "", "write the pages of the test into this `DIR`, to be looked at")

// figures are those of n models, with a dispersion.
func figures(n int, dispersion float64) soup.Figures {
	f := soup.Figures{Elements: 4096, MeanNorm: 9, Shrinkage: 1 - dispersion*dispersion, Spread: 9 * dispersion, Dispersion: dispersion, Rounding: &soup.Rounding{
		DTypes: []string{"BF16"}, ResultNorm: 9, Changed: 0.7, Error: 0.01, OfSpread: 0.001 / dispersion, OfResult: 0.001,
	}}
	for i := range n {
		f.Norms, f.FromOthers, f.DeltaNorms = append(f.Norms, 10), append(f.FromOthers, 9*dispersion), append(f.DeltaNorms, 5*dispersion)
		f.Rounding.Equal = append(f.Rounding.Equal, 0.1)
		var cosines, distances, deltas []float64
		for j := range n {
			d := math.Abs(float64(i - j))
			cosines, distances, deltas = append(cosines, 1-dispersion*d), append(distances, 9*dispersion*d), append(deltas, 1-1.5*min(d, 1))
		}
		f.Cosines, f.Distances, f.DeltaCosines = append(f.Cosines, cosines), append(f.Distances, distances), append(f.DeltaCosines, deltas)
	}
	return f
}

// diagnosed makes diagnostics of n models of some layers.
func diagnosed(n, layers int) *soup.Diagnostics {
	d := &soup.Diagnostics{Method: "linear", Matrices: figures(n, 0.1)}
	for i := range n {
		d.Models = append(d.Models, fmt.Sprintf("ingredient-%d", i+1))
		d.Coefficients = append(d.Coefficients, fmt.Sprintf("1/%d", n))
	}
	modules := []string{"self_attn.q_proj", "self_attn.k_proj", "mlp.up_proj", "norm"}
	for k, m := range modules {
		d.Modules = append(d.Modules, soup.ModuleFigures{Module: m, Figures: figures(n, 0.1+float64(k)/50)})
		for l := range layers {
			shape := []int64{64, 64}
			if m == "norm" {
				shape = shape[:1]
			}
			d.Tensors = append(d.Tensors, soup.TensorFigures{Name: fmt.Sprintf("model.layers.%d.%s.weight", l, m), Shape: shape, Layer: l, Module: m, Figures: figures(n, 0.1+float64(k+l)/50)})
		}
	}
	for l := range layers {
		d.Layers = append(d.Layers, soup.LayerFigures{Layer: l, Figures: figures(n, 0.1+float64(l)/50)})
	}
	return d
}

func pages() map[string]*soup.Diagnostics {
	const bad = "<script>alert(1)</script>\x1b[2J"
	hostile := diagnosed(3, 4)
	hostile.Method, hostile.Base, hostile.Coefficients = bad, bad, nil
	hostile.Matrices.BaseCosines = []float64{0.9, math.NaN(), -1}
	hostile.Models[1], hostile.Tensors[0].Name, hostile.Modules[0].Module = bad, bad, bad
	hostile.Partial = []string{bad}
	hostile.Findings = []formats.Finding{{Severity: formats.Warning, Code: "outlier", Where: bad, Message: bad}}
	nan := diagnosed(2, 3)
	nan.Matrices = soup.Figures{
		Norms: []float64{math.NaN(), 0}, FromOthers: []float64{math.Inf(1), 0}, DeltaNorms: []float64{0, 0}, Dispersion: math.NaN(), Cosines: soup.Matrix{{math.NaN(), 0}, {0, 1}},
		Distances: soup.Matrix{{0, 0}, {0, 0}}, DeltaCosines: soup.Matrix{{1, math.NaN()}, {0, 1}},
	}
	nan.Matrices.Rounding = figures(2, 0.1).Rounding
	nan.Layers[1].Figures.Rounding.OfSpread = math.NaN()
	gap := diagnosed(2, 3)
	gap.Layers[2].Layer = 1 << 40
	return map[string]*soup.Diagnostics{"good": diagnosed(3, 16), "one": diagnosed(1, 2), "many": diagnosed(30, 2), "hostile": hostile, "nan": nan, "gap": gap, "flat": diagnosed(2, 0)}
}

func write(t *testing.T, name string, d *soup.Diagnostics) string {
	t.Helper()
	var b bytes.Buffer
	a := htmlpage.About{Command: "olmotool soup A B", Version: "devel", Facts: []htmlpage.Fact{{Name: "processor", Value: "AVX2"}}}
	if err := Write(&b, d, a); err != nil {
		t.Fatal(err)
	}
	if *keep != "" {
		if err := os.WriteFile(*keep+"/"+name+".html", b.Bytes(), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}

// Every page is well formed, asks for nothing from elsewhere, and holds nothing of
// its input as markup.
func TestWrite(t *testing.T) {
	for name, d := range pages() {
		page := write(t, name, d)
		for _, bad := range []string{"<script", "http:", "https:", "url(", "@import", "%!", "ZgotmplZ", "<nil>", "\x1b", `="NaN`, "Inf"} {
			if strings.Contains(page, bad) {
				t.Errorf("%s: found %q", name, bad)
			}
		}
		if !strings.Contains(html.UnescapeString(page), "olmotool soup A B") {
			t.Errorf("%s: no command", name)
		}
		dec := xml.NewDecoder(strings.NewReader(regexp.MustCompile(`(?s)<style>.*?</style>`).ReplaceAllString(page, "")))
		dec.Entity = xml.HTMLEntity
		for {
			if _, err := dec.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatal(name, err)
			}
		}
	}
}

func TestContents(t *testing.T) {
	all := pages()
	for _, c := range []struct {
		page, want string
		times      int
	}{
		{"good", `<p class="mark">nothing odd</p>`, 1},
		{"good", "Soup report: 3 models, linear</h1>", 1},
		{"good", `<table class="heat">`, 3},
		{"good", `<svg class="chart"`, 5}, // attention, MLP, lengths, elements, rounding
		{"good", `<h3>Dispersion in self_attn</h3>`, 1},
		{"good", ">q_proj</text>", 1},
		{"good", "layer 15, q_proj: 40 %", 1},
		{"good", ">soup</text>", 0},
		{"good", `title="ingredient-1 and ingredient-3: 0.2"`, 1},
		{"good", "<td class=\"n\">1/3</td>", 3},
		{"hostile", `<p class="mark">1 finding</p>`, 1},
		{"hostile", `class="here"`, 1},
		{"hostile", ">soup</text>", 1}, // no plain mean
		{"hostile", `<th scope="row"><span class="path">&lt;script&gt;alert(1)&lt;/script&gt;\x1b[2J</span>`, 3},
		{"hostile", "cosine with base", 1},
		{"hostile", "Left out, because not all models have them: 1 tensor.", 1},
		{"one", `<table class="heat">`, 0},
		{"one", `<svg class="chart"`, 1},
		{"one", "dispersion</span>", 0},
		{"many", `title="ingredient-1 and ingredient-30: 2.9">`, 1},
		{"gap", `<svg class="chart"`, 0},
		{"flat", `<svg class="chart"`, 0},
		{"nan", "NaN, ∞", 1},
	} {
		if n := strings.Count(write(t, c.page, all[c.page]), c.want); n != c.times {
			t.Errorf("%s: %q is there %d times, want %d", c.page, c.want, n, c.times)
		}
	}
}

// Of many modules those with the largest dispersion are drawn.
func TestManyModules(t *testing.T) {
	d := diagnosed(2, 2)
	d.Modules, d.Tensors = nil, nil
	for k := range 9 {
		m := fmt.Sprintf("mlp.expert%d", k)
		d.Modules = append(d.Modules, soup.ModuleFigures{Module: m, Figures: figures(2, 0.1)})
		for l := range 2 {
			d.Tensors = append(d.Tensors, soup.TensorFigures{Module: m, Layer: l, Shape: []int64{2, 2}, Figures: figures(2, 0.1+float64(k)/100)})
		}
	}
	page := write(t, "modules", d)
	if !strings.Contains(page, "the 6 of 9 modules with the largest") || strings.Contains(page, ">expert2</text>") || !strings.Contains(page, ">expert3</text>") {
		t.Error("other modules are drawn")
	}
}
