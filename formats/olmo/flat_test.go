package olmo

import (
	"slices"
	"testing"
)

// TestUnflat: what a list of tensors cannot hold is told, not dropped in silence.
func TestUnflat(t *testing.T) {
	for name, want := range map[string][]string{
		"flat.pt":   nil,
		"mixed.pt":  {"not-tensors"},
		"nested.pt": {"not-tensors", "not-flat"},
		"list.pt":   {"not-flat"},
	} {
		var got []string
		for _, f := range open(t, "testdata/bare/"+name, "").Source.Findings {
			got = append(got, f.Code)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
	}
}
