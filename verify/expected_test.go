package verify

import (
	"testing"

	"olmotool/formats"
	"olmotool/formats/olmo"
)

// The reference in the candidate's types.
func TestExpect(t *testing.T) {
	mha, tied := modelAt(t, models+"olmo2-mha"), modelAt(t, models+"olmo1-tied")
	cast := func(m *olmo.Model, to formats.DType, only string) *olmo.Model {
		c := *m
		c.Tensors = nil
		for _, x := range m.Tensors {
			if only == "" || x.Name == only {
				var err error
				if x, err = formats.Cast(x, to, nil); err != nil {
					t.Fatal(err)
				}
			}
			c.Tensors = append(c.Tensors, x)
		}
		return &c
	}
	if e := expect(mha, mha); e.model != mha || len(e.lossy) != 0 {
		t.Errorf("itself: %+v", e)
	}
	if e := expect(tied, cast(tied, formats.F32, "")); e.model != tied || len(e.lossy) != 0 {
		t.Errorf("widened: %+v", e.lossy)
	}
	e := expect(mha, cast(mha, formats.BF16, ""))
	if len(e.lossy) != 1 || e.quantised || e.model.Tensors[3].DType != formats.BF16 || e.model.Config != mha.Config {
		t.Errorf("cast: %+v", e.lossy)
	}
	// A head that the reference does not store, in a type of its own.
	untied := cast(tied, formats.BF16, "")
	head := tied.Tensors[0].WithName("lm_head.weight")
	head, err := formats.Cast(head, formats.Q8_0, nil)
	if err != nil {
		t.Fatal(err)
	}
	untied.Tensors = append(untied.Tensors, head)
	e = expect(tied, untied)
	last := e.model.Tensors[len(e.model.Tensors)-1]
	if !e.quantised || e.model.Config.TieWordEmbeddings || last.Name != "lm_head.weight" || last.DType != formats.Q8_0 || !tied.Config.TieWordEmbeddings {
		t.Errorf("untied: %+v", e)
	}
	// A type that nothing here can make.
	odd := cast(mha, formats.F32, "")
	odd.Tensors[2].DType = formats.Q4_K
	if e := expect(mha, odd); e.model != nil || !e.quantised || e.lossy[0] != formats.Q4_K {
		t.Errorf("without a codec: %+v", e)
	}
}

// What can be neither made nor read is not run.
func TestUnreadableType(t *testing.T) {
	m := modelAt(t, models+"olmo2-mha")
	odd := changed(t, m, "model.layers.0.mlp.up_proj.weight", func(x formats.Tensor) *formats.Tensor {
		x.DType = formats.I32
		return &x
	})
	r := runModels(t, m, odd, Options{})
	if r.Accepted || r.Forward != nil || r.NotRun == "" {
		t.Errorf("found %s", toJSON(t, r))
	}
}
