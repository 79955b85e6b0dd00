package verify

import (
	"flag"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"olmotool/formats"
)

var update = flag.Bool("update", false, "write the goldens")

// The rules are a contract: their names are written into pipelines.
func TestRules(t *testing.T) {
	got := toJSON(t, Rules()) + "\n"
	const path = "testdata/rules.json"
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Error(d)
	}
	names := map[string]bool{}
	for _, r := range Rules() {
		if names[r.Name] || r.Doc == "" || r.Source == "" || r.Blind == "" || len(r.Limits) == 0 {
			t.Errorf("found %+v", r)
		}
		names[r.Name] = true
	}
}

func TestBars(t *testing.T) {
	for _, c := range []struct {
		types []formats.DType
		want  string
	}{
		{nil, ""},
		{[]formats.DType{formats.F32, formats.I64}, ""},
		{[]formats.DType{formats.BF16}, "bf16"},
		{[]formats.DType{formats.Q8_0, formats.F16, formats.BF16}, "q8_0"},
		{[]formats.DType{formats.Q4_K, formats.Q6_K}, "q4_k"},
		{[]formats.DType{formats.IQ1_S}, "q2_k"},
	} {
		got := ""
		if b := barOf(c.types); b != nil {
			got = b.name
		}
		if got != c.want {
			t.Errorf("%v: found %q, want %q", c.types, got, c.want)
		}
	}
	for i := range bars[1:] { // from fine to coarse, or barOf makes no sense
		if a, b := bars[i], bars[i+1]; a.kl >= b.kl || barNamed(a.name) != &bars[i] {
			t.Errorf("%s comes before %s", a.name, b.name)
		}
	}
}
