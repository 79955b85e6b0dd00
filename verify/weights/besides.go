package weights

import "olmotool/formats/olmo"

// Besides compares what two models have beside their weights, whatever these
// are: what their configs say of the function, and how they turn text into ids.
// Of the report it fills Config, Tokenizer and Notes.
func Besides(ref, cand *olmo.Model) (*Report, error) {
	c := &comparison{ref: ref, cand: cand, names: refCandNames, report: newReport()}
	c.compareConfigs()
	if err := c.compareTokenizers(); err != nil {
		return nil, err
	}
	c.compareGenerators()
	return c.report, nil
}

// HasTokenizer reports whether there is a tokenizer beside the weights, or in
// the key-values of a GGUF, that can be compared.
func HasTokenizer(m *olmo.Model) bool { return m.Source != nil && hasTokenizer(m.Source) }

var refCandNames = [2]string{"REF", "CAND"}

// Tokenizers compares how two models turn text into ids, a line for each
// difference; notes are of what was not compared. Messages call the two by names.
func Tokenizers(a, b *olmo.Model, names [2]string) (changes, notes []string, err error) {
	c := &comparison{ref: a, cand: b, names: names, report: new(Report)}
	err = c.compareTokenizers()
	return c.report.Tokenizer, c.report.Notes, err
}
