package olmo

import (
	"olmotool/formats"
	"olmotool/internal/ordjson"
)

// Made returns a model with the config of m and the files beside it, and with
// other tensors, in canonical form, that are stored nowhere: computed ones.
// Messages call it by path. If they are mostly of another element type, its
// config.json says so.
func (m *Model) Made(path string, ts []formats.Tensor) (*Model, error) {
	s := *m.Source
	s.Checkpoint = &formats.Checkpoint{Path: path, Tensors: ts}
	s.Torch, s.misfits = nil, nil
	s.layout = bareSafetensorsLayout
	if s.Config = m.Config; s.Config != nil {
		s.layout = hfLayout
	}
	s.Layout = s.layout.name
	if d := mainDType(ts); s.Config != nil && s.Config.HF != nil && d != mainDType(m.Tensors) && torchNames[d] != "" {
		c := *s.Config
		var err error
		if c.hfText, err = c.EncodeHF(torchNames[d]); err != nil {
			return nil, err
		}
		if c.HF, err = ordjson.ParseObject(c.hfText); err != nil {
			return nil, err
		}
		s.Config = &c
	}
	return &Model{Config: s.Config, Tensors: ts, Source: &s}, nil
}
