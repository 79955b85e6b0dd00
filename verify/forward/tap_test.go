package forward

import (
	"fmt"
	"slices"
	"testing"

	"olmotool/accel"
)

// shown is what a tap saw: the sites in order, and copies of their numbers.
type shown struct {
	sites []Site
	m     []accel.Matrix[float32]
}

func (s *shown) tap(site Site, x accel.Matrix[float32]) error {
	s.sites = append(s.sites, site)
	s.m = append(s.m, accel.Matrix[float32]{Rows: x.Rows, Cols: x.Cols, Data: slices.Clone(x.Data)})
	return nil
}

// runLayer returns the output of layer 0 for the embeddings of the input.
func runLayer(t *testing.T, p *Pass[float32], tap Tap[float32]) []float32 {
	t.Helper()
	x, err := p.Embed(background, input())
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Block(background, 0, input(), x, tap); err != nil {
		t.Fatal(err)
	}
	return x.Data
}

// A tap sees each site once, the squares of attention once for each sequence, in
// the order of the computation, with one row for each token.
func TestTapOrder(t *testing.T) {
	attention := []Site{Scores, Probs, Scores, Probs, Scores, Probs, Attn, OProj}
	mlp := []Site{GateProj, UpProj, Act, DownProj}
	olmo1 := slices.Concat([]Site{InputNorm, QProj, KProj, VProj, QRope, KRope}, attention, []Site{AttnAdd, MLPNorm}, mlp, []Site{FFAdd})
	olmo2 := slices.Concat([]Site{QProj, KProj, VProj, QNorm, KNorm, QRope, KRope}, attention, []Site{AttnNorm, AttnAdd}, mlp, []Site{FFNorm, FFAdd})
	cols := map[Site]int{KProj: 32, VProj: 32, KNorm: 32, KRope: 32, GateProj: 96, UpProj: 96, Act: 96} // of olmo2-gqa
	for name, want := range map[string][]Site{"olmo1": olmo1, "olmo2-gqa": olmo2, "olmo3": olmo2} {
		p := newPass(t, open(t, "models/"+name), Options[float32]{})
		p.Scores = true
		var s shown
		output := runLayer(t, p, s.tap)
		if !slices.Equal(s.sites, want) {
			t.Errorf("%s: sites %v, want %v", name, s.sites, want)
		}
		if last := s.m[len(s.m)-1]; !slices.Equal(last.Data, output) {
			t.Errorf("%s: the last site is not the output", name)
		}
		if name != "olmo2-gqa" {
			continue
		}
		squares := 0
		for i, m := range s.m {
			rows, want := 76, cols[s.sites[i]]
			switch {
			case s.sites[i] == Scores || s.sites[i] == Probs:
				rows = len(input().Seqs[squares/2])
				want = 4 * rows
				squares++
			case want == 0:
				want = 64
			}
			if m.Rows != rows || m.Cols != want {
				t.Errorf("%s is [%d %d], want [%d %d]", s.sites[i], m.Rows, m.Cols, rows, want)
			}
		}
	}
}

// Looking changes nothing, and whoever is not asked for squares has none.
func TestTapLooks(t *testing.T) {
	for _, name := range models {
		p := newPass(t, open(t, "models/"+name), Options[float32]{})
		want := runLayer(t, p, nil)
		for _, p.Scores = range []bool{false, true} {
			var s shown
			if got := runLayer(t, p, s.tap); !slices.Equal(got, want) {
				t.Errorf("%s: looking changes the output", name)
			}
			if slices.Contains(s.sites, Scores) != p.Scores || slices.Contains(s.sites, Probs) != p.Scores {
				t.Errorf("%s: Scores is %v, sites %v", name, p.Scores, s.sites)
			}
		}
	}
}

// What a tap writes is what the rest is computed from: a change at any site
// changes sites after it and none before, and the recorded numbers of a model,
// written into another, make its output that of the first.
func TestTapWrites(t *testing.T) {
	for _, name := range models {
		t.Run(name, func(t *testing.T) {
			p := newPass(t, open(t, "models/"+name), Options[float32]{})
			p.Scores = true
			var clean shown
			output := runLayer(t, p, clean.tap)
			for at, site := range clean.sites {
				if clean.m[at].Rows == 1 && (site == Scores || site == Probs) {
					continue // a query that sees itself only
				}
				var s shown
				got := runLayer(t, p, func(site Site, x accel.Matrix[float32]) error {
					err := s.tap(site, x)
					if len(s.sites) == at+1 {
						for i := range x.Data {
							x.Data[i] *= 1.5
						}
					}
					return err
				})
				for i := range at + 1 {
					if !slices.Equal(s.m[i].Data, clean.m[i].Data) {
						t.Errorf("a change at %s changes %s before it", site, s.sites[i])
					}
				}
				if slices.Equal(got, output) {
					t.Errorf("a change at %s does not change the output", site)
				}
			}
			other := newPass(t, open(t, "random:"+config(name)), Options[float32]{})
			other.Scores = true
			i := 0
			got := runLayer(t, other, func(_ Site, x accel.Matrix[float32]) error {
				copy(x.Data, clean.m[i].Data)
				i++
				return nil
			})
			if !slices.Equal(got, output) {
				t.Error("another model that is given every result has another output")
			}
		})
	}
}

func config(name string) string { return fmt.Sprintf("../../testdata/models/%s/config.json", name) }
