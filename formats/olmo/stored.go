package olmo

import "olmotool/formats"

// stored is a tensor of an output: its bytes are those of parts, canonical
// tensors, end to end. Where there are none, it is a copy of one that is stored
// elsewhere or in another order.
type stored struct {
	formats.Tensor
	parts []formats.Tensor
}

// same is a canonical tensor that is stored as it is, under another name.
func same(name string, t formats.Tensor) stored {
	return stored{t.WithName(name), []formats.Tensor{t}}
}

// fused is canonical tensors stored as one, row after row.
func fused(name string, ts ...formats.Tensor) (stored, error) {
	t, err := formats.JoinRows(name, ts...)
	return stored{t, ts}, err
}

// tensorsOf returns the plain tensors of a list.
func tensorsOf(ss []stored) []formats.Tensor {
	ts := make([]formats.Tensor, len(ss))
	for i, s := range ss {
		ts[i] = s.Tensor
	}
	return ts
}

// byName indexes canonical tensors.
func byName(ts []formats.Tensor) map[string]formats.Tensor {
	m := make(map[string]formats.Tensor, len(ts))
	for _, t := range ts {
		m[t.Name] = t
	}
	return m
}

// attribute makes the segments of files say which canonical tensor they hold,
// splitting those that hold several.
func attribute(files []*formats.FilePlan, ss []stored) {
	parts := make(map[string][]formats.Tensor, len(ss))
	for _, s := range ss {
		parts[s.Name] = s.parts
	}
	for _, f := range files {
		var out []formats.Segment
		for _, seg := range f.Segments {
			var ps []formats.Tensor
			if seg.Tensor != nil {
				ps = parts[seg.Tensor.Name]
			}
			if len(ps) == 0 {
				seg.Tensor = nil
				out = append(out, seg)
				continue
			}
			for i := range ps {
				s := seg
				s.Tensor, s.Data, s.Size = &ps[i], ps[i].Data, ps[i].Bytes()
				out = append(out, s)
			}
		}
		f.Segments = out
	}
}
