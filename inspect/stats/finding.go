package stats

import (
	"fmt"
	"slices"

	"olmotool/formats"
)

// Findings says what is worth knowing of the values of tensors: what is not
// finite, what is all zero, and what their types have to do with them. A
// statistic may be nil. Codes are not-finite, all-zero, dead-rows, dead-columns,
// and wider-than-needed and f16-overflow of types.
func Findings(ts []formats.Tensor, ss []*Stats) []formats.Finding {
	var out []formats.Finding
	var types []*typeUse
	for i, s := range ss {
		if s == nil || s.Elements == 0 {
			continue
		}
		out = append(out, ofTensor(ts[i], s)...)
		types = use(types, ts[i].DType, s)
	}
	for _, u := range types {
		out = append(out, u.findings()...)
	}
	return out
}

func ofTensor(t formats.Tensor, s *Stats) (out []formats.Finding) {
	add := func(severity formats.Severity, code, format string, args ...any) {
		where := fmt.Sprintf("tensor %.120q", t.Origin.Name)
		out = append(out, formats.Finding{Severity: severity, Code: code, Where: where, Message: fmt.Sprintf(format, args...)})
	}
	if s.NaN+s.Inf > 0 {
		add(formats.Serious, "not-finite", "found %d NaN and %d infinities in %d elements, the first at %v, expected finite values",
			s.NaN, s.Inf, s.Elements, s.FirstNonFinite)
	}
	if s.Zeros == s.Elements {
		add(formats.Warning, "all-zero", "all %d elements are zero", s.Elements)
		return out
	}
	if s.Dead == nil {
		return out
	}
	columns := t.Shape[len(t.Shape)-1]
	if d := s.Dead; d.Rows > 0 {
		add(formats.Info, "dead-rows", "%d of %d rows are all zero, the first is row %d", d.Rows, s.Elements/columns, d.FirstRow)
	}
	if d := s.Dead; d.Columns > 0 {
		add(formats.Info, "dead-columns", "%d of %d columns are all zero, the first is column %d", d.Columns, columns, d.FirstColumn)
	}
	return out
}

// typeUse is what all tensors of one type would lose in a narrower one.
type typeUse struct {
	dtype             formats.DType
	tensors, elements int64
	lossy             []int64 // in the types of narrower
	overflow          int64   // in F16
}

// narrower are the types that tensors may have been before.
var narrower = []struct {
	dtype formats.DType
	lossy func(*Stats) int64
}{
	{formats.BF16, func(s *Stats) int64 { return s.LossyBF16 }},
	{formats.F16, func(s *Stats) int64 { return s.LossyF16 }},
	{formats.F32, func(s *Stats) int64 { return s.LossyF32 }},
}

func use(us []*typeUse, d formats.DType, s *Stats) []*typeUse {
	if !d.IsFloat() {
		return us
	}
	i := slices.IndexFunc(us, func(u *typeUse) bool { return u.dtype == d })
	if i < 0 {
		i = len(us)
		us = append(us, &typeUse{dtype: d, lossy: make([]int64, len(narrower))})
	}
	u := us[i]
	u.tensors++
	u.elements += s.Elements
	u.overflow += s.OverflowF16
	for k, n := range narrower {
		u.lossy[k] += n.lossy(s)
	}
	return us
}

func (u *typeUse) findings() (out []formats.Finding) {
	add := func(severity formats.Severity, code, format string, args ...any) {
		out = append(out, formats.Finding{Severity: severity, Code: code, Where: u.dtype.String(), Message: fmt.Sprintf(format, args...)})
	}
	for k, n := range narrower {
		if n.dtype.BlockBytes() < u.dtype.BlockBytes() && u.lossy[k] == 0 {
			add(formats.Info, "wider-than-needed", "all %d elements of %d tensors would be the same in %s", u.elements, u.tensors, n.dtype)
			break
		}
	}
	if u.overflow > 0 {
		add(formats.Info, "f16-overflow", "%d of %d elements would be infinite in F16", u.overflow, u.elements)
	}
	return out
}
