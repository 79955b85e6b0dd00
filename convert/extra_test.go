package convert

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"olmotool/formats"
	"olmotool/formats/olmo"
)

// A model that was made of others is written like one that lies somewhere, with
// files of its own beside it, and says where it comes from.
func TestWriteMade(t *testing.T) {
	var ins []*Input
	for _, src := range []string{"olmo2-mha", "olmo2-mha"} {
		in, err := Open(t.Context(), filepath.Join(models, src), Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { in.Close() })
		ins = append(ins, in)
	}
	var halved []formats.Tensor
	for _, x := range ins[0].Model.Tensors {
		y, err := formats.Cast(x, formats.BF16, nil)
		if err != nil {
			t.Fatal(err)
		}
		halved = append(halved, y)
	}
	made, err := ins[0].Model.Made("my-soup", halved)
	if err != nil {
		t.Fatal(err)
	}
	lost := new(formats.CastStats)
	lost.Overflow.Add(3)
	o := Options{
		Dst: filepath.Join(t.TempDir(), "x"), Provenance: true, Verify: true, Lost: lost, Origin: map[string]int{"parts": 2},
		Extra: []ExtraFile{{"README.md", []byte("---\nlicense: my-own\n---\n")}, {"special_tokens_map.json", []byte("{}\n")}, {"new.yml", []byte("a: b\n")}},
	}
	r, err := Write(t.Context(), made, ins, o)
	if err != nil {
		t.Fatal(err)
	}
	if r.Source.Path != "my-soup" || r.Casts.Overflow != 3 || !r.Verified {
		t.Errorf("found %+v", r)
	}
	for name, want := range map[string]string{
		"config.json": `"torch_dtype": "bfloat16"`, "README.md": "license: my-own", "special_tokens_map.json": "{}\n",
		"new.yml": "a: b\n", provenanceName: `"parts": 2`,
	} {
		b, err := os.ReadFile(filepath.Join(o.Dst, name))
		if err != nil || !strings.Contains(string(b), want) {
			t.Errorf("%s: found %.200q, %v, want %q", name, b, err, want)
		}
	}

	// A GGUF keeps of a model card what the official converter does.
	o.To, o.PreTokenizer, o.Dst = "gguf", "dbrx", filepath.Join(t.TempDir(), "x.gguf")
	if _, err = Write(t.Context(), made, ins, o); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(o.Dst)
	if err != nil || !bytes.Contains(b, []byte("my-own")) || !bytes.Contains(b, []byte("My Soup")) {
		t.Errorf("the GGUF knows nothing of the model card, or its name: %v", err)
	}

	// Not even --force destroys an input.
	o.To, o.Dst, o.Force = "", ins[1].Path, true
	o.PreTokenizer = ""
	if _, err := Write(t.Context(), made, ins, o); err == nil || !strings.Contains(err.Error(), "would destroy the source") {
		t.Errorf("found %v", err)
	}
}

// A GGUF that is made of GGUFs has their tokenizer.
func TestWriteFromGGUF(t *testing.T) {
	in, err := Open(t.Context(), filepath.Join(layouts, "olmo2-mha-bf16.gguf"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	dst := filepath.Join(t.TempDir(), "x.gguf")
	made, err := in.Model.Made("x", in.Model.Tensors)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Write(t.Context(), made, []*Input{in}, Options{Dst: dst}); err != nil {
		t.Fatal(err)
	}
	back, err := olmo.Open(dst, "")
	if err != nil {
		t.Fatal(err)
	}
	defer back.Close()
	found := 0
	for _, kv := range back.KVs {
		if strings.HasPrefix(kv.Key, "tokenizer.") {
			found++
		}
	}
	want := 0
	for _, kv := range in.KVs {
		if strings.HasPrefix(kv.Key, "tokenizer.") {
			want++
		}
	}
	if found != want || want == 0 {
		t.Errorf("found %d key-values of the tokenizer, want %d", found, want)
	}
}
