package olmo

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"olmotool/formats"
	"olmotool/formats/safetensors"
)

// weirdDir makes a directory with the tensors of the golden file and some more,
// under the names given.
func weirdDir(t testing.TB, more ...string) string {
	t.Helper()
	ck, err := safetensors.Open(mha + "olmo-safetensors/model.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	defer ck.Close()
	ts := ck.Tensors
	for _, name := range more {
		ts = append(ts, tensor(name, formats.U8, 8))
	}
	p, err := safetensors.Plan("model.safetensors", ts, nil)
	if err != nil {
		t.Fatal(err)
	}
	dir := write(t, &Plan{Dir: true, Files: []*formats.FilePlan{p}})
	put(t, dir, "config.yaml", string(readFile(t, mha+"olmo/config.yaml")))
	return dir
}

func findings(s *Source) []string {
	var got []string
	for _, f := range s.Findings {
		got = append(got, fmt.Sprintf("%s %s %s: %s", f.Severity, f.Code, f.Where, f.Message))
	}
	return got
}

// TestWeirdBeside: what stands beside the tensors is told, and not read.
func TestWeirdBeside(t *testing.T) {
	dir := weirdDir(t, weirdNames[2].name)
	for _, name := range []string{"model.pt", "optim.pt", "optim.safetensors", "train.pt"} {
		put(t, dir, name, "rubbish")
	}
	m := open(t, dir, "")
	want := []string{
		"warning not-tensors model.safetensors: found 1 values that are no tensors: they are not read, and no conversion keeps them",
		"info other-weights model.pt: found beside model.safetensors, which the trainer prefers: not read",
		"info optimizer optim.safetensors: found the state of an optimizer: not read",
	}
	if got := findings(m.Source); m.Source.Layout != "olmo-safetensors" || !slices.Equal(got, want) {
		t.Errorf("got %s, %q", m.Source.Layout, got)
	}
	equalTensors(t, m.Tensors, open(t, testdata+"models/olmo2-mha", "").Tensors)
	for _, x := range m.Source.Tensors {
		if x.Name != x.Origin.Name {
			t.Errorf("got %q of %q", x.Name, x.Origin.Name)
		}
	}
}

func TestWeirdMalformed(t *testing.T) {
	pickled := func(p string) string { return base64.URLEncoding.EncodeToString([]byte(p)) }
	for name, want := range map[string]string{
		"transformer.more":                                             `tensor "transformer.more": found a name that is not in base64`,
		pickled("cos\nsystem\n(S'touch owned'\ntR."):                   `: pickle in the name: found another value, expected a tuple of texts and numbers, and a flag`,
		pickled("\x80\x04\x8c\x16transformer.wte.weight\x85\x89\x86."): `: found a second tensor of key "transformer.wte.weight", expected one`,
		weirdNames[1].name:                                             `: found the key "[state 0 exp_avg]", expected one text, as in a model's state dict`,
		pickled("\x80\x04K\x07\x85\x89\x86."):                          `: found the key "[7]", expected one text`,
		encodeWeird("transformer.more.weight"):                         `: tensors: found "transformer.more.weight", expected none by this name in a model of type "olmo2"`,
	} {
		dir := weirdDir(t, name)
		s, err := Open(dir, "")
		if err == nil {
			t.Cleanup(func() { s.Close() })
			_, err = s.Model()
		}
		wantError(t, err, dir, want)
	}
	if _, err := os.Stat("owned"); err == nil {
		t.Error("a pickle was executed")
	}
}

// TestLegacyBeside: what model.pt and its directory have besides weights.
func TestLegacyBeside(t *testing.T) {
	m := open(t, mha+"olmo", "")
	ts := append(slices.Clone(m.Source.Tensors), tensor("transformer.blocks.0.rotary_emb.inv_freq", formats.F32, 4), tensor("transformer.causal_attention_bias", formats.F32, 4))
	p, err := bareTorchLayout.plan(&Model{Source: &Source{Checkpoint: &formats.Checkpoint{Tensors: ts}}}, PlanOptions{Name: "model.pt"})
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Dir(write(t, p))
	put(t, dir, "config.yaml", string(readFile(t, mha+"olmo/config.yaml")))
	put(t, dir, "optim.pt", "")
	got := open(t, dir, "")
	want := []string{
		`info buffers tensor "transformer.blocks.0.rotary_emb.inv_freq": found 2 buffers, which are computed anew: not read`,
		"info optimizer optim.pt: found the state of an optimizer: not read",
	}
	if f := findings(got.Source); !slices.Equal(f, want) {
		t.Errorf("got %q", f)
	}
	equalTensors(t, got.Tensors, m.Tensors)
}
