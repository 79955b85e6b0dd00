package olmo

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"olmotool/formats"
	"olmotool/formats/gguf"
)

// officialGGUF is a case of testdata/gguf.json, which testdata/gguf.py makes.
type officialGGUF struct {
	Model, Outtype, Config string
	Changes                json.RawMessage
	KVs                    [][3]any
	Tensors                [][4]any
}

// TestOfficialConverter compares with what the official converter made: the
// key-values of the architecture, and of every tensor name, place, type, shape
// and bytes.
func TestOfficialConverter(t *testing.T) {
	var cases map[string]officialGGUF
	if err := json.Unmarshal(readFile(t, "testdata/gguf.json"), &cases); err != nil {
		t.Fatal(err)
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			dir := copyDir(t, testdata+"models/"+c.Model)
			config := testdata + "models/" + c.Model + "/config.json"
			if c.Config != "" {
				config = testdata + "configs/" + c.Config
			}
			put(t, dir, "config.json", changed(t, string(readFile(t, config)), string(c.Changes)))
			d, err := formats.ParseDType(c.Outtype)
			if err != nil {
				t.Fatal(err)
			}
			f, err := gguf.Open(write(t, plan(t, open(t, dir, ""), "gguf", PlanOptions{DType: d})))
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			var kvs [][3]any
			for _, kv := range f.KVs {
				if strings.HasPrefix(kv.Key, "olmo") || kv.Key == "general.file_type" {
					kvs = append(kvs, [3]any{kv.Key, kindOf(kv.Value), jsonValue(t, kv.Value)})
				}
			}
			if !reflect.DeepEqual(kvs, c.KVs) {
				t.Errorf("got %v\nwant %v", kvs, c.KVs)
			}
			var ts [][4]any
			for _, x := range f.Tensors {
				sum := sha256.Sum256(readAll(t, x))
				ts = append(ts, [4]any{x.Name, x.DType.String(), jsonValue(t, x.Shape), hex.EncodeToString(sum[:8])})
			}
			if !reflect.DeepEqual(ts, c.Tensors) {
				t.Errorf("got %v\nwant %v", ts, c.Tensors)
			}
		})
	}
}

func kindOf(v any) string {
	if k := reflect.TypeOf(v); k.Kind() == reflect.Slice {
		return "[" + k.Elem().String() + "]"
	}
	return fmt.Sprintf("%T", v)
}

// jsonValue is a value as encoding/json reads it.
func jsonValue(t testing.TB, v any) any {
	if f, ok := v.(float32); ok {
		v = float64(f) // as Python prints it
	}
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var x any
	if err := json.Unmarshal(b, &x); err != nil {
		t.Fatal(err)
	}
	return x
}

// TestInterleave: both orders of rows are inverse, and the way into a GGUF is
// that of the definition: the rows of a head seen as (2, d/2), transposed.
func TestInterleave(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		heads, d := rapid.Int64Range(1, 7).Draw(t, "heads"), 2*rapid.Int64Range(1, 40).Draw(t, "half")
		to, from := toInterleaved(d), fromInterleaved(d)
		var want []int64
		for h := range heads {
			for j := range d / 2 {
				for half := range int64(2) {
					want = append(want, h*d+half*d/2+j)
				}
			}
		}
		for i := range heads * d {
			if to(i) != want[i] || from(to(i)) != i || to(from(i)) != i {
				t.Fatalf("row %d of heads of %d: to %d, want %d; back %d, %d", i, d, to(i), want[i], from(to(i)), to(from(i)))
			}
		}
	})
}

// TestSplitGGUF: a set is the model, whichever of its files is given, and so is
// the directory with nothing else in it.
func TestSplitGGUF(t *testing.T) {
	m := open(t, testdata+"models/olmo1", "")
	p := plan(t, m, "gguf", PlanOptions{SplitMaxTensors: 7, Name: "set.gguf"})
	if len(p.Files) != 3 {
		t.Fatalf("got %d files", len(p.Files))
	}
	first := write(t, p)
	dir := strings.TrimSuffix(first, p.Files[0].Name)
	for _, path := range []string{first, dir + p.Files[1].Name, dir} {
		back := open(t, path, "")
		equalTensors(t, back.Tensors, p.Tensors)
	}
	put(t, dir, "other.gguf", "GGUF")
	_, err := Open(dir, "")
	wantError(t, err, "found 4 GGUF files (give one of them), expected a checkpoint")
	_, err = Open(dir, "gguf")
	wantError(t, err, "found 4 GGUF files, expected one or one split set")

	// The other way about: an edited file in one piece.
	o := PlanOptions{EditKVs: func(kvs []gguf.KV) ([]gguf.KV, error) { return gguf.Set(kvs, "general.name", "x"), nil }}
	whole := plan(t, open(t, first, ""), "gguf", o)
	f, err := gguf.Open(write(t, whole))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if name, _, _ := gguf.Lookup[string](f.KVs, "general.name"); name != "x" || len(f.Tensors) != len(p.Tensors) {
		t.Errorf("got name %q, %d tensors", name, len(f.Tensors))
	}
	o.EditKVs = func([]gguf.KV) ([]gguf.KV, error) { return nil, fmt.Errorf("no") }
	if _, err := m.Plan("gguf", o); err == nil || err.Error() != "no" {
		t.Errorf("got %v", err)
	}
}

// TestRowsThatDoNotFillBlocks become F16, and the file's type is still the one
// that was asked for, as in the official converter.
func TestRowsThatDoNotFillBlocks(t *testing.T) {
	c := shapes["tiny"].config()
	c.HiddenSize, c.HeadDim = 48, 12
	text, err := c.EncodeHF("")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	put(t, dir, "config.json", string(text))
	m := open(t, "random:"+dir+"/config.json,dtype=f32", "")
	p := plan(t, m, "gguf", PlanOptions{DType: formats.Q8_0})
	types := map[formats.DType]int{}
	for _, x := range p.Tensors {
		types[x.DType]++
	}
	// Only down_proj has rows of 96.
	if !reflect.DeepEqual(types, map[formats.DType]int{formats.F32: 9, formats.F16: 14, formats.Q8_0: 2}) || len(p.Findings) != 14 {
		t.Errorf("got %v, %d findings", types, len(p.Findings))
	}
	if got, want := p.Findings[0].Message, "rows of 48 elements do not fill Q8_0 blocks of 32: stored as F16"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	f, err := gguf.Open(write(t, p))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if n, _, err := gguf.Lookup[uint32](f.KVs, "general.file_type"); n != 7 || err != nil {
		t.Errorf("got file type %d, %v", n, err)
	}
}

// TestGGUFOrder: a pickle's tensors come in its own order.
func TestGGUFOrder(t *testing.T) {
	names := func(m *Model) (out []string) {
		f, err := gguf.Open(write(t, plan(t, m, "gguf", PlanOptions{})))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		return slicesOf(f.Tensors, func(x formats.Tensor) string { return x.Name })
	}
	bin := open(t, mha+"hf-bin", "")
	if got, want := names(bin), slicesOf(bin.Source.Tensors, func(x formats.Tensor) string { return ggufName(x.Name) }); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	c := *bin.Config
	c.TieWordEmbeddings = true
	tied := &Model{Config: &c, Source: bin.Source, Tensors: bin.Tensors[:len(bin.Tensors)-1]}
	if got := names(tied); got[len(got)-1] != ggufHead {
		t.Errorf("got %v", got)
	}
	if got := names(open(t, testdata+"models/olmo2-mha", "")); got[0] != ggufHead || got[1] != ggufEmbed {
		t.Errorf("got %v", got)
	}
}
