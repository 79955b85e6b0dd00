package verify

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"olmotool/accel"
	"olmotool/formats"
	"olmotool/formats/olmo"
	"olmotool/verify/faults"
	"olmotool/verify/weights"
)

// SelfTest shows that verification can fail: the model has to be accepted as its
// own copy, and with each fault of package faults has to be caught, by the
// weights, by the forward pass, or by both, each looking by itself. Of o.Layers
// only so many are taken, faults among them, for a model that takes too long.
func SelfTest(ctx context.Context, s *olmo.Source, o Options) (*Report, error) {
	o.Weights, o.Forward, o.EndToEnd, o.TruthF64, o.Text, o.Rule = true, true, false, false, nil, ""
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	m, err := modelOf(s)
	if err != nil {
		return nil, err
	}
	m, o.Layers = shortened(m, o.layers(m.Config)), 0
	v := &verification{Options: o, ref: m, cand: m, report: newReport()}
	if _, err := v.run(ctx); err != nil {
		return nil, err
	}
	if v.report.Forward == nil {
		return nil, formats.Errorf(s.Path, "", "found a model that cannot be run, expected one to inject faults into: %s", v.report.NotRun)
	}
	v.report.SelfTest = &SelfTestReport{Passed: v.report.Accepted, Faults: []FaultTest{}}
	if o.Arithmetic == "f64" {
		err = injectAll[float64](ctx, v)
	} else {
		err = injectAll[float32](ctx, v)
	}
	if err != nil {
		return nil, err
	}
	v.concludeSelfTest()
	return v.report, nil
}

// shortened returns a model of the first layers.
func shortened(m *olmo.Model, layers int) *olmo.Model {
	if int64(layers) == m.Config.NumHiddenLayers {
		return m
	}
	c := *m.Config
	c.NumHiddenLayers = int64(layers)
	c.LayerTypes = c.LayerTypes[:min(layers, len(c.LayerTypes))]
	keep := map[string]bool{}
	for _, s := range c.Tensors() {
		keep[s.Name] = true
	}
	ts := slices.DeleteFunc(slices.Clone(m.Tensors), func(t formats.Tensor) bool { return !keep[t.Name] })
	return &olmo.Model{Config: &c, Tensors: ts, Source: m.Source}
}

// injectAll tests each fault.
func injectAll[T accel.Float](ctx context.Context, v *verification) error {
	all := faults.List(v.ref.Config)
	advance := v.stage("injecting faults", int64(len(all))*layerBytes(v.ref)*v.ref.Config.NumHiddenLayers)
	clean, err := newRecorded[T](ctx, v)
	if err != nil {
		return err
	}
	defer clean.Close()
	r := v.report.SelfTest
	for _, f := range all {
		t, err := inject(ctx, v, clean, f)
		if err != nil {
			return err
		}
		r.Faults = append(r.Faults, t)
		r.Passed = r.Passed && (t.Caught || t.NoEffect)
		advance(layerBytes(v.ref) * v.ref.Config.NumHiddenLayers)
		dropLarge(v.ref.Config)
	}
	return nil
}

// inject tests one fault.
func inject[T accel.Float](ctx context.Context, v *verification, clean *recorded[T], f faults.Fault) (FaultTest, error) {
	t := FaultTest{Name: f.Name, Layer: f.Layer, Doc: f.Doc}
	m, err := f.Apply(v.ref)
	if err != nil {
		return t, err
	}
	if t.NoEffect, err = same(ctx, v, f, m); err != nil || t.NoEffect {
		t.Diagnosis = "no effect on these weights"
		return t, err
	}
	w, err := weights.Compare(ctx, around(v.ref, f), around(m, f), weights.Options{Threads: v.Threads})
	if err != nil {
		return t, err
	}
	says := weightsReasons(w)
	t.ByWeights = !w.Equal
	called := strings.Join(says, "\n")
	for _, failure := range w.Failures {
		called += "\n" + failure.Diagnosis
	}
	t.Diagnosed = strings.Contains(called, f.Diagnosis)

	walk, err := clean.faulty(v, f, m)
	if err != nil {
		return t, err
	}
	defer walk.cand.Close()
	if err := walk.run(ctx); err != nil {
		return t, err
	}
	walk.judge()
	r := walk.report
	t.ByForward = slices.ContainsFunc(r.Checks, func(c Check) bool { return !c.OK })
	t.Caught = t.ByWeights || t.ByForward
	if d := r.FirstDivergence; d != nil {
		t.Site = d.Site
		t.Located = d.Layer == f.Layer && d.Site == f.Site
		says = append(says, d.describe(r.LayersRun))
	}
	if len(says) > 0 {
		t.Diagnosis = says[0]
	}
	t.Margin, t.EndToEndNMSE = r.margin(), r.Metrics.NMSEVar
	return t, nil
}

// margin is the largest of all errors in units of its limit.
func (f *Forward) margin() float64 {
	most := 0.0
	for _, c := range f.Checks {
		if c.Limit > 0 {
			most = max(most, margin(c.Value, c.Limit))
		}
	}
	for _, s := range f.Sites {
		if !math.IsNaN(s.RelRMS) {
			most = max(most, margin(s.RelRMS, s.Limit))
		}
	}
	return most
}

// nmseBar is what llama.cpp's check of converted models accepts.
const nmseBar = 1e-2

func (v *verification) concludeSelfTest() {
	r := v.report
	caught, tested, forwardOnly := 0, 0, 0
	for _, f := range r.SelfTest.Faults {
		if f.NoEffect {
			continue
		}
		tested++
		if f.Caught {
			caught++
		} else {
			r.Reasons = append(r.Reasons, fmt.Sprintf("fault %s in layer %d was not caught", f.Name, f.Layer))
		}
		if f.ByForward {
			forwardOnly++
		}
		if f.EndToEndNMSE < nmseBar {
			r.SelfTest.BelowNMSE++
		}
	}
	r.Accepted = r.SelfTest.Passed
	r.Verdict = fmt.Sprintf("%d of %d injected faults caught, %d of them by the forward pass alone; the model itself is accepted", caught, tested, forwardOnly)
	if n := r.SelfTest.BelowNMSE; n > 0 {
		r.Verdict += fmt.Sprintf("; %d would have passed a bar of %v for the NMSE of the logits", n, nmseBar)
	}
	if !r.Accepted {
		r.Verdict = "the self-test failed: " + r.Reasons[0]
	}
}
