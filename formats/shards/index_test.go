package shards

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"olmotool/formats"
	"olmotool/internal/ordjson"
)

const testIndex = "d/model.safetensors.index.json"

func TestParseIndex(t *testing.T) {
	for _, c := range []struct {
		text string
		want Index
	}{
		{`{"weight_map":{"b":"2.safetensors","a":"1.safetensors"}}`, Index{WeightMap: []Entry{{"b", "2.safetensors"}, {"a", "1.safetensors"}}}},
		{`{"weight_map":{"a":"x..y.safetensors"},"metadata":null}`, Index{WeightMap: []Entry{{"a", "x..y.safetensors"}}}},
		{
			`{"metadata":{"total_size":1.6e1,"total_parameters":8,"x":[{}]},"weight_map":{"":"-é.safetensors"},"other":[1]}`,
			Index{[]Entry{{"", "-é.safetensors"}}, 16, 8},
		},
		{`{"metadata":{"total_size":null},"weight_map":{"A":"1.safetensors","a":"1.safetensors"}}`, Index{WeightMap: []Entry{{"A", "1.safetensors"}, {"a", "1.safetensors"}}}},
	} {
		got, err := parseIndex(c.text, testIndex)
		if err != nil || !reflect.DeepEqual(*got, c.want) {
			t.Errorf("%s: got %+v, %v, want %+v", c.text, got, err, c.want)
		}
	}
}

// naming is an index that names one file.
func naming(file string) string { return fmt.Sprintf(`{"weight_map":{"w":%q}}`, file) }

var malformed = []struct{ text, want string }{
	{"", "byte 0: found the end of the document, expected an object"},
	{"[]", "byte 0: found an array, expected an object"},
	{"{}", "found no weight_map with tensors, expected one"},
	{`{"weight_map":{}}`, "found no weight_map with tensors, expected one"},
	{`{"weight_map":[]}`, "byte 14: found an array, expected an object"},
	{`{"weight_map":null}`, `byte 14: found "null", expected an object`},
	{`{"weight_map":{"a":1}}`, "byte 19: found a number, expected a string"},
	{`{"weight_map":{"a":{"b":"c"}}}`, "byte 19: found an object, expected a string"},
	{`{"weight_map":{"a":"1.safetensors","a":"1.safetensors"}}`, `byte 35: found key "a" a second time, expected each key once`},
	{`{"weight_map":{"a":"1.safetensors"},"weight_map":{}}`, `byte 36: found key "weight_map" a second time`},
	{`{"metadata":{},"metadata":{}}`, `byte 15: found key "metadata" a second time`},
	{`{"metadata":{"x":1,"x":2}}`, `byte 19: found key "x" a second time`},
	{`{"metadata":7}`, "byte 12: found metadata that is no object, expected one"},
	{`{"metadata":{"total_size":"32"}}`, `byte 12: total_size: found string "32", expected an integer`},
	{`{"metadata":{"total_size":-1}}`, "byte 12: total_size: found -1, expected a number from 0"},
	{`{"metadata":{"total_size":1e309}}`, `byte 12: total_size: found "1e309", expected an integer of 64 bits`},
	{`{"metadata":{"total_parameters":0.5}}`, `byte 12: total_parameters: found "0.5", expected an integer`},
	{`{"weight_map":{"a":"1.safetensors"}} x`, `byte 37: found "x", expected the end of the document`},
	{`{"weight_map":{"a":"1.safetensors",}}`, "byte 35: found '}', expected a key in double quotes"},
	{"{\"weight_map\":{\"a\xff\":\"1.safetensors\"}}", "byte 17: found invalid UTF-8 (byte 0xff)"},
	{`{"x":` + strings.Repeat("[", 200), "found more than 128 levels of nesting"},
	{naming("../evil.safetensors"), `byte 19: tensor "w": found file "../evil.safetensors", expected the name of a file in the same directory`},
	{naming("/etc/evil.safetensors"), `found file "/etc/evil.safetensors", expected the name of a file in the same directory`},
	{naming("sub/x.safetensors"), `found file "sub/x.safetensors", expected the name of a file in the same directory`},
	{naming("./x.safetensors"), `expected the name of a file in the same directory`},
	{naming(`..\x.safetensors`), `found file "..\\x.safetensors", expected the name of a file in the same directory`},
	{naming(`c:x.safetensors`), `found file "c:x.safetensors", expected the name of a file in the same directory`},
	{naming(".."), `found file "..", expected the name of a file in the same directory`},
	{naming("."), `found file ".", expected a name that ends in .safetensors`},
	{naming(""), `found file "", expected the name of a file in the same directory`},
	{`{"weight_map":{"w":"a\u0000.safetensors"}}`, `found file "a\x00.safetensors", expected the name of a file in the same directory`},
	{naming(strings.Repeat("x", 250) + ".safetensors"), "found a file name of 262 bytes, expected at most 255"},
	{naming("model.bin"), `found file "model.bin", expected a name that ends in .safetensors`},
	{naming("model.safetensors.index.json"), `found file "model.safetensors.index.json", expected a name that ends in .safetensors`},
	{naming("model.SAFETENSORS"), "expected a name that ends in .safetensors"},
	{`{"weight_map":{"a":"m.safetensors","b":"M.safetensors"}}`, `byte 39: found files "m.safetensors" and "M.safetensors", expected names that differ by more than case`},
	{`{"weight_map":{"a":"É.safetensors","b":"é.safetensors"}}`, `expected names that differ by more than case`},
}

func TestParseIndexRefuses(t *testing.T) {
	for _, c := range malformed {
		_, err := parseIndex(c.text, testIndex)
		var e *formats.Error
		if !errors.As(err, &e) || !strings.HasPrefix(err.Error(), testIndex+": ") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.80s: got %v, want %s", c.text, err, c.want)
		}
	}
	for path, want := range map[string]string{
		"model.json":                      "model.json: found this name, expected one that ends in .safetensors.index.json or .bin.index.json",
		"model.pt.index.json":             "expected one that ends in",
		"pytorch_model.bin.index.json":    `found file "m.safetensors", expected a name that ends in .bin`,
		"x/pytorch_model.bin.index.json/": `found file "m.safetensors", expected a name that ends in .bin`,
	} {
		if _, err := parseIndex(naming("m.safetensors"), path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", path, err, want)
		}
	}
}

func TestLimits(t *testing.T) {
	files := func(n int) string {
		b := []byte(`{"weight_map":{`)
		for i := range n {
			b = fmt.Appendf(b, `"%d":"%d.safetensors",`, i, i)
		}
		b[len(b)-1] = '}'
		return string(append(b, '}'))
	}
	if _, err := parseIndex(files(maxShards), testIndex); err != nil {
		t.Error(err)
	}
	if _, err := parseIndex(files(maxShards+1), testIndex); err == nil || !strings.Contains(err.Error(), "found more than 4096 files, expected at most that many") {
		t.Errorf("got %v", err)
	}
	s, err := ordjson.NewScanner(naming("a.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	p := newParser(s, ".safetensors")
	p.WeightMap = make([]Entry, maxTensors)
	if err := p.Object(p.member); err == nil || err.Error() != "byte 15: found more than 1000000 tensors, expected at most that many" {
		t.Errorf("got %v", err)
	}
	path := filepath.Join(t.TempDir(), "m.bin.index.json")
	if err := os.WriteFile(path, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, maxIndexBytes+1); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadIndex(path); err == nil || !strings.Contains(err.Error(), "found 67108865 bytes, expected an index of at most 67108864") {
		t.Errorf("got %v", err)
	}
}

// TestFiles reads an index whose one file is of each kind in turn.
func TestFiles(t *testing.T) {
	const file = "w.safetensors"
	link := func(target string) func(dir string) error {
		return func(dir string) error {
			return os.Symlink(strings.ReplaceAll(target, "DIR", dir), filepath.Join(dir, file))
		}
	}
	for _, c := range []struct {
		name string
		make func(dir string) error // dir is ROOT/snapshots/main
		want string                 // in the error; empty for none
	}{
		{"plain", func(dir string) error { return os.WriteFile(filepath.Join(dir, file), nil, 0o666) }, ""},
		{"missing", func(string) error { return nil }, `weight_map: found 0 of 1 files, expected also "w.safetensors"`},
		{"directory", func(dir string) error { return os.Mkdir(filepath.Join(dir, file), 0o777) }, "found no regular file, expected one"},
		{"link in the directory", link("other"), ""},
		{"link below the directory", link("sub/other"), ""},
		{"absolute link in the directory", link("DIR/other"), ""},
		{"link to the cache's blobs", link("../../blobs/0123"), ""},
		{"absolute link to the cache's blobs", link("DIR/../../blobs/0123"), ""},
		{"broken link to the cache's blobs", link("../../blobs/4567"), `expected also "w.safetensors"`},
		{"link to other blobs", link("../blobs/0123"), `found a symbolic link to "../blobs/0123", expected one to a file in this directory or in the cache's blobs`},
		{"link below the blobs", link("../../blobs/sub/0123"), "expected one to a file in this directory or in the cache's blobs"},
		{"link out of the blobs", link("../../blobs/../outside"), "expected one to a file in this directory or in the cache's blobs"},
		{"link outside", link("../../outside"), `found a symbolic link to "../../outside", expected one to a file in this directory`},
		{"absolute link", link("/etc/passwd"), `found a symbolic link to "/etc/passwd", expected one to a file in this directory`},
		{"link through a linked directory", link("away/outside"), `found a symbolic link to "away/outside", expected one to a file in this directory`},
		{"link to a link", link("again"), `found a symbolic link to "again", expected one to a file in this directory`},
		{"link to itself", link(file), "found "},
		{"link to the directory", link("."), "found no regular file, expected one"},
	} {
		root := t.TempDir()
		dir := filepath.Join(root, "snapshots", "main")
		for _, d := range []string{filepath.Join(dir, "sub"), filepath.Join(root, "blobs", "sub"), filepath.Join(root, "snapshots", "blobs")} {
			if err := os.MkdirAll(d, 0o777); err != nil {
				t.Fatal(err)
			}
		}
		for _, f := range []string{"snapshots/main/other", "snapshots/main/sub/other", "blobs/0123", "blobs/sub/0123", "snapshots/blobs/0123", "outside"} {
			if err := os.WriteFile(filepath.Join(root, f), nil, 0o666); err != nil {
				t.Fatal(err)
			}
		}
		if err := errors.Join(os.Symlink("../..", filepath.Join(dir, "away")), os.Symlink("other", filepath.Join(dir, "again")), c.make(dir)); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "m.safetensors.index.json"), []byte(naming(file)), 0o666); err != nil {
			t.Fatal(err)
		}
		// The directory may itself be reached through a link.
		if err := os.Symlink(dir, filepath.Join(root, "model")); err != nil {
			t.Fatal(err)
		}
		for _, d := range []string{dir, filepath.Join(root, "model")} {
			x, err := ReadIndex(filepath.Join(d, "m.safetensors.index.json"))
			if c.want == "" && (err != nil || len(x.WeightMap) != 1) || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("%s: got %+v, %v, want %q", c.name, x, err, c.want)
			}
		}
	}
}

func TestListIsBounded(t *testing.T) {
	names := make([]string, 60)
	for i := range names {
		names[i] = fmt.Sprint(i)
	}
	if got := list(names); !strings.HasPrefix(got, `"0", "1", `) || !strings.HasSuffix(got, `"49" and 10 more`) {
		t.Errorf("got %s", got)
	}
}

func FuzzIndex(f *testing.F) {
	for _, c := range malformed {
		f.Add(c.text)
	}
	f.Add(`{"metadata":{"total_size":16},"weight_map":{"a":"model-00001-of-00002.safetensors","b":"model-00002-of-00002.safetensors"}}`)
	f.Fuzz(func(t *testing.T, text string) {
		x, err := parseIndex(text, testIndex)
		if err != nil {
			if strings.ContainsAny(err.Error(), "\n\x1b") {
				t.Errorf("message %q is not one plain line", err)
			}
			return
		}
		for _, name := range x.Files() {
			if filepath.Base(name) != name || !filepath.IsLocal(name) || !strings.HasSuffix(name, ".safetensors") {
				t.Errorf("file %q is accepted", name)
			}
		}
		out, err := EncodeIndex(x)
		if err != nil {
			t.Fatal(err)
		}
		back, err := parseIndex(string(out), testIndex)
		if err != nil || len(back.WeightMap) != len(x.WeightMap) || back.TotalSize != x.TotalSize {
			t.Errorf("got %+v, %v, want %+v", back, err, x)
		}
	})
}
