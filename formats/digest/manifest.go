package digest

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"olmotool/formats"
	"olmotool/internal/ordjson"
)

// Schema is what a manifest calls itself.
const Schema = "olmotool.manifest/1"

// What a manifest may hold.
const (
	// maxManifest is the largest manifest that is read, in bytes: 300,000 tensors.
	maxManifest = 64 << 20
	// maxName is the longest name, in bytes: what GGUF and safetensors files are
	// read with.
	maxName = 64 << 10
	// maxDims is the most dimensions that a tensor of torch has.
	maxDims = 64
)

// Manifest is a list of digests to be kept, by which a mirror can prove that it
// holds what was released, in whatever layout. It is one JSON object:
//
//	{
//	  "schema": "olmotool.manifest/1",
//	  "digest": "sha256:…",
//	  "values": false,
//	  "tensors": [
//	    {"name":"lm_head.weight","dtype":"BF16","shape":[100352,4096],"digest":"sha256:…"},
//	    …
//	  ]
//	}
//
// digest is that of the model and values the option [Options.Values] that all
// digests were made with. The tensors are sorted by name as bytes; type and shape
// are those that were hashed, so that a norm of BF16 is F32 here. Everything in
// it can be computed from the definition of this package without olmotool.
type Manifest struct {
	Schema  string
	Digest  string
	Values  bool
	Tensors []Named
}

// Manifest returns the manifest of a model; values says how it was hashed.
func (r *Result) Manifest(values bool) *Manifest {
	return &Manifest{Schema: Schema, Digest: r.Model, Values: values, Tensors: r.Tensors}
}

// Write writes the manifest, a line for each tensor.
func (m *Manifest) Write(w io.Writer) error {
	b := fmt.Appendf(nil, "{\n  \"schema\": %q,\n  \"digest\": %q,\n  \"values\": %v,\n  \"tensors\": [", m.Schema, m.Digest, m.Values)
	for i, t := range m.Tensors {
		if i > 0 {
			b = append(b, ',')
		}
		t.Shape = append([]int64{}, t.Shape...) // of a scalar, not null
		line, err := json.Marshal(t)
		if err != nil {
			return err
		}
		b = append(append(b, "\n    "...), line...)
	}
	_, err := w.Write(append(b, "\n  ]\n}\n"...))
	return err
}

// ReadManifest reads a manifest from a file.
func ReadManifest(path string) (*Manifest, error) {
	f, size, err := formats.OpenRegular(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if size > maxManifest {
		return nil, formats.Errorf(path, "", "found %d bytes, expected a manifest of at most %d", size, maxManifest)
	}
	b, err := io.ReadAll(io.LimitReader(f, maxManifest))
	if err != nil {
		return nil, formats.Errorf(path, "", "%w", err)
	}
	return ParseManifest(b, path)
}

// ParseManifest reads a manifest, and makes sure that it is one: members that are
// not known are ignored, but the digest of the model must be that of its tensors.
// file is for messages.
func ParseManifest(data []byte, file string) (*Manifest, error) {
	o, err := ordjson.ParseObject(data)
	var syntax *ordjson.SyntaxError
	if errors.As(err, &syntax) {
		return nil, formats.Errorf(file, fmt.Sprintf("byte %d", syntax.Offset), "%s", syntax.Msg)
	}
	if err != nil {
		return nil, formats.Errorf(file, "", "%w", err)
	}
	r := &reader{file: file}
	m := &Manifest{Schema: member[string](r, o, "", "schema")}
	if r.err == nil && m.Schema != Schema {
		r.fail("schema", "found %.80q, expected %q", m.Schema, Schema)
	}
	m.Digest, m.Values = r.digest(o, ""), member[bool](r, o, "", "values")
	model := sha256.New()
	model.Write([]byte(modelMagic))
	for i, v := range member[[]any](r, o, "", "tensors") {
		place := fmt.Sprintf("tensors[%d]", i)
		t := r.tensor(v, place)
		if i > 0 && r.err == nil && m.Tensors[i-1].Name >= t.Name {
			r.fail(place, "found %.120q after %.120q, expected names in order, each once", t.Name, m.Tensors[i-1].Name)
		}
		if r.err != nil {
			return nil, r.err
		}
		sum, _ := hex.DecodeString(strings.TrimPrefix(t.Digest, prefix)) // checked
		model.Write(sum)
		m.Tensors = append(m.Tensors, t)
	}
	if sum := prefix + hex.EncodeToString(model.Sum(nil)); r.err == nil && sum != m.Digest {
		r.fail("digest", "found %s, expected that of its tensors, %s", m.Digest, sum)
	}
	if r.err != nil {
		return nil, r.err
	}
	return m, nil
}

// reader keeps the first error of reading a manifest.
type reader struct {
	file string
	err  error
}

func (r *reader) fail(place, format string, args ...any) {
	if r.err == nil {
		r.err = formats.Errorf(r.file, place, format, args...)
	}
}

// member reads a member of an object at place.
func member[T any](r *reader, o *ordjson.Object, place, key string) (value T) {
	v, ok := o.Get(key)
	at := strings.TrimPrefix(place+"."+key, ".")
	if !ok {
		r.fail(at, "found none, expected %s", kindOf(value))
		return value
	}
	if value, ok = v.(T); !ok {
		r.fail(at, "found %s, expected %s", kindOf(v), kindOf(value))
	}
	return value
}

func kindOf(v any) string {
	switch v.(type) {
	case string:
		return "a string"
	case bool:
		return "true or false"
	case []any:
		return "an array"
	case *ordjson.Object:
		return "an object"
	case nil:
		return "null"
	}
	return "a number"
}

// digest reads a member of that name.
func (r *reader) digest(o *ordjson.Object, place string) string {
	s := member[string](r, o, place, "digest")
	b, err := hex.DecodeString(strings.TrimPrefix(s, prefix))
	if r.err == nil && (err != nil || len(b) != sha256.Size || s != prefix+hex.EncodeToString(b)) {
		r.fail(strings.TrimPrefix(place+".digest", "."), "found %.80q, expected %q and %d lower-case hexadecimal digits", s, prefix, 2*sha256.Size)
	}
	return s
}

// tensor reads an entry.
func (r *reader) tensor(v any, place string) (t Named) {
	o, ok := v.(*ordjson.Object)
	if !ok {
		r.fail(place, "found %s, expected an object", kindOf(v))
		return t
	}
	t.Name = member[string](r, o, place, "name")
	t.DType = member[string](r, o, place, "dtype")
	shape := member[[]any](r, o, place, "shape")
	t.Digest = r.digest(o, place)
	if len(t.Name) > maxName || len(shape) > maxDims {
		r.fail(place, "found a name of %d bytes and %d dimensions, expected at most %d and %d", len(t.Name), len(shape), maxName, maxDims)
		return t
	}
	if _, err := formats.ParseDType(t.DType); err != nil {
		r.fail(place+".dtype", "found %.80q, expected an element type", t.DType)
	}
	for _, d := range shape {
		n, err := ordjson.Int(d)
		if err != nil || n < 0 {
			r.fail(place+".shape", "found a dimension that is none, expected a size")
			return t
		}
		t.Shape = append(t.Shape, n)
	}
	return t
}

// Difference is what keeps a model from being the one of a manifest; names in
// order.
type Difference struct {
	Changed []string // other values, type or shape
	Missing []string // in the manifest only
	Added   []string // in the model only
}

// Any reports whether there is a difference.
func (d *Difference) Any() bool { return len(d.Changed)+len(d.Missing)+len(d.Added) > 0 }

// Check compares a model that was hashed as the manifest was with it.
func (m *Manifest) Check(r *Result) *Difference {
	d := &Difference{}
	want, got := m.Tensors, r.Tensors
	for len(want)+len(got) > 0 {
		switch {
		case len(got) == 0 || len(want) > 0 && want[0].Name < got[0].Name:
			d.Missing, want = append(d.Missing, want[0].Name), want[1:]
		case len(want) == 0 || got[0].Name < want[0].Name:
			d.Added, got = append(d.Added, got[0].Name), got[1:]
		default:
			if want[0].Digest != got[0].Digest {
				d.Changed = append(d.Changed, want[0].Name)
			}
			want, got = want[1:], got[1:]
		}
	}
	return d
}
