package page

import (
	"olmotool/verify/metrics"
	"olmotool/verify/words"
)

// metric is a row of the metrics of logits, of up to three comparisons.
type metric struct {
	words.Row
	Expected, Cost string
}

// Logits are the metrics of the logits.
func (v view) Logits() []metric {
	f := v.Forward
	if f == nil || f.Metrics == nil {
		return nil
	}
	expected, cost := values(f.Expected), values(f.Cost)
	var ms []metric
	for _, r := range words.Logits(f.Metrics) {
		ms = append(ms, metric{r, expected[r.Name], cost[r.Name]})
	}
	return ms
}

// values are those of a comparison, by name; none if there was none.
func values(m *metrics.Logits) map[string]string {
	if m == nil {
		return nil
	}
	by := map[string]string{}
	for _, r := range words.Logits(m) {
		by[r.Name] = r.Value
	}
	return by
}
