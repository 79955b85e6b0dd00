package inspect

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"olmotool/formats"
	"olmotool/formats/gguf"
	"olmotool/formats/olmo"
)

// What the peers wrote is recognised as theirs, and the sizes add up.
func TestContainers(t *testing.T) {
	for path, kinds := range map[string]string{
		"models/olmo2-mha":                                  "safetensors",
		"models/olmo2-gqa":                                  "index safetensors safetensors safetensors",
		"models/olmo1-tied":                                 "safetensors",
		"layouts/olmo2-mha/hf-bin":                          "torch",
		"layouts/olmo2-mha/olmo":                            "torch",
		"layouts/olmo2-mha/olmo-core-unsharded":             "torch",
		"layouts/olmo2-mha/olmo-core-unsharded-safetensors": "safetensors",
		"layouts/olmo2-mha/olmo2-mha-bf16.gguf":             "gguf",
		"layouts/olmo2-mha/olmo2-mha-q8_0.gguf":             "gguf",
		"torch/torch-2.1.2.pt":                              "torch",
		"torch/torch-2.6.0.pt":                              "torch",
	} {
		r := source(t, filepath.Join(data, path))
		var found []string
		var tensors int64
		for _, c := range r.Containers {
			found = append(found, c.Kind)
			tensors += c.TensorBytes
			if !c.Same || c.Differs != "" || c.Reference == "" {
				t.Errorf("%s: not as %q writes it: %s", path, c.Reference, c.Differs)
			}
			if n := c.TensorBytes + c.HeaderBytes + c.PaddingBytes + c.UnusedBytes; n != c.Bytes || c.UnusedBytes != 0 {
				t.Errorf("%s: %d of %d bytes accounted for, %d unused", path, n, c.Bytes, c.UnusedBytes)
			}
		}
		if strings.Join(found, " ") != kinds || tensors != r.Bytes {
			t.Errorf("%s: %v with %d bytes of tensors, want %s with %d", path, found, tensors, kinds, r.Bytes)
		}
	}
}

// header is a safetensors file with that header and zeros.
func header(json string, data int) string {
	return string(binary.LittleEndian.AppendUint64(nil, uint64(len(json)))) + json + strings.Repeat("\x00", data)
}

// Files that can be read and that their writer would not have written so.
func TestNotReference(t *testing.T) {
	const a, b = `"a":{"dtype":"BF16","shape":[4],"data_offsets":[0,8]}`, `"b":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}`
	const b0, a8 = `"b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}`, `"a":{"dtype":"BF16","shape":[4],"data_offsets":[8,16]}`
	pad := func(s string, n int) string { return s + strings.Repeat(" ", n-len(s)) }
	good := pad(`{`+b0+`,`+a8+`}`, 112)
	for name, c := range map[string]struct {
		header  string
		same    bool
		differs string
	}{
		"good":     {good, true, ""},
		"order":    {pad(`{`+a+`,`+b+`}`, 112), false, "order of the tensors"},
		"listed":   {pad(`{`+a8+`,`+b0+`}`, 112), false, "other bytes from byte 10 on"},
		"slack":    {pad(good, 112+64), false, "other bytes from byte 0 on"},
		"no pad":   {`{` + b0 + `,` + a8 + `}`, false, "other bytes"},
		"spelling": {pad(`{ `+b0+`,`+a8+`}`, 112), false, "other bytes from byte 9 on"},
		"metadata": {pad(`{"__metadata__":{"z":"1","a":"2"},`+b0+`,`+a8+`}`, 144), true, "order of the metadata"},
	} {
		path := filepath.Join(t.TempDir(), "x.safetensors")
		write(t, path, header(c.header, 16))
		r := source(t, path)
		got := r.Containers[0]
		if got.Same != c.same || (got.Differs == "") != (c.differs == "") || !strings.Contains(got.Differs, c.differs) {
			t.Errorf("%s: same %v, %q, want %v, %q", name, got.Same, got.Differs, c.same, c.differs)
		}
		if n := got.TensorBytes + got.HeaderBytes + got.PaddingBytes + got.UnusedBytes; n != got.Bytes {
			t.Errorf("%s: %d of %d bytes accounted for", name, n, got.Bytes)
		}
		if name == "slack" {
			finding(t, r.Findings, "header-slack")
		}
	}
}

// padded writes a GGUF with padding between its tensors and behind the last.
func padded(t testing.TB) string {
	t.Helper()
	src, err := olmo.Open(filepath.Join(data, "layouts/olmo2-mha/olmo2-mha-bf16.gguf"), "")
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	ts := slices.Clone(src.Tensors)
	for _, name := range []string{"a", "b"} {
		x, err := formats.NewTensor(name, formats.F32, []int64{3}, bytes.NewReader(make([]byte, 12)))
		if err != nil {
			t.Fatal(err)
		}
		ts = append(ts, x)
	}
	p, err := gguf.Plan("x.gguf", src.KVs, ts, gguf.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if _, err := p.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "x.gguf")
	write(t, path, b.String())
	return path
}

// A GGUF with one byte of padding changed, or cut off, is not its writer's.
func TestNotReferenceGGUF(t *testing.T) {
	path := padded(t)
	whole := source(t, path).Containers[0]
	if !whole.Same || whole.PaddingBytes != 40 {
		t.Errorf("whole: %+v", whole)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	write(t, path, string(b[:len(b)-20]))
	if c := source(t, path).Containers[0]; c.Same || !strings.Contains(c.Differs, "other bytes") || c.PaddingBytes != 20 {
		t.Errorf("cut off: %+v", c)
	}
	b[len(b)-1] = 1
	write(t, path, string(b))
	if c := source(t, path).Containers[0]; c.Same || !strings.Contains(c.Differs, fmt.Sprintf("other bytes from byte %d on", len(b)-1)) {
		t.Errorf("changed: %+v", c)
	}
}

// Why files are larger than the model asks for.
func TestExcess(t *testing.T) {
	dir := copyModel(t, "olmo2-mha") // of float32
	edit(t, filepath.Join(dir, "config.json"), `"torch_dtype": "float32"`, `"torch_dtype": "bfloat16"`)
	write(t, filepath.Join(dir, "optim.pt"), strings.Repeat("x", 1000))
	r := source(t, dir)
	got := map[string]int64{}
	for _, e := range r.Excess {
		got[e.Code] = e.Bytes
	}
	if got["wider-than-config"] != r.Bytes/2 || got["optimizer"] != 1000 {
		t.Errorf("found %v", r.Excess)
	}
	if f := finding(t, r.Findings, "wider-than-config"); f.Severity != formats.Info {
		t.Error(f)
	}
	// A head of its own in a model whose config ties it.
	dir = copyModel(t, "olmo2-mha")
	edit(t, filepath.Join(dir, "config.json"), `"tie_word_embeddings": false`, `"tie_word_embeddings": true`)
	r = source(t, dir)
	if r.Excess[len(r.Excess)-1].Code != "tied-head-copy" || r.Excess[len(r.Excess)-1].Bytes != 576*32*4 {
		t.Errorf("found %v", r.Excess)
	}
	finding(t, r.Findings, "tied-head")
}

func TestMemory(t *testing.T) {
	for path, want := range map[string][]CacheMemory{
		// 2 · 64 layers · 8 heads · 128 elements for each token
		"random:32b": {{1024, "f16", 268435456}, {1024, "q8_0", 142606336}, {4096, "f16", 1073741824}, {4096, "q8_0", 570425344}},
		// One layer of 512 tokens and three of a window of 8; a head of 16 fills no block.
		data + "/models/olmo3": {{512, "f16", 2 * 2 * 64 * (512 + 3*8)}},
	} {
		m := source(t, path).Memory
		if len(m.Cache) != len(want) {
			t.Fatalf("%s: %v", path, m)
		}
		for i, c := range m.Cache {
			if c != want[i] {
				t.Errorf("%s: %v, want %v", path, c, want[i])
			}
		}
	}
}
