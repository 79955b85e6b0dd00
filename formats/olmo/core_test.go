package olmo

import (
	"strings"
	"testing"

	"olmotool/formats"
)

// TestCoreNames: tensors of OLMo-core before 1.7.
func TestCoreNames(t *testing.T) {
	m := open(t, tinyCore, "")
	s := *m.Source
	s.Checkpoint = &formats.Checkpoint{Path: "d"}
	for _, x := range m.Source.Tensors {
		x.Name = strings.TrimPrefix(x.Name, "lm_head.")
		s.Tensors = append(s.Tensors, x)
	}
	got, err := s.Model()
	if err != nil {
		t.Fatal(err)
	}
	equalTensors(t, got.Tensors, m.Tensors)
	s.Tensors = append(s.Tensors, tensor("blocks.0.attention.w_qkv.weight", formats.F32, 1))
	s.Tensors[len(s.Tensors)-1].Origin.Name = "blocks.0.attention.w_qkv.weight"
	_, err = s.Model()
	wantError(t, err, `d: tensors: found "blocks.0.attention.w_qkv.weight", expected none by this name`)
}
