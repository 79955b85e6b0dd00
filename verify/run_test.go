package verify

import (
	"context"
	"encoding/json"
	"testing"

	"olmotool/formats/olmo"
)

func open(t testing.TB, path string) *olmo.Source {
	t.Helper()
	s, err := olmo.Open(path, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestTry(t *testing.T) {
	for _, p := range [][2]string{
		{"../testdata/models/olmo2-mha", "../testdata/layouts/olmo2-mha/olmo"},
		{"../testdata/models/olmo2-mha", "../testdata/layouts/olmo2-mha/olmo2-mha-q8_0.gguf"},
		{"../testdata/models/olmo2-mha", "../testdata/layouts/olmo2-mha/olmo2-mha-bf16.gguf"},
		{"../testdata/models/olmo3", "../testdata/models/olmo3"},
		{"../testdata/models/olmo1", "../testdata/models/olmo1"},
	} {
		r, err := Run(context.Background(), open(t, p[0]), open(t, p[1]), Options{})
		if err != nil {
			t.Error(err)
			continue
		}
		b, _ := json.MarshalIndent(r, "", " ")
		_ = b
		t.Log(r.Verdict, r.Rule, r.Reasons, r.NotChecked)
		f, _ := json.Marshal(r.Forward)
		t.Log(string(f))
	}
}

func TestTrySelf(t *testing.T) {
	for _, p := range []string{"olmo2-mha", "olmo2-gqa", "olmo3", "olmo1", "olmo1-tied"} {
		r, err := SelfTest(context.Background(), open(t, "../testdata/models/"+p), Options{})
		if err != nil {
			t.Error(err)
			continue
		}
		t.Log(p, r.Verdict, r.Rule, r.Reasons)
		for _, f := range r.SelfTest.Faults {
			t.Logf("%-20s L%d w%v f%v loc%v diag%v none%v site %s margin %.3g nmse %.3g\n    %s", f.Name, f.Layer, f.ByWeights, f.ByForward, f.Located, f.Diagnosed, f.NoEffect, f.Site, f.Margin, f.EndToEndNMSE, f.Diagnosis)
		}
	}
}
