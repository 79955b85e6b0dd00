package htmlpage

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"olmotool/formats"
)

type data struct {
	Title    string
	About    About
	Tiles    []Tile
	Findings []formats.Finding
	Heat     Heat
	Numbers  []float64
}

const every = `<!DOCTYPE html>
<html><head>{{template "head" .}}</head><body>{{template "tiles" .Tiles}}{{template "findings" .Findings}}{{template "heat" .Heat}}
{{template "numbers" .Numbers}}{{template "ok" true}}{{template "ok" false}}{{template "provenance" .About}}{{template "foot" .About}}{{num 0.5}}{{plural 2 "x"}}{{own}}</body></html>
`

// A page of all parts is well formed, asks for nothing from elsewhere, and holds
// nothing of its data as markup, nor what takes a terminal over.
func TestPage(t *testing.T) {
	const bad = "<script>x</script>\x1b[2J"
	d := data{
		Title: bad, About: About{Command: bad, Version: bad, Facts: []Fact{{bad, bad}}},
		Tiles: []Tile{{Name: bad, Value: bad, Note: bad}}, Findings: []formats.Finding{{Where: bad, Message: bad}},
		Heat:    NewHeat([]string{bad, "b"}, [][]float64{{1, -0.5}, {math.NaN(), math.Inf(1)}}, 0, func(x float64) string { return strconv.FormatFloat(x, 'g', 3, 64) }, func(i, j int) string { return bad }),
		Numbers: []float64{1, 2},
	}
	var b strings.Builder
	if err := Parse(every, map[string]any{"own": func() string { return bad }}).Write(&b, d); err != nil {
		t.Fatal(err)
	}
	page := b.String()
	for _, bad := range []string{"<script", "\x1b", "http:", "https:", "url(", "@import", "ZgotmplZ", "%!"} {
		if strings.Contains(page, bad) {
			t.Errorf("found %q", bad)
		}
	}
	for _, want := range []string{
		`<title>&lt;script&gt;`, `\x1b[2J`, `<b>&lt;script`, "✓", "✗", "--ground:", "0: 1, 1: 2", "0.52 xs", `<li class="no">`,
		`<td class="" style="--s:1.000"`, `<td class="below" style="--s:0.500"`, `style="--s:0"`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q", want)
		}
	}
	dec := xml.NewDecoder(strings.NewReader(regexp.MustCompile(`(?s)<style>.*?</style>`).ReplaceAllString(page, "")))
	dec.Entity = xml.HTMLEntity
	for {
		if _, err := dec.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

// A page that fails is not written in part.
func TestWriteFails(t *testing.T) {
	var b strings.Builder
	if err := Parse(every, map[string]any{"own": func() (string, error) { return "", errors.New("no") }}).Write(&b, data{}); err == nil || b.Len() > 0 {
		t.Errorf("%v, %d bytes", err, b.Len())
	}
}

func TestHeat(t *testing.T) {
	m := make([][]float64, maxNumbers+1)
	for i := range m {
		m[i] = make([]float64, len(m))
	}
	text := func(x float64) string { return "v" }
	title := func(i, j int) string { return "t" }
	if c := NewHeat(make([]string, len(m)), m, 1, text, title).Rows[3][4]; c.Text != "" || c.Title != "t: v" || c.Strength != "0" {
		t.Errorf("%+v", c)
	}
	m[0][0] = 8
	if c := NewHeat([]string{"a"}, m[:1], 4, text, title).Rows[0][0]; c.Strength != "1.000" {
		t.Errorf("%+v", c)
	}
}
