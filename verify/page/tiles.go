package page

import (
	"fmt"
	"math"
	"slices"

	"olmotool/internal/htmlpage"
	"olmotool/internal/human"
	"olmotool/verify"
	"olmotool/verify/weights"
	"olmotool/verify/words"
)

// Tiles are the numbers to be seen first.
func (v view) Tiles() []htmlpage.Tile {
	var ts []htmlpage.Tile
	add := func(ok bool, name, value, note string) {
		ts = append(ts, htmlpage.Tile{Name: name, Value: value, Note: note, OK: ok})
	}
	if w := v.Weights; w != nil {
		good := w.Identical + w.Cast + w.Quantised + w.Bounded
		add(w.Equal, "weights", fmt.Sprintf("%s of %s", human.Count(int64(good)), human.Count(int64(w.Tensors+len(w.Missing)))), weightsNote(w))
	}
	if f := v.Forward; f != nil {
		if l := v.worst(); l != nil {
			add(beyond(f.Layers) == 0, "largest error of a layer", human.Number(v.errorOf(*l)), fmt.Sprintf("layer %d; limit: %s", l.Layer, words.Limit(l.Limit)))
		}
		if m := f.Metrics; m != nil {
			add(passes(f.Checks, "rel_rms", "centred_rel_rms"), "error of the logits", human.Number(m.RelRMS), "relative, end to end")
			add(passes(f.Checks, "kl_max", "kl_mean", "kl_p99"), "largest KL", human.Number(m.KLMax), "nats, of one position")
			add(passes(f.Checks, "unexcused_flips"), "same most likely token", human.Percent(m.Top1), human.Plural(m.Flips, "position")+" with another")
		}
	}
	if t := v.Text; t != nil && t.Comparison != nil {
		add(true, "perplexity", human.Number(t.PerplexityCand.Value), "of the reference: "+human.Number(t.PerplexityRef.Value))
	}
	if s := v.SelfTest; s != nil {
		n, all := 0, 0
		for _, f := range s.Faults {
			n += count(f.Caught)
			all += count(!f.NoEffect)
		}
		add(s.Passed, "self-test", fmt.Sprintf("%d of %d", n, all), "injected faults were caught")
	}
	return ts
}

func weightsNote(w *weights.Report) string {
	switch {
	case len(w.Config) > 0:
		return "tensors are the reference's; the config is not"
	case len(w.Tokenizer) > 0:
		return "tensors are the reference's; the tokenizer is not"
	}
	return "tensors are the reference's"
}

// alone reports whether layers were compared one by one.
func alone(f *verify.Forward) bool {
	return slices.ContainsFunc(f.Layers, func(l verify.Layer) bool { return !math.IsNaN(l.Limit) })
}

// errorOf is the error that a layer is judged by, or else told of.
func (v view) errorOf(l verify.Layer) float64 {
	if alone(v.Forward) {
		return l.Local
	}
	return l.EndToEnd
}

// worst returns the layer with the largest error, nil if there is none.
func (v view) worst() *verify.Layer {
	var w *verify.Layer
	for i := range v.Forward.Layers {
		l := &v.Forward.Layers[i]
		if w == nil || v.errorOf(*l) > v.errorOf(*w) || !finite(v.errorOf(*l)) && finite(v.errorOf(*w)) {
			w = l
		}
	}
	return w
}

// beyond counts the layers beyond their limit.
func beyond(ls []verify.Layer) (n int) {
	for _, l := range ls {
		n += count(!l.OK)
	}
	return n
}

// passes reports whether no check of these metrics failed.
func passes(cs []verify.Check, metrics ...string) bool {
	return !slices.ContainsFunc(cs, func(c verify.Check) bool { return !c.OK && slices.Contains(metrics, c.Metric) })
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}
