package ggufmeta

import (
	"testing"

	"olmotool/internal/ordjson"
)

func TestSplitID(t *testing.T) {
	golden := object(readGolden(t, "ids.json"))
	totals := member(golden, "totals").([]any)
	ids := member(golden, "ids").([]any)
	if len(ids) < 60 {
		t.Fatalf("%d ids", len(ids))
	}
	for _, c := range ids {
		id := member(object(c), "id").(string)
		for i, parts := range member(object(c), "parts").([]any) {
			total, err := ordjson.Int(totals[i])
			if err != nil {
				t.Fatal(err)
			}
			got := splitID(id, total)
			want := parts.([]any)
			for j, s := range []*string{got.name, got.organization, got.basename, got.finetune, got.version, got.size} {
				var text any
				if s != nil {
					text = *s
				}
				if text != want[j] {
					t.Errorf("%.60q with %d parameters: %s: got %#v, want %#v", id, total, []string{"name", "organization", "basename", "finetune", "version", "size"}[j], text, want[j])
				}
			}
		}
		if got, want := title(id), member(object(c), "title"); got != want {
			t.Errorf("title of %.60q: got %q, want %q", id, got, want)
		}
	}
}

func TestSizeLabel(t *testing.T) {
	for _, c := range member(object(readGolden(t, "ids.json")), "sizes").([]any) {
		n, err := ordjson.Int(member(object(c), "n"))
		if err != nil {
			t.Fatal(err)
		}
		if got, want := sizeLabel(n), member(object(c), "label"); got != want {
			t.Errorf("%d: got %q, want %q", n, got, want)
		}
	}
}

func FuzzSplitID(f *testing.F) {
	for _, id := range []string{"", "/", "-", "allenai/OLMo-2-1124-7B-Instruct", "a-7b1", "x-٧B", "x-7K", "a b", "x-\xff7B", "a-1_5k-small-large"} {
		f.Add(id, int64(7_298_617_344))
	}
	f.Fuzz(func(t *testing.T, id string, parameters int64) {
		c := splitID(id, max(parameters, 0))
		if c.name == nil {
			t.Fatal("no name")
		}
		for _, s := range []*string{c.basename, c.finetune, c.version, c.size} {
			if s != nil && *s == "" {
				t.Fatalf("%q has an empty component", id)
			}
		}
		title(*c.name)
	})
}
