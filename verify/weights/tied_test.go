package weights

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"olmotool/formats"
	"olmotool/formats/olmo"
)

// TestTied: a head that is a copy of the embedding is the function of a tied one.
func TestTied(t *testing.T) {
	tied := open(t, testdata+"models/olmo1-tied")
	names := olmo.Tied()
	embed := tied.Tensors[0].WithName(names[0])
	untie := func(head formats.Tensor) *olmo.Model {
		c := *tied.Config
		c.TieWordEmbeddings = false
		return &olmo.Model{Config: &c, Tensors: append(slices.Clone(tied.Tensors), head)}
	}
	copied := untie(embed)
	bare := &olmo.Model{Tensors: tied.Tensors}
	other := embed
	other.Data = patched(t, embed, 10, []byte{1, 2})
	wrong := untie(other)
	wide, err := formats.Cast(embed, formats.F32, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name           string
		ref, cand      *olmo.Model
		equal          bool
		tensors        int
		missing, extra string
		failed         string
	}{
		{"both tied", tied, tied, true, 15, "", "", ""},
		{"a copy", tied, copied, true, 16, "", "", ""},
		{"of a copy", copied, tied, true, 16, "", "", ""},
		{"both copies", copied, copied, true, 16, "", "", ""},
		{"a wide copy", tied, untie(wide), true, 16, "", "", ""},
		{"another head", tied, wrong, false, 16, "", "", names[0]},
		{"a head lost", wrong, tied, false, 16, "", "", names[0]},
		{"a copy, bare", copied, bare, true, 16, "", "", ""},
		{"bare, a copy", bare, copied, true, 16, "", "", ""},
		{"a head, bare", wrong, bare, false, 16, names[0], "", ""},
		{"bare, a head", bare, wrong, false, 16, "", names[0], ""},
		{"missing", copied, without(untie(embed), names[0]), false, 15, names[0], "", ""},
	} {
		r := compare(t, c.ref, c.cand)
		var failed []string
		for _, f := range r.Failures {
			failed = append(failed, f.Name)
		}
		if r.Equal != c.equal || r.Tensors != c.tensors || strings.Join(r.Missing, " ") != c.missing || strings.Join(r.Extra, " ") != c.extra || strings.Join(failed, " ") != c.failed {
			t.Errorf("%s: equal %v, %d tensors, missing %v, extra %v, failed %v", c.name, r.Equal, r.Tensors, r.Missing, r.Extra, failed)
		}
	}
}

// TestStoredHead: a head beside a config that ties it is what transformers 5
// takes, and is compared.
func TestStoredHead(t *testing.T) {
	m := open(t, testdata+"models/olmo1-tied")
	dir := t.TempDir()
	names := olmo.Tied()
	store := func(head formats.Tensor) *olmo.Model {
		c := *m.Config
		c.TieWordEmbeddings = false
		p, err := (&olmo.Model{Config: &c, Tensors: append(slices.Clone(m.Tensors), head.WithName(names[0])), Source: m.Source}).Plan("hf", olmo.PlanOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range p.Files {
			var b bytes.Buffer
			if _, err := f.WriteTo(&b); err != nil {
				t.Fatal(err)
			}
			text := bytes.Replace(b.Bytes(), []byte(`"tie_word_embeddings": false`), []byte(`"tie_word_embeddings": true`), 1)
			if err := os.WriteFile(filepath.Join(dir, f.Name), text, 0o666); err != nil {
				t.Fatal(err)
			}
		}
		return open(t, dir)
	}
	head := m.Tensors[0]
	if r := compare(t, m, store(head)); !r.Equal || r.Tensors != 16 || len(r.Notes) != 1 || !strings.HasPrefix(r.Notes[0], "CAND stores a head although") {
		t.Errorf("a copy: %+v", r)
	}
	head.Data = patched(t, head, 0, []byte{7, 7})
	if r := compare(t, m, store(head)); r.Equal || len(r.Failures) != 1 || r.Failures[0].Name != names[0] || r.Failures[0].Layer != -1 {
		t.Errorf("another: %+v", r)
	}
}
