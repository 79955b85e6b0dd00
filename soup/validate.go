package soup

import (
	"slices"
	"strings"

	"olmotool/formats"
	"olmotool/formats/olmo"
	"olmotool/formats/torch"
	"olmotool/verify/weights"
)

// checkSources refuses what could be read in part only. Whether bytes are those
// of their checksums is for whoever opened the models to find out, or to let pass.
func (m *merging) checkSources() error {
	for _, x := range m.all {
		for _, f := range x.Source.Findings {
			if f.Severity == formats.Serious && f.Code != torch.BadCRC {
				return formats.Errorf(x.Source.Path, f.Where, "%s", f.Message)
			}
		}
	}
	return nil
}

// others calls f for every model but the donor.
func (m *merging) others(f func(x *olmo.Model) error) error {
	for _, x := range m.all {
		if x == m.donor {
			continue
		}
		if err := f(x); err != nil {
			return err
		}
	}
	return nil
}

// checkConfigs compares the functions that configs describe.
func (m *merging) checkConfigs() error {
	return m.others(func(x *olmo.Model) error {
		a, b := m.donor.Config, x.Config
		if (a == nil) != (b == nil) {
			have := map[bool]string{true: "tensors with no model known", false: "a model"}
			return formats.Errorf(x.Source.Path, "", "found %s, expected %s as in %s", have[b == nil], have[a == nil], m.donor.Source.Path)
		}
		if a == nil {
			return nil
		}
		d := b.Diff(a)
		switch {
		case len(d) == 0:
			return nil
		case !m.Allow.Config:
			return formats.Errorf(x.Source.Path, "config", "found another model than in %s, expected the same: %s", m.donor.Source.Path, list(d))
		}
		m.find(formats.Warning, "config", x.Source.Path, "another model than in %s, whose config the result has: %s", m.donor.Source.Path, list(d))
		return nil
	})
}

// checkTied compares whether heads are tied, and makes a model with a head of its
// own the donor if only some have one.
func (m *merging) checkTied() error {
	if m.donor.Config == nil {
		return nil
	}
	tied := func(x *olmo.Model) bool { return x.Config.TieWordEmbeddings }
	first := m.donor
	return m.others(func(x *olmo.Model) error {
		if tied(x) == tied(first) {
			return nil
		}
		if !m.Allow.Tied {
			is := map[bool]string{true: "the embedding", false: "a tensor of its own"}
			return formats.Errorf(x.Source.Path, "config", "found that the head is %s, expected %s as in %s: say --allow-tied to take the embedding for it",
				is[tied(x)], is[tied(first)], first.Source.Path)
		}
		if tied(m.donor) {
			m.donor = x
		}
		m.find(formats.Warning, "tied", x.Source.Path, "its head is tied or %s's is: the embedding is taken for it, and the result has a head of its own", first.Source.Path)
		return nil
	})
}

// checkTokenizers compares how text becomes ids, and finds out whose tokenizer the
// result gets: the donor's, or that of the first that has one. Files are better
// than the key-values of a GGUF, which no other layout can be given.
func (m *merging) checkTokenizers() error {
	first := append([]*olmo.Model{m.donor}, m.all...)
	inFiles := func(x *olmo.Model) bool { return weights.HasTokenizer(x) && x.Source.KVs == nil }
	for _, has := range []func(*olmo.Model) bool{inFiles, weights.HasTokenizer} {
		if i := slices.IndexFunc(first, has); i >= 0 && m.tokenizer == nil {
			m.tokenizer = first[i]
		}
	}
	ref := m.tokenizer
	if ref == nil {
		ref = m.donor
	}
	for _, x := range m.all {
		if x == ref {
			continue
		}
		r, err := weights.Besides(ref, x)
		switch {
		case err != nil:
			return err
		case len(r.Tokenizer) == 0:
			continue
		case !m.Allow.Tokenizer:
			return formats.Errorf(x.Source.Path, "tokenizer", "found another than in %s, expected the same: %s", ref.Source.Path, list(r.Tokenizer))
		}
		m.find(formats.Warning, "tokenizer", x.Source.Path, "another than in %s, whose files the result gets: %s", ref.Source.Path, list(r.Tokenizer))
	}
	return nil
}

// list prints the first of some lines.
func list(lines []string) string {
	const most = 4
	if len(lines) > most {
		lines = append(slices.Clone(lines[:most]), "…")
	}
	return strings.Join(lines, "; ")
}
