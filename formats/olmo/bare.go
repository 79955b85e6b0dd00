package olmo

import (
	"strings"

	"olmotool/formats"
	"olmotool/formats/safetensors"
	"olmotool/formats/shards"
	"olmotool/formats/torch"
)

// The bare layouts are files of tensors with no model known. What is written
// to them are the tensors of the source under the names that they are stored
// by there: only the container changes.

var bareSafetensorsLayout = &layout{
	name: layoutSafetensors,
	doc:  "one file of tensors, under the names of the source",
	open: func(path string) (*Source, error) {
		var ck *formats.Checkpoint
		var err error
		if strings.HasSuffix(path, ".index.json") {
			ck, err = shards.OpenIndex(path, safetensors.Open)
		} else {
			ck, err = safetensors.Open(path)
		}
		if err != nil {
			return nil, err
		}
		return &Source{Checkpoint: ck}, nil
	},
	plan: func(m *Model, o PlanOptions) (*Plan, error) {
		return planBare(m, o, func(ts []formats.Tensor) (*formats.FilePlan, error) {
			meta := m.Source.Metadata
			if m.Source.Layout != layoutSafetensors {
				meta = map[string]string{"format": "pt"}
			}
			return safetensors.Plan(o.Name, ts, meta)
		})
	},
}

var bareTorchLayout = &layout{
	name: "torch",
	doc:  "one file of torch.save, under the names of the source",
	open: func(path string) (*Source, error) {
		f, err := torch.OpenFile(path)
		if err != nil {
			return nil, err
		}
		return &Source{Checkpoint: f.Checkpoint, Torch: f}, nil
	},
	plan: func(m *Model, o PlanOptions) (*Plan, error) {
		return planBare(m, o, func(ts []formats.Tensor) (*formats.FilePlan, error) {
			var to torch.Options
			if m.Source.Torch != nil {
				// What torch saved is written as torch saved it.
				to, _ = m.Source.Torch.Options()
				if o.DType.Valid() {
					to.Placements = recast(to.Placements, ts)
				}
			}
			return torch.Plan(o.Name, ts, to)
		})
	},
}

// recast returns the placements of tensors whose type changes: those that are
// the same values stay tied, others get a storage of their own.
func recast(ps map[string]*torch.Placement, ts []formats.Tensor) map[string]*torch.Placement {
	elements := map[*torch.Storage]int64{}
	tied := map[*torch.Storage]*torch.Storage{}
	for _, t := range ts {
		p := ps[t.Name]
		if p == nil || p.Storage == nil {
			continue
		}
		n, seen := elements[p.Storage]
		if !seen {
			elements[p.Storage], tied[p.Storage] = t.Elements(), &torch.Storage{Device: p.Storage.Device}
		}
		if p.Offset != 0 || p.Strides != nil || seen && n != t.Elements() {
			tied[p.Storage] = nil
		}
	}
	out := map[string]*torch.Placement{}
	same := map[*torch.Placement]*torch.Placement{}
	for name, p := range ps {
		if same[p] == nil {
			same[p] = &torch.Placement{Storage: tied[p.Storage], Parameter: p.Parameter, RequiresGrad: p.RequiresGrad}
		}
		out[name] = same[p]
	}
	return out
}

func planBare(m *Model, o PlanOptions, plan func([]formats.Tensor) (*formats.FilePlan, error)) (*Plan, error) {
	ts, err := castAll(m.Source.Tensors, o)
	if err != nil {
		return nil, err
	}
	f, err := plan(ts)
	if err != nil {
		return nil, err
	}
	ss := make([]stored, len(ts))
	for i, t := range ts {
		ss[i] = same(t.Name, t)
	}
	p := &Plan{Files: []*formats.FilePlan{f}, Tensors: ts}
	attribute(p.Files, ss)
	return p, nil
}
