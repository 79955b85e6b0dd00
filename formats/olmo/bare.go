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
			return torch.Plan(o.Name, ts, torch.Options{})
		})
	},
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
