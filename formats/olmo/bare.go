package olmo

import (
	"path/filepath"
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
		return openBare(path, kindSafetensors, func(path string) (*Source, error) {
			ck, err := safetensors.Open(path)
			return &Source{Checkpoint: ck}, err
		})
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
		return openBare(path, kindTorch, func(path string) (*Source, error) {
			f, err := torch.OpenFile(path)
			if err != nil {
				return nil, err
			}
			more, err := unflat(f, path)
			if err != nil {
				f.Close()
				return nil, err
			}
			f.Findings = append(f.Findings, more...)
			return &Source{Checkpoint: f.Checkpoint, Torch: f}, nil
		})
	},
	plan: func(m *Model, o PlanOptions) (*Plan, error) {
		return planBare(m, o, func(ts []formats.Tensor) (*formats.FilePlan, error) {
			// A file of torch.save comes back as it was.
			if f := m.Source.Torch; f != nil && !o.DType.Valid() {
				if to, ok := f.Options(); ok {
					return torch.Plan(o.Name, ts, to)
				}
			}
			return torch.Plan(o.Name, ts, torch.Options{})
		})
	},
}

// openBare opens a file, or the set that it belongs to: an index, or a numbered
// shard beside one.
func openBare(path, kind string, open func(path string) (*Source, error)) (*Source, error) {
	index := ""
	m := shardName.FindStringSubmatch(filepath.Base(path))
	if m != nil {
		f := weightFiles{m[1] + m[2]}
		if dir := filepath.Dir(path); (Beside{dir}).Has(f.index()) {
			index = filepath.Join(dir, f.index())
		}
	} else if strings.HasSuffix(path, indexExt) {
		index = path
	}
	var s *Source
	var err error
	if index == "" {
		s, err = open(path)
	} else {
		s = new(Source)
		s.Checkpoint, err = shards.OpenIndex(index, func(path string) (*formats.Checkpoint, error) {
			one, err := open(path)
			if err != nil {
				return nil, err
			}
			return one.Checkpoint, nil
		})
	}
	if err != nil {
		return nil, sniffed(err, kind)
	}
	if m != nil && index == "" {
		s.Findings = append(s.Findings, formats.Finding{
			Severity: formats.Warning, Code: "lone-shard", Where: filepath.Base(path),
			Message: "the name is that of one file of a set, and there is no index beside it: read on its own",
		})
	}
	return s, nil
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
