package sharded

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// safetensorsFile is a file of U8 tensors.
func safetensorsFile(parts map[string][]byte) []byte {
	header, data := map[string]any{}, []byte{}
	for name, b := range parts {
		header[name] = map[string]any{"dtype": "U8", "shape": []int{len(b)}, "data_offsets": []int{len(data), len(data) + len(b)}}
		data = append(data, b...)
	}
	text, _ := json.Marshal(header)
	return append(append(binary.LittleEndian.AppendUint64(nil, uint64(len(text))), text...), data...)
}

// coreDir writes metadata.json and one file for each of parts.
func coreDir(t interface {
	TempDir() string
	Fatal(...any)
}, metadata string, parts ...map[string][]byte,
) string {
	dir := t.TempDir()
	for i, p := range parts {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("rank_%d.safetensors", i)), safetensorsFile(p), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, coreMetadata), []byte(metadata), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

type part = map[string][]byte

// TestCore: every spelling of which file has what.
func TestCore(t *testing.T) {
	two := []part{{"a": {0, 1, 2, 5}}, {"a": {3, 4}}}
	for _, c := range []struct {
		name, shape, sharded, specs string
		parts                       []part
		want                        []byte
	}{
		{"several ranges", "[2,3]", "true", `"shard_spec_per_file":{"rank_0.safetensors":{"flattened_offsets":[[0,3],[5,6]],"local_shape":null,"global_offset":null},"rank_1.safetensors":{"flattened_offsets":[[3,5]]}}`, two, []byte{0, 1, 2, 3, 4, 5}},
		{"older", "[2,3]", "true", `"flattened_offsets_per_file":{"rank_0.safetensors":[[0,3],[5,6]],"rank_1.safetensors":[3,5]}`, two, []byte{0, 1, 2, 3, 4, 5}},
		{"empty range", "[2]", "true", `"shard_spec_per_file":{"rank_0.safetensors":{"flattened_offsets":[[0,0]]},"rank_1.safetensors":{"flattened_offsets":[[0,2]]}}`, []part{{"a": {}}, {"a": {7, 8}}}, []byte{7, 8}},
		{"columns", "[2,3]", "true", `"shard_spec_per_file":{"rank_0.safetensors":{"local_shape":[2,2],"global_offset":[0,0]},"rank_1.safetensors":{"local_shape":[2,1],"global_offset":[0,2]}}`, []part{{"a": {0, 1, 3, 4}}, {"a": {2, 5}}}, []byte{0, 1, 2, 3, 4, 5}},
		{"repeated box", "[2]", "true", `"shard_spec_per_file":{"rank_0.safetensors":{"local_shape":[2],"global_offset":[0]},"rank_1.safetensors":{"local_shape":[2],"global_offset":[0]}}`, []part{{"a": {7, 8}}, {"a": {7, 8}}}, []byte{7, 8}},
		{"not cut", "[2]", "false", `"shard_spec_per_file":{"rank_0.safetensors":{"flattened_offsets":[[0,2]]},"rank_1.safetensors":{"flattened_offsets":[[0,2]]}}`, []part{{"a": {7, 8}}, {"a": {7, 8}}}, []byte{7, 8}},
		{"scalar", "[]", "false", `"shard_spec_per_file":{"rank_0.safetensors":{"flattened_offsets":[[0,1]]}}`, []part{{"a": {7}}}, []byte{7}},
	} {
		dir := coreDir(t, fmt.Sprintf(`{"more":[1],"tensors":{"a":{"shape":%s,"is_sharded":%s,"dtype":"U8",%s}}}`, c.shape, c.sharded, c.specs), c.parts...)
		ck, err := OpenCore(dir)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if x := ck.Tensors[0]; !bytes.Equal(content(t, x), c.want) || fmt.Sprint(x.Shape) != strings.ReplaceAll(c.shape, ",", " ") {
			t.Errorf("%s: found %v of %v", c.name, content(t, x), x.Shape)
		}
		ck.Close()
	}
}

// TestCoreCuts: however a tensor is cut into ranges, it is whole again.
func TestCoreCuts(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		whole := rapid.SliceOfN(rapid.Byte(), 1, 40).Draw(t, "bytes")
		world := rapid.IntRange(1, 4).Draw(t, "world")
		ranges, parts := make([][][2]int, world), make([]part, world)
		for rank := range parts {
			parts[rank], ranges[rank] = part{"a": {}}, [][2]int{}
		}
		for at := 0; at < len(whole); {
			n := rapid.IntRange(0, len(whole)-at).Draw(t, "n")
			rank := rapid.IntRange(0, world-1).Draw(t, "rank")
			ranges[rank] = append(ranges[rank], [2]int{at, at + n})
			parts[rank]["a"] = append(parts[rank]["a"], whole[at:at+n]...)
			at += n
		}
		specs := map[string]any{}
		for rank, r := range ranges {
			name := fmt.Sprintf("rank_%d.safetensors", rank)
			specs[name] = map[string]any{"flattened_offsets": r}
			if err := os.WriteFile(filepath.Join(dir, name), safetensorsFile(parts[rank]), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		text, _ := json.Marshal(map[string]any{"tensors": map[string]any{"a": map[string]any{"shape": []int{len(whole)}, "dtype": "U8", "shard_spec_per_file": specs}}})
		if err := os.WriteFile(filepath.Join(dir, coreMetadata), text, 0o600); err != nil {
			t.Fatal(err)
		}
		ck, err := OpenCore(dir)
		if err != nil {
			t.Fatal(err)
		}
		defer ck.Close()
		got := make([]byte, len(whole))
		if _, err := ck.Tensors[0].Data.ReadAt(got, 0); err != nil && err.Error() != "EOF" || !bytes.Equal(got, whole) {
			t.Fatalf("found %v, %v, expected %v", got, err, whole)
		}
	})
}

func TestCoreRefuses(t *testing.T) {
	one := func(shape, specs string) string {
		return `{"tensors":{"a":{"shape":` + shape + `,"is_sharded":true,"dtype":"U8","shard_spec_per_file":{` + specs + `}}}}`
	}
	flat := func(ranges string) string { return `"rank_0.safetensors":{"flattened_offsets":` + ranges + `}` }
	abc := []part{{"a": {1, 2, 3}}}
	for _, c := range []struct {
		metadata string
		parts    []part
		want     string
	}{
		{``, nil, "metadata.json: byte 0: found the end"},
		{`{}`, nil, "metadata.json: byte 0: found no tensors, expected it"},
		{`{"tensors":{}}`, nil, "metadata.json: found no tensors, expected those of a model"},
		{`{"tensors":{"a":{},"a":{}}}`, nil, "found no shape, expected it"},
		{`{"tensors":{"a":{"shape":[1],"dtype":"U8"},"a":{}}}`, nil, "a second time, expected each key once"},
		{`{"tensors":{"a":{"shape":[1],"shape":[1],"dtype":"U8"}}}`, nil, "a second time, expected each key once"},
		{`{"tensors":{"a":{"shape":[1],"dtype":"U9"}}}`, nil, `found the dtype "U9", expected one of safetensors'`},
		{`{"tensors":{"a":{"shape":[1],"dtype":"U8","is_sharded":1}}}`, nil, "found no true or false"},
		{`{"tensors":{"a":{"shape":[1],"dtype":"U8"}}}`, nil, `metadata.json: tensor "a": found chunks with 0 elements, expected 1, those of [1]`},
		{one("[-3]", flat("[[0,3]]")), abc, "found -3, expected an integer of at least 0"},
		{one("[3.5]", flat("[[0,3]]")), abc, "found 3.5, expected an integer of at least 0"},
		{one("[3037000500,3037000500]", flat("[[0,3]]")), abc, "metadata.json: tensor \"a\": "},
		{one("[3]", `"../rank_0.safetensors":{"flattened_offsets":[[0,3]]}`), abc, `found the file "../rank_0.safetensors", expected the name of a safetensors file in the same directory`},
		{one("[3]", `"sub/rank_0.safetensors":{"flattened_offsets":[[0,3]]}`), abc, `expected the name of a safetensors file in the same directory`},
		{one("[3]", `"config.json":{"flattened_offsets":[[0,3]]}`), abc, `expected the name of a safetensors file in the same directory`},
		{one("[3]", `"rank_0.safetensors":{}`), abc, "found no flattened_offsets, or no local_shape and global_offset"},
		{one("[3]", `"rank_0.safetensors":{"local_shape":[3]}`), abc, "found no flattened_offsets, or no local_shape and global_offset"},
		{one("[3]", `"rank_0.safetensors":{"local_shape":[3],"global_offset":[0],"flattened_offsets":[[0,3]]}`), abc, "found no flattened_offsets, or no local_shape and global_offset"},
		{one("[3]", flat("[[0,3,4]]")), abc, "found more than 2 numbers"},
		{one("[3]", flat("[[3]]")), abc, "found 1 numbers, expected two"},
		{one("[3]", flat("[3]")), abc, "found numbers that are no pair"},
		{one("[3]", flat("[0,1,2]")), abc, "found more than two numbers"},
		{one("[3]", flat("[[3,0]]")), abc, `found the range [3,0], expected the end not before the beginning`},
		{one("[3]", flat("[[0,9223372036854775807],[0,9223372036854775807]]")), abc, "found ranges of more elements than can be counted"},
		{one("[3]", flat("[[0,2]]")), abc, `rank_0.safetensors: tensor "a": found U8 [3], expected U8 and 2 elements as metadata.json says`},
		{one("[3]", flat("[[0,3]]")), []part{{"b": {1, 2, 3}}}, `rank_0.safetensors: tensor "a": found none, expected 3 elements as metadata.json says`},
		{one("[3]", flat("[[0,3]]")), []part{{"a": {1, 2, 3}, "b": {1}}}, `rank_0.safetensors: found the tensors ["b"], expected none that metadata.json does not place there`},
		{one("[4]", flat("[[0,3]]")), abc, "found chunks with 3 elements, expected 4, those of [4]: there are none for rows [3, 4)"},
		{one("[4]", flat("[[2,5]]")), abc, "found a chunk [3] at [2], expected one within [4]"},
		{one("[3]", flat("[[0,2],[1,2]]")), abc, "expected chunks that do not overlap"},
		{one("[3]", flat("[[0,3]]")+`,"rank_1.safetensors":{"flattened_offsets":[[0,3]]}`), []part{abc[0], abc[0]}, "expected chunks that do not overlap"},
		{one("[3]", flat("[[0,3]]")+`,"rank_1.safetensors":{"local_shape":[3],"global_offset":[0]}`), []part{abc[0], abc[0]}, "found a box of a tensor of which other files have ranges"},
		{one("[3]", flat("[[0,3]]")+`,"rank_7.safetensors":{"flattened_offsets":[[0,0]]}`), abc, `found no ["rank_7.safetensors"], expected them: metadata.json names them`},
	} {
		dir := coreDir(t, c.metadata, c.parts...)
		_, err := OpenCore(dir)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), dir) {
			t.Errorf("%s: found %v, expected %q", c.metadata, err, c.want)
		}
	}
}
