package weights

import "olmotool/formats/olmo"

// Besides compares what two models have beside their weights, whatever these
// are: what their configs say of the function, and how they turn text into ids.
// Of the report it fills Config, Tokenizer and Notes.
func Besides(ref, cand *olmo.Model) (*Report, error) {
	c := &comparison{ref: ref, cand: cand, report: newReport()}
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
