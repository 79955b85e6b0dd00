package inspect

import (
	"cmp"
	"fmt"
	"slices"

	"olmotool/formats"
)

// tensorState is what is known of a tensor's values.
type tensorState struct {
	counts
	bools     int64
	unchecked bool
}

// result puts together what the tasks found.
func (k *checker) result() *Checked {
	r := &k.out
	r.NotFinite = []NotFinite{}
	for i, t := range k.tensors {
		s, where := k.state[i], fmt.Sprintf("tensor %.120q", t.Origin.Name)
		if s.unchecked {
			r.Unchecked++
		}
		if s.nan+s.inf > 0 {
			r.NotFinite = append(r.NotFinite, NotFinite{t.Origin.Name, s.nan, s.inf, s.first})
			what := "values"
			if t.DType.IsBlock() {
				what = "scales of blocks"
			}
			r.Findings = append(r.Findings, found(formats.Serious, "not-finite", where,
				"found %d NaN and %d infinite %s, the first at %s", s.nan, s.inf, what, indexOf(t.Shape, s.first)))
		}
		if s.bools > 0 {
			r.Findings = append(r.Findings, found(formats.Warning, "bool-values", where, "found %d bytes other than 0 and 1, expected bools", s.bools))
		}
	}
	slices.SortStableFunc(k.late, func(a, b ordered) int { return cmp.Compare(a.task, b.task) })
	for _, f := range k.late {
		r.Findings = append(r.Findings, f.Finding)
	}
	if r.Unchecked > 0 {
		r.Findings = append(r.Findings, found(formats.Info, "not-checked", "", "%d tensors are of types whose values are not told finite or not", r.Unchecked))
	}
	if r.Findings == nil {
		r.Findings = []formats.Finding{}
	}
	return r
}

// indexOf prints where an element is: [row column].
func indexOf(shape []int64, i int64) string {
	at := make([]int64, len(shape))
	for d := len(shape) - 1; d >= 0; d-- {
		if shape[d] > 0 {
			at[d], i = i%shape[d], i/shape[d]
		}
	}
	return fmt.Sprint(at)
}

// note keeps the finding of a task.
func (k *checker) note(task int, f formats.Finding) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.late = append(k.late, ordered{task, f})
}
