package words

import (
	"math"
	"slices"
	"strings"
	"testing"

	"olmotool/formats"
	"olmotool/soup"
)

// three is the diagnosis of three models, the third one odd.
func three() *soup.Diagnostics {
	f := soup.Figures{
		Elements: 1000, Norms: []float64{2, 2, 2}, MeanNorm: 1.9, Shrinkage: 0.95, Spread: 0.19, Dispersion: 0.1, FromOthers: []float64{0.19, 0.38, 0.57},
		Cosines:   soup.Matrix{{1, 0.9, 0.7}, {0.9, 1, 0.8}, {0.7, 0.8, math.NaN()}},
		Distances: soup.Matrix{{0, 0.19, 0.38}, {0.19, 0, 1.9}, {0.38, 1.9, 0}}, DeltaNorms: []float64{0.1, 0.2, 0.3},
		DeltaCosines: soup.Matrix{{1, -0.5, -0.5}, {-0.5, 1, -0.5}, {-0.5, -0.5, 1}},
		Rounding:     &soup.Rounding{DTypes: []string{"BF16", "F32"}, Changed: 0.5, OfSpread: 0.02, OfResult: 0.001, Equal: []float64{0.25, 0, 1}},
	}
	d := &soup.Diagnostics{
		Method: "linear", Models: []string{"a", "b", "c"}, Coefficients: []string{"1/3", "1/3", "1/3"}, Matrices: f,
		Findings: []formats.Finding{{Where: "c", Message: "odd"}},
		Layers:   []soup.LayerFigures{{Layer: 4, Figures: f}}, Modules: []soup.ModuleFigures{{Module: "mlp.up_proj", Figures: f}},
	}
	for i := range 20 {
		f.Dispersion = float64(i%7) / 10
		d.Tensors = append(d.Tensors, soup.TensorFigures{Name: string(rune('a' + i)), Figures: f})
	}
	return d
}

func TestSentences(t *testing.T) {
	d := three()
	based := three()
	based.Base, based.Method, based.Models = "x", "ties", []string{"a"}
	exact := three()
	exact.Matrices.Rounding.Changed = 0
	bare := three()
	bare.Matrices.Rounding = nil
	nan := math.NaN()
	for _, c := range []struct{ got, want string }{
		{Title(d), "3 models, linear"},
		{Title(based), "1 model, ties from a base"},
		{Summary(d), "the models are 10 % of its length away from their mean, which is 0.95 as long as they are; rounding to BF16, F32 changes 50 % of the elements of the soup, by 0.1 % of its length and 2 % of the dispersion"},
		{Summary(based), "rounding to BF16, F32 changes 50 % of the elements of the soup, by 0.1 % of its length"},
		{Summary(exact), "the models are 10 % of its length away from their mean, which is 0.95 as long as they are; rounding to BF16, F32 changes 0 % of the elements of the soup"},
		{Summary(bare), "the models are 10 % of its length away from their mean, which is 0.95 as long as they are"},
		{Percent(nan), "–"},
		{Percent(1.4142), "141 %"},
		{Percent(math.Inf(1)), "∞ %"},
		{Number(nan), "–"},
		{Cosine(nan), "–"},
		{Cosine(-0.12345), "-0.1235"},
		{Cosine(Least(d.Matrices)), "0.7000"},
		{Cosine(Least(soup.Figures{})), "–"},
	} {
		if c.got != c.want {
			t.Errorf("found %q, want %q", c.got, c.want)
		}
	}
}

func lines(x Table) string {
	var b strings.Builder
	for _, c := range x.Columns {
		b.WriteString(c.Name + " | ")
	}
	for _, r := range x.Rows {
		b.WriteString("\n" + strings.Join(r.Cells, " | "))
		if r.Odd {
			b.WriteString(" odd")
		}
	}
	return b.String()
}

func TestTables(t *testing.T) {
	d := three()
	based := three()
	based.Base, based.Coefficients, based.Matrices.Rounding, based.Matrices.BaseCosines = "x", nil, nil, []float64{1, 0.5, 0}
	for _, c := range []struct{ got, want string }{
		{lines(Models(d)), `no. | model | coefficient | length | from the others | difference | same in the soup | 
1 | a | 1/3 | 2 | 10 % | 0.1 | 25 %
2 | b | 1/3 | 2 | 20 % | 0.2 | 0 %
3 | c | 1/3 | 2 | 30 % | 0.3 | 100 % odd`},
		{lines(Models(based)), `no. | model | length | from the others | difference | cosine with base | 
1 | a | 2 | 10 % | 0.1 | 1.0000
2 | b | 2 | 20 % | 0.2 | 0.5000
3 | c | 2 | 30 % | 0.3 | 0.0000 odd
base | x |  |  |  | `},
		{lines(Layers(d)), `layer | elements | dispersion | shrinkage | least cosine | rounded | error, of dispersion | same as in 1 | 
4 | 1,000 | 10 % | 0.95 | 0.7000 | 50 % | 2 % | 25 %`},
		{lines(Modules(d)), `module | elements | dispersion | shrinkage | least cosine | rounded | error, of dispersion | same as in 1 | 
mlp.up_proj | 1,000 | 10 % | 0.95 | 0.7000 | 50 % | 2 % | 25 %`},
	} {
		if c.got != c.want {
			t.Errorf("found\n%s\nwant\n%s", c.got, c.want)
		}
	}
	var worst []string
	for _, r := range Worst(d).Rows {
		worst = append(worst, r.Cells[0])
	}
	if got := strings.Join(worst, ""); got != "gnfmtelsdkrcjqb" {
		t.Errorf("the worst tensors: %s", got)
	}
	for range maxRows {
		d.Modules = append(d.Modules, d.Modules[0])
	}
	if m := Modules(d); len(m.Rows) != maxRows || m.More != 1 {
		t.Errorf("%d rows and %d more", len(m.Rows), m.More)
	}
	if m := Modules(&soup.Diagnostics{}); len(m.Rows) != 0 || len(m.Columns) != 5 {
		t.Errorf("%+v", m)
	}
}

func TestMatrices(t *testing.T) {
	d := three()
	ms := Matrices(d)
	if len(ms) != 3 || !slices.Equal(ms[0].Values[0], []float64{0, 0.1, 0.2}) || !strings.Contains(ms[1].Note, "at -0.5.") {
		t.Errorf("%+v", ms)
	}
	d.Base = "x"
	if s := Matrices(d)[1].Note; !strings.Contains(s, "from the base") {
		t.Error(s)
	}
	d.Models = d.Models[:1]
	if Matrices(d) != nil {
		t.Error("matrices of one model")
	}
}
