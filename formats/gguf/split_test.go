package gguf

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"olmotool/formats"
)

// The sets of testdata/make.py.
var splitKeys = []KV{architecture, {"some.key", uint32(7)}}

func splitTensors(t testing.TB) []formats.Tensor {
	var ts []formats.Tensor
	for i, n := range []int64{60, 40, 1, 200, 0, 99} {
		ts = append(ts, tensor(t, i, fmt.Sprintf("t%d", i), formats.I8, n))
	}
	return ts
}

var splits = []struct {
	prefix     string
	maxTensors int
	maxBytes   int64
	first      bool
	files      int
}{
	{"tensors", 2, 0, false, 3},
	{"bytes", 0, 100, false, 4},
	{"first", 3, 0, true, 3},
	{"one", 0, 1000, false, 1},
	{"onefirst", 0, 0, true, 2},
}

func TestPlanSplitEqualsReference(t *testing.T) {
	for _, s := range splits {
		plans, err := PlanSplit(s.prefix, splitKeys, splitTensors(t), s.maxTensors, s.maxBytes, s.first)
		if err != nil || len(plans) != s.files {
			t.Errorf("%s: %d files, want %d: %v", s.prefix, len(plans), s.files, err)
			continue
		}
		for _, p := range plans {
			if !bytes.Equal(planned(t, p, nil), golden(t, p.Name)) {
				t.Errorf("%s differs", p.Name)
			}
		}
	}
}

// Any shard of a set opens the set.
func TestOpenSet(t *testing.T) {
	for _, s := range splits {
		names, err := filepath.Glob(filepath.Join("testdata", s.prefix+"[^a-z]*gguf"))
		if err != nil || len(names) != s.files {
			t.Fatal(names, err)
		}
		for _, name := range names {
			f := open(t, name)
			if f.Path != name || len(f.Closers) != s.files {
				t.Errorf("%s: path %q, %d closers", name, f.Path, len(f.Closers))
			}
			if diff := cmp.Diff(splitKeys, f.KVs); diff != "" {
				t.Errorf("%s: key-values (-want +got):\n%s", name, diff)
			}
			var files []string
			for _, x := range f.Files {
				files = append(files, x.Path)
			}
			if !slices.Equal(files, names) {
				t.Errorf("%s: files %q, want %q", name, files, names)
			}
			compareTensors(t, f.Tensors, splitTensors(t))
		}
	}
}

// shard returns the bytes of a file with these split keys and one tensor a name.
func shard(t *testing.T, keys []KV, names ...string) []byte {
	var ts []formats.Tensor
	for _, n := range names {
		ts = append(ts, tensor(t, 0, n, formats.I8, 1))
	}
	p, err := Plan("", keys, ts, Options{})
	return planned(t, p, err)
}

func keysOf(no, count uint16, tensors int32) []KV {
	return []KV{{splitNoKey, no}, {splitCountKey, count}, {splitTensorsKey, tensors}}
}

func TestOpenSetRefuses(t *testing.T) {
	const one, two = "m-00001-of-00002.gguf", "m-00002-of-00002.gguf"
	good, second := shard(t, keysOf(0, 2, 2), "a"), shard(t, keysOf(1, 2, 2), "b")
	for _, x := range []struct {
		name  string
		files map[string][]byte
		open  string
		want  []string
	}{
		{
			"no number in the name",
			map[string][]byte{"m.gguf": good, two: second},
			"m.gguf",
			[]string{`m.gguf: file name: found shard 1 of 2 under the name "m.gguf", expected a name and then "-00001-of-00002.gguf"`},
		},
		{
			"another number in the name",
			map[string][]byte{one: good, two: good},
			two,
			[]string{`file name: found shard 1 of 2 under the name "m-00002-of-00002.gguf", expected a name and then "-00001-of-00002.gguf"`},
		},
		{"nothing before the number", map[string][]byte{one[1:]: good, two[1:]: second}, one[1:], []string{"file name: found shard 1 of 2"}},
		{"second shard missing", map[string][]byte{one: good}, one, []string{`shards: found 1 of 2, expected also "m-00002-of-00002.gguf"`}},
		{
			"all others missing",
			map[string][]byte{"m-00002-of-00004.gguf": shard(t, keysOf(1, 4, 4), "b")},
			"m-00002-of-00004.gguf",
			[]string{`found 1 of 4, expected also "m-00001-of-00004.gguf", "m-00003-of-00004.gguf", "m-00004-of-00004.gguf"`},
		},
		{
			"many missing",
			map[string][]byte{"m-00001-of-04096.gguf": shard(t, keysOf(0, 4096, 1), "b")},
			"m-00001-of-04096.gguf",
			[]string{`found 1 of 4096, expected also "m-00002-of-04096.gguf", `, `, and 4085 more`},
		},
		{"too many shards", map[string][]byte{one: shard(t, keysOf(0, 4097, 1))}, one, []string{`key "split.count": found 4097, expected at most 4096`}},
		{"shard beyond the count", map[string][]byte{one: shard(t, keysOf(2, 2, 1))}, one, []string{`key "split.no": found 2, expected less than "split.count", 2`}},
		{"count of another type", map[string][]byte{one: shard(t, Set(keysOf(0, 2, 1), splitCountKey, int32(2)))}, one, []string{`key "split.count": found int32, expected uint16`}},
		{"number of another type", map[string][]byte{one: shard(t, Set(keysOf(0, 2, 1), splitNoKey, "0"))}, one, []string{`key "split.no": found string, expected uint16`}},
		{"tensors of another type", map[string][]byte{one: shard(t, Set(keysOf(0, 2, 1), splitTensorsKey, uint16(1)))}, one, []string{`key "split.tensors.count": found uint16, expected int32`}},
		{"negative number of tensors", map[string][]byte{one: shard(t, keysOf(0, 2, -1))}, one, []string{`key "split.tensors.count": found -1, expected 0 to 1048576`}},
		{"no number", map[string][]byte{one: shard(t, Delete(keysOf(0, 2, 1), splitNoKey))}, one, []string{`key "split.no": found none, expected one beside "split.count"`}},
		{"no number of tensors", map[string][]byte{one: shard(t, Delete(keysOf(0, 2, 1), splitTensorsKey))}, one, []string{`key "split.tensors.count": found none, expected one`}},
		{
			"second is not a shard",
			map[string][]byte{one: good, two: shard(t, nil, "b")},
			one,
			[]string{two, "found split.no 0, split.count 0, split.tensors.count 0, expected split.no 1, split.count 2, split.tensors.count 2 as in \"" + one},
		},
		{"second is the first again", map[string][]byte{one: good, two: good}, one, []string{two, "found split.no 0, split.count 2, split.tensors.count 2, expected split.no 1"}},
		{"second of another set", map[string][]byte{one: good, two: shard(t, keysOf(1, 2, 3), "b")}, one, []string{two, "split.tensors.count 3, expected"}},
		{"second is damaged", map[string][]byte{one: good, two: second[:50]}, one, []string{two, "found 3 keys, expected at most 1 in the 26 bytes that are left"}},
		{"second is a folder", map[string][]byte{one: good, two + "/x": nil}, one, []string{two, "found a directory, expected a regular file"}},
		{"too few tensors", map[string][]byte{one: good, two: shard(t, keysOf(1, 2, 2))}, one, []string{`found 1 tensors in the shards, expected 2, as "split.tensors.count" says`}},
		{"too many tensors", map[string][]byte{one: good, two: shard(t, keysOf(1, 2, 2), "b", "c")}, one, []string{two, `found 3 tensors in the shards up to this one, expected 2 in all`}},
		{"a tensor twice", map[string][]byte{one: good, two: shard(t, keysOf(1, 2, 2), "a")}, one, []string{two + `: tensor "a": found it in "` + one + `" too, expected it in one shard`}},
	} {
		t.Run(x.name, func(t *testing.T) {
			dir := t.TempDir()
			for name, b := range x.files {
				if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o777); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(filepath.Join(dir, name), b, 0o666); err != nil {
					t.Fatal(err)
				}
			}
			_, err := Open(filepath.Join(dir, x.open))
			wantError(t, err, x.want...)
		})
	}
}

// A set that has been merged into one file may keep its keys with a count of 0.
func TestMergedSet(t *testing.T) {
	for _, count := range []uint16{0, 1} {
		f := open(t, writeFile(t, "m.gguf", shard(t, keysOf(0, count, 1), "a")))
		if len(f.Tensors) != 1 || len(f.KVs) != 3 {
			t.Errorf("%+v", f)
		}
	}
}

// Shards after the first do not say how they are aligned, and so it is to 32.
func TestPlanSplitAlignment(t *testing.T) {
	dir := t.TempDir()
	kvs := append(slices.Clone(splitKeys), KV{alignmentKey, uint32(64)})
	plans, err := PlanSplit(filepath.Join(dir, "m"), kvs, splitTensors(t), 2, 0, false)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range plans {
		if err := os.WriteFile(p.Name, planned(t, p, nil), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	f := open(t, plans[0].Name)
	compareTensors(t, f.Tensors, splitTensors(t))
	if diff := cmp.Diff(kvs, f.KVs); diff != "" || f.Alignment != 64 {
		t.Errorf("alignment %d, key-values (-want +got):\n%s", f.Alignment, diff)
	}
}

func TestPlanSplitRefuses(t *testing.T) {
	var ts []formats.Tensor
	for i := range maxShards + 1 {
		ts = append(ts, tensor(t, 0, fmt.Sprint(i), formats.I8, 1))
	}
	_, err := PlanSplit("m", nil, ts, 1, 0, false)
	wantWords(t, err, "found 4097 shards, expected at most 4096: allow more in each")
	twice := []formats.Tensor{ts[0], ts[1], ts[0]}
	_, err = PlanSplit("m", nil, twice, 1, 0, false)
	wantWords(t, err, `tensor "0": found a second one, expected one`)
	if _, err = PlanSplit("m", nil, ts[:maxShards], 1, 0, false); err != nil {
		t.Error(err)
	}
}

// A name with the pattern of a shard inside is still only a prefix.
func TestPrefix(t *testing.T) {
	dir := t.TempDir()
	prefix := filepath.Join(dir, "m-00001-of-00002.gguf")
	plans, err := PlanSplit(prefix, splitKeys, splitTensors(t), 3, 0, false)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range plans {
		if !strings.HasPrefix(p.Name, prefix) {
			t.Errorf("name %q", p.Name)
		}
		if err := os.WriteFile(p.Name, planned(t, p, nil), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	compareTensors(t, open(t, plans[1].Name).Tensors, splitTensors(t))
}
