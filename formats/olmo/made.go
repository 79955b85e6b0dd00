package olmo

import "olmotool/formats"

// Made returns a model with the config of m and the files beside it, and with
// other tensors, in canonical form, that are stored nowhere: computed ones.
// Messages call it by path.
func (m *Model) Made(path string, ts []formats.Tensor) *Model {
	s := *m.Source
	s.Checkpoint = &formats.Checkpoint{Path: path, Tensors: ts}
	s.Torch, s.misfits = nil, nil
	s.layout = bareSafetensorsLayout
	if m.Config != nil {
		s.layout = hfLayout
	}
	s.Layout = s.layout.name
	return &Model{Config: m.Config, Tensors: ts, Source: &s}
}
