package soup

import (
	"fmt"

	"olmotool/formats"
	"olmotool/internal/human"
)

// What is odd, and how far is too far.
const (
	// stranger is the cosine below which models have nothing in common: checkpoints
	// of a run, and what was trained on from one checkpoint, are above 0.9, models
	// from other seeds near 0.
	stranger = 0.25
	// far is how many times as far from the others as these are from each other an
	// outlier is. Models that differ by noise of one size are at 1; the ends of a run
	// of evenly spaced checkpoints below 2. Of three models the others are one pair,
	// which may be close for no bad reason: the last two checkpoints of a run are.
	far, farOfThree = 3, 5
	// farTensor is the same for single tensors, of which a model has hundreds; those
	// of fewer than leastElements, or nearer than leastDistance, relative to the mean,
	// are not judged: chance and the rounding of bfloat16 are as large.
	farTensor     = 10
	leastElements = 1024
	leastDistance = 0.01
)

// find looks for what is odd.
func (d *diagnosing) find() {
	twin := d.twins()
	whole := d.out.Matrices
	unrelated := strangers(whole)
	for i, c := range unrelated {
		if c < stranger {
			d.finding("unrelated", i, "found a cosine of %.3f at most between its weights and those of the others%s, expected checkpoints that come from one", c, d.sampled())
		}
	}
	odd := outliers(whole, twin)
	limit, distinct := far, 0
	for _, k := range twin {
		if k < 0 {
			distinct++
		}
	}
	if distinct == 3 {
		limit = farOfThree
	}
	for i, times := range odd {
		if odd[i] = 0; times > float64(limit) && !(unrelated[i] < stranger) {
			odd[i] = times
			d.finding("outlier", i, "found its weights %s times as far from the others as these are from each other%s, expected less than %d times%s", human.Number(times), d.sampled(), limit, d.worst(i, twin))
		}
	}
	d.findTensors(twin, unrelated, odd)
}

// twins finds models that are the same, and returns the first model that each is
// the same as, -1 if there is none.
func (d *diagnosing) twins() []int {
	n := len(d.m.models)
	twin := make([]int, n)
	for i := range n {
		twin[i] = -1
		if d.out.Matrices.Elements == 0 || len(d.out.Partial) > 0 {
			continue
		}
		for j := range i {
			if !d.differ[i*n+j].Load() {
				twin[i] = j
				d.finding("identical", i, "found the weights of %s once more%s, expected another model: they count twice", d.out.Models[j], d.sampled())
				break
			}
		}
	}
	return twin
}

// worst words where an outlier is furthest from the others.
func (d *diagnosing) worst(i int, twin []int) string {
	at, most := "", 0.0
	for _, t := range d.out.Tensors {
		if v := outliers(t.Figures, twin)[i]; v > most && t.Figures.Elements >= leastElements {
			at, most = t.Name, v
		}
	}
	if at == "" {
		return ""
	}
	return fmt.Sprintf("; it is most of all in %.120q: %s times", at, human.Number(most))
}

// findTensors looks at single matrices of models of which nothing was found as a
// whole, and tells for each model how many are odd, and which most of all.
func (d *diagnosing) findTensors(twin []int, unrelated, odd []float64) {
	n := len(d.m.models)
	type count struct {
		n    int
		at   string
		most float64
	}
	strange, outlying := make([]count, n), make([]count, n)
	see := func(c *count, t *TensorFigures, v float64) {
		if c.n++; c.n == 1 || v > c.most {
			c.at, c.most = t.Name, v
		}
	}
	for k := range d.out.Tensors {
		t := &d.out.Tensors[k]
		f := t.Figures
		if f.Elements < leastElements || len(t.Shape) < 2 {
			continue
		}
		s, o := strangers(f), outliers(f, twin)
		for i := range n {
			switch away := f.FromOthers[i]; {
			case unrelated[i] < stranger:
			case s[i] < stranger:
				see(&strange[i], t, -s[i])
			case odd[i] == 0 && o[i] > farTensor && away > leastDistance*f.MeanNorm:
				see(&outlying[i], t, o[i])
			}
		}
	}
	for i := range n {
		if c := strange[i]; c.n > 0 {
			d.finding("unrelated-tensors", i, "found tensors that have nothing in common with those of the others%s: %d; least of all %.120q, with a cosine of %.3f; expected checkpoints that come from one", d.sampled(), c.n, c.at, -c.most)
		}
		if c := outlying[i]; c.n > 0 {
			d.finding("outlying-tensors", i, "found tensors far from those of the others%s: %d; most of all %.120q, %s times as far as these are from each other, expected less than %d times", d.sampled(), c.n, c.at, human.Number(c.most), farTensor)
		}
	}
}

// sampled says what a finding rests on.
func (d *diagnosing) sampled() string {
	if d.o.Sample == 0 {
		return ""
	}
	return fmt.Sprintf(" in a sample of %d elements", d.out.Sampled)
}

func (d *diagnosing) finding(code string, model int, format string, args ...any) {
	d.out.Findings = append(d.out.Findings, formats.Finding{Severity: formats.Warning, Code: code, Where: d.out.Models[model], Message: fmt.Sprintf(format, args...)})
}
