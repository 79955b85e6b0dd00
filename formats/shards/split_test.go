package shards

import (
	"bytes"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"olmotool/formats"
	"olmotool/internal/ordjson"
)

// golden is testdata/split.json, written by testdata/golden.py.
func golden(t *testing.T, key string) any {
	data, err := os.ReadFile("testdata/split.json")
	if err != nil {
		t.Fatal(err)
	}
	o, err := ordjson.ParseObject(data)
	if err != nil {
		t.Fatal(err)
	}
	return member(t, o, key)
}

func member(t *testing.T, o any, key string) any {
	v, ok := o.(*ordjson.Object).Get(key)
	if !ok {
		t.Fatalf("no %q", key)
	}
	return v
}

func integer(t *testing.T, v any) int64 {
	n, err := ordjson.Int(v)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func tensorOf(name string, bytes int64) formats.Tensor {
	return formats.Tensor{Name: name, DType: formats.U8, Shape: []int64{bytes}, Data: zeros(bytes), Origin: formats.Origin{Offset: -1}}
}

// zeros is that many zero bytes.
type zeros int64

func (z zeros) Size() int64 { return int64(z) }

func (z zeros) ReadAt(p []byte, off int64) (int, error) {
	clear(p)
	return len(p), nil
}

// layout names each file and what it holds.
func layout(shards [][]formats.Tensor) string {
	var b strings.Builder
	for i, s := range shards {
		fmt.Fprintf(&b, "%s:", Name("model", ".safetensors", i+1, len(shards)))
		for _, t := range s {
			b.WriteString(" " + t.Name)
		}
		b.WriteString("\n")
	}
	return b.String()
}

// TestSplitAsHub compares with huggingface_hub's
// split_torch_state_dict_into_shards.
func TestSplitAsHub(t *testing.T) {
	for _, c := range golden(t, "cases").([]any) {
		var tensors []formats.Tensor
		for i, n := range member(t, c, "sizes").([]any) {
			tensors = append(tensors, tensorOf(fmt.Sprint("t", i), integer(t, n)))
		}
		var want strings.Builder
		files := member(t, c, "files").(*ordjson.Object)
		for i := range files.Len() {
			file, names := files.At(i)
			fmt.Fprintln(&want, file+":", strings.Trim(fmt.Sprint(names), "[]"))
		}
		shards := Split(tensors, integer(t, member(t, c, "limit")))
		if got := layout(shards); got != want.String() {
			t.Errorf("%v in %v:\n got %s\nwant %s", member(t, c, "sizes"), member(t, c, "limit"), got, want.String())
		}
		x, err := NewIndex("model", ".safetensors", shards)
		if total := integer(t, member(t, c, "total")); err != nil || x.TotalSize != total || x.TotalParameters != total {
			t.Errorf("got index %+v, %v, want a total of %d", x, err, total)
		}
	}
}

func TestSplitOversized(t *testing.T) {
	got := layout(Split([]formats.Tensor{tensorOf("a", 3), tensorOf("big", 11), tensorOf("b", 7), tensorOf("c", 1)}, 10))
	want := "model-00001-of-00003.safetensors: big\nmodel-00002-of-00003.safetensors: a b\nmodel-00003-of-00003.safetensors: c\n"
	if got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := Split(nil, 1); got != nil {
		t.Errorf("got %v of nothing", got)
	}
}

func TestParseSize(t *testing.T) {
	sizes := golden(t, "sizes").(*ordjson.Object)
	for i := range sizes.Len() {
		text, want := sizes.At(i)
		if got, err := ParseSize(text); err != nil || got != integer(t, want) {
			t.Errorf("%q: got %d, %v, want %v", text, got, err, want)
		}
	}
	for text, want := range map[string]int64{" 4096 ": 4096, "5": 5, "9223372036854775807": 1<<63 - 1} {
		if got, err := ParseSize(text); err != nil || got != want {
			t.Errorf("%q: got %d, %v, want %d", text, got, err, want)
		}
	}
	for _, text := range []string{
		"", "GB", "5B", "5KiB", "5 G", "0", "0GB", "-5GB", "0.0001KB", "1e30TB", "nanGB", "infGB", "0x10GB", "1_0GB", "1,5GB", "5GBs", "+5", "-5", "9223373TB", "9223372036854775808", "5..GB", "٥GB",
	} {
		got, err := ParseSize(text)
		if err == nil || !strings.HasPrefix(err.Error(), fmt.Sprintf("found size %q, expected ", text)) {
			t.Errorf("%q: got %d, %v, want an error", text, got, err)
		}
	}
}

func TestEncodeIndex(t *testing.T) {
	got, err := EncodeIndex(&Index{WeightMap: []Entry{{"é", "b"}, {"a.10", "b"}, {"a.2", "a"}}, TotalSize: 5})
	want := "{\n  \"metadata\": {\n    \"total_size\": 5\n  },\n  \"weight_map\": {\n    \"a.10\": \"b\",\n    \"a.2\": \"a\",\n    \"\\u00e9\": \"b\"\n  }\n}\n"
	if err != nil || string(got) != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
	if _, err := EncodeIndex(&Index{WeightMap: []Entry{{"a", "b"}, {"a", "c"}}}); err == nil {
		t.Error("a tensor in two files is accepted")
	}
	if _, err := EncodeIndex(&Index{WeightMap: []Entry{{"\xff", "b"}}}); err == nil {
		t.Error("a name that is not UTF-8 is accepted")
	}
	const half = 1 << 62
	if _, err := NewIndex("m", ".bin", [][]formats.Tensor{{tensorOf("a", half)}, {tensorOf("b", half)}}); err == nil {
		t.Error("a total of 2⁶³ bytes is accepted")
	}
}

// TestIndexOfBin lays out what a .bin checkpoint of two files needs.
func TestIndexOfBin(t *testing.T) {
	x, err := NewIndex("pytorch_model", ".bin", Split([]formats.Tensor{tensorOf("a", 3), tensorOf("b", 3)}, 3))
	if err != nil {
		t.Fatal(err)
	}
	want := []Entry{{"a", "pytorch_model-00001-of-00002.bin"}, {"b", "pytorch_model-00002-of-00002.bin"}}
	if !reflect.DeepEqual(x.WeightMap, want) || IndexName("pytorch_model", ".bin") != "pytorch_model.bin.index.json" {
		t.Errorf("got %+v", x)
	}
	out, err := EncodeIndex(x)
	if err != nil || !bytes.Contains(out, []byte(`"b": "pytorch_model-00002-of-00002.bin"`)) {
		t.Errorf("got %s, %v", out, err)
	}
}
