package olmo

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"olmotool/formats"
)

// A model that is made of a GGUF's tensors, or of a pickle's, is written as any
// other: what was made, not what is stored.
func TestMade(t *testing.T) {
	for _, path := range []string{
		testdata + "models/olmo2-mha", testdata + "layouts/olmo2-mha/olmo2-mha-bf16.gguf",
		testdata + "layouts/olmo2-mha/olmo", testdata + "layouts/olmo2-mha/hf-bin", "random:tiny",
	} {
		m := open(t, path, "")
		for _, d := range []formats.DType{formats.F32, formats.BF16} {
			ts := slices.Clone(m.Tensors)
			for i, x := range ts {
				x.Data = bytes.NewReader(make([]byte, x.Bytes()))
				x.Origin = formats.Origin{Name: x.Name, Offset: -1}
				var err error
				if ts[i], err = formats.Cast(x, d, nil); err != nil {
					t.Fatal(err)
				}
			}
			made, err := m.Made("made", ts)
			if err != nil {
				t.Fatal(err)
			}
			if made.Source.Path != "made" || made.Source.Layout != "hf" || made.Source.Torch != nil || len(m.Source.Tensors) == 0 {
				t.Errorf("%s: %+v", path, made.Source)
			}
			for _, to := range []string{"hf", "gguf", "olmo", "olmo-core-unsharded"} {
				out := write(t, plan(t, made, to, PlanOptions{}))
				again := open(t, out, "")
				if digestOf(t, again.Tensors, true) != digestOf(t, ts, true) || len(again.Config.Diff(m.Config)) != 0 {
					t.Errorf("%s to %s: another model", path, to)
				}
				if to != "hf" {
					continue
				}
				b, err := os.ReadFile(filepath.Join(out, "config.json"))
				if err != nil || bytes.Contains(b, []byte(`"float32"`)) != (d == formats.F32) || bytes.Contains(b, []byte(`"bfloat16"`)) != (d == formats.BF16) {
					t.Errorf("%s of %s: %s, %v", path, d, b, err)
				}
			}
		}
	}
	bare := &Model{Tensors: open(t, "random:tiny", "").Tensors[:1], Source: &Source{Layout: "safetensors", layout: bareSafetensorsLayout}}
	if made, err := bare.Made("made", bare.Tensors); err != nil || made.Source.Layout != "safetensors" || made.Config != nil {
		t.Error(made, err)
	}
}
