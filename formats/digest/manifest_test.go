package digest

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"olmotool/formats"
)

func manifest(t testing.TB, o Options, ts ...formats.Tensor) (*Result, []byte) {
	t.Helper()
	r, err := Of(context.Background(), ts, o)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := r.Manifest(o.Values).Write(&b); err != nil {
		t.Fatal(err)
	}
	return r, b.Bytes()
}

// TestManifest: what is written is read again, and is itself in order.
func TestManifest(t *testing.T) {
	ts := []formats.Tensor{
		tensor("b", formats.BF16, 1, 4), tensor("a \"<é>", formats.BF16, 2, 2, 3), tensor("scalar", formats.F64, 3), tensor("none", formats.I8, 4, 0),
	}
	for _, values := range []bool{false, true} {
		r, b := manifest(t, Options{Values: values}, ts...)
		m, err := ParseManifest(b, "m")
		if err != nil {
			t.Fatalf("%v\n%s", err, b)
		}
		if m.Digest != r.Model || m.Values != values || len(m.Tensors) != 4 || m.Check(r).Any() {
			t.Errorf("found %+v", m)
		}
		for i, x := range m.Tensors {
			y := r.Tensors[i]
			if x.Name != y.Name || x.DType != y.DType || !slices.Equal(x.Shape, y.Shape) || x.Digest != y.Digest {
				t.Errorf("found %+v, want %+v", x, y)
			}
		}
	}
	r, b := manifest(t, Options{}, ts[0])
	want := "{\n  \"schema\": \"olmotool.manifest/1\",\n  \"digest\": \"" + r.Model + "\",\n  \"values\": false,\n  \"tensors\": [\n" +
		"    {\"name\":\"b\",\"dtype\":\"F32\",\"shape\":[4],\"digest\":\"" + r.Tensors[0].Digest + "\"}\n  ]\n}\n"
	if string(b) != want {
		t.Errorf("found\n%s\nwant\n%s", b, want)
	}
	if _, b := manifest(t, Options{}); !strings.Contains(string(b), "\"tensors\": [\n  ]") {
		t.Errorf("found\n%s", b)
	} else if _, err := ParseManifest(b, "m"); err != nil {
		t.Error(err)
	}
}

// TestCheck names what changed, what is missing and what was added.
func TestCheck(t *testing.T) {
	a, b, c, d := tensor("a", formats.F32, 1, 3), tensor("b", formats.F32, 2, 3), tensor("c", formats.F32, 3, 3), tensor("d", formats.F32, 4, 3)
	_, list := manifest(t, Options{}, a, b, c)
	m, err := ParseManifest(list, "m")
	if err != nil {
		t.Fatal(err)
	}
	r, _ := manifest(t, Options{}, tensor("a", formats.F32, 9, 3), c, d)
	if got, want := *m.Check(r), (Difference{[]string{"a"}, []string{"b"}, []string{"d"}}); !reflect.DeepEqual(got, want) {
		t.Errorf("found %v, want %v", got, want)
	}
	reshaped := c
	reshaped.Shape = []int64{3, 1}
	r, _ = manifest(t, Options{}, a, b, reshaped)
	if got := m.Check(r); !slices.Equal(got.Changed, []string{"c"}) || len(got.Missing)+len(got.Added) != 0 {
		t.Errorf("found %v", got)
	}
}

// TestManifestErrors: each says what is wrong, and where.
func TestManifestErrors(t *testing.T) {
	_, list := manifest(t, Options{}, tensor("a", formats.F32, 1, 3), tensor("b", formats.F32, 2, 3))
	good := string(list)
	sum := strings.Repeat("0", 64)
	for _, c := range []struct{ from, to, want string }{
		{good, ``, `m: byte 0: found the end of the document, expected an object`},
		{good, `[]`, `m: byte 0: found an array, expected an object`},
		{good, `{}`, `m: schema: found none, expected a string`},
		{`manifest/1`, `manifest/2`, `m: schema: found "olmotool.manifest/2", expected "olmotool.manifest/1"`},
		{`"values": false`, `"values": 0`, `m: values: found a number, expected true or false`},
		{`"values": false,`, ``, `m: values: found none, expected true or false`},
		{good[strings.Index(good, `"tensors"`):], `"tensors": {}}`, `m: tensors: found an object, expected an array`},
		{good[strings.Index(good, `"tensors"`):], `"tensors": [1]}`, `m: tensors[0]: found a number, expected an object`},
		{`"name":"a"`, `"name":"c"`, `m: tensors[1]: found "b" after "c", expected names in order, each once`},
		{`"name":"a"`, `"name":"b"`, `m: tensors[1]: found "b" after "b", expected names in order, each once`},
		{`"name":"a"`, `"name":null`, `m: tensors[0].name: found null, expected a string`},
		{`"dtype":"F32"`, `"dtype":"F33"`, `m: tensors[0].dtype: found "F33", expected an element type`},
		{`"shape":[3]`, `"shape":[-3]`, `m: tensors[0].shape: found a dimension that is none, expected a size`},
		{`"shape":[3]`, `"shape":[0.5]`, `m: tensors[0].shape: found a dimension that is none, expected a size`},
		{`"shape":[3]`, `"shape":[` + strings.Repeat("1,", 64) + `1]`, `m: tensors[0]: found a name of 1 bytes and 65 dimensions, expected at most 65536 and 64`},
		{`"digest":"sha256:`, `"digest":"sha257:`, `m: tensors[0].digest: found "sha257:`},
		{good[strings.Index(good, `"sha256:`) : strings.Index(good, `"sha256:`)+66], `"sha256:` + sum[:57], `m: digest: found "sha256:0000`},
		{good[strings.Index(good, `"sha256:`) : strings.Index(good, `"sha256:`)+73], `"sha256:` + sum + `"`, `m: digest: found sha256:` + sum + `, expected that of its tensors, sha256:`},
	} {
		if !strings.Contains(good, c.from) {
			t.Fatalf("no %q in\n%s", c.from, good)
		}
		_, err := ParseManifest([]byte(strings.Replace(good, c.from, c.to, 1)), "m")
		var known *formats.Error
		if !errors.As(err, &known) || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("found %v\nwant  %s", err, c.want)
		}
	}
	dir := t.TempDir()
	if _, err := ReadManifest(dir); err == nil || !strings.Contains(err.Error(), "found a directory") {
		t.Errorf("a directory: %v", err)
	}
	if _, err := ReadManifest(filepath.Join(dir, "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("none: %v", err)
	}
	large := filepath.Join(dir, "large")
	if err := os.WriteFile(large, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(large, maxManifest+1); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadManifest(large); err == nil || !strings.Contains(err.Error(), "expected a manifest of at most") {
		t.Errorf("a large file: %v", err)
	}
}

// FuzzManifest: whatever is read is written and read again, and nothing panics.
func FuzzManifest(f *testing.F) {
	_, list := manifest(f, Options{}, tensor("a", formats.F32, 1, 3), tensor("b", formats.BF16, 2, 3, 2))
	f.Add(list)
	f.Add([]byte(`{"schema":"olmotool.manifest/1","digest":"sha256:","values":true,"tensors":[{}]}`))
	f.Add([]byte(`{"schema":1}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := ParseManifest(b, "m")
		if err != nil {
			return
		}
		var again bytes.Buffer
		if err := m.Write(&again); err != nil {
			t.Fatal(err)
		}
		n, err := ParseManifest(again.Bytes(), "m")
		if err != nil || !slices.EqualFunc(m.Tensors, n.Tensors, func(a, b Named) bool {
			return a.Name == b.Name && a.DType == b.DType && a.Digest == b.Digest && slices.Equal(a.Shape, b.Shape)
		}) {
			t.Fatalf("%v: %+v became %+v", err, m, n)
		}
	})
}
