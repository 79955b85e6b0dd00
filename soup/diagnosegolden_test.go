package soup

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"reflect"
	"testing"

	"olmotool/formats"
	"olmotool/formats/olmo"
)

// nudged is a copy of a model whose float32 words are moved a little, as
// testdata/diagnose.py does.
func nudged(t *testing.T, m *olmo.Model, seed int64) *olmo.Model {
	t.Helper()
	var ts []formats.Tensor
	for _, x := range m.Tensors {
		b := make([]byte, x.Bytes())
		if err := formats.ReadFull(x.Data, b, 0); err != nil {
			t.Fatal(err)
		}
		for i := range len(b) / 4 {
			w := binary.LittleEndian.Uint32(b[4*i:])
			h := (int64(i+1)*2654435761 + seed*40503) % (1 << 32)
			if size := w &^ (1 << 31); size > 0x10000000 && size < 0x7f000000 {
				binary.LittleEndian.PutUint32(b[4*i:], uint32(int64(w)+((h>>16)%7-3)<<14))
			}
		}
		ts = append(ts, tensorBytes(t, x.Name, x.DType, x.Shape, b))
	}
	made, err := m.Made("moved", ts)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// TestDiagnoseGolden holds the figures against those that torch computes from the
// differences of whole tensors.
func TestDiagnoseGolden(t *testing.T) {
	text, err := os.ReadFile("testdata/diagnose.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden map[string]map[string]Figures
	if err := json.Unmarshal(text, &golden); err != nil {
		t.Fatal(err)
	}
	src, err := olmo.Open("../testdata/models/olmo2-mha", "")
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	m, err := src.Model()
	if err != nil {
		t.Fatal(err)
	}
	ms := []*olmo.Model{m, nudged(t, m, 1), nudged(t, m, 2)}
	compared := 0
	for what, want := range golden {
		r, base := meanRecipe(t, 3, nil), (*olmo.Model)(nil)
		of := ms
		if what != "mean" {
			base, of = ms[2], ms[:2]
			r = meanRecipe(t, 2, base)
		}
		r.DType = formats.BF16
		d := diagnosed(t, DiagnoseOptions{}, r, base, of...)
		got := map[string]Figures{"matrices": d.Matrices}
		for _, l := range d.Layers {
			if l.Layer == 1 {
				got["layer 1"] = l.Figures
			}
		}
		for _, x := range d.Modules {
			got[x.Module] = x.Figures
		}
		for _, x := range d.Tensors {
			got[x.Name] = x.Figures
		}
		for name, f := range want {
			compared += alike(t, what+" "+name, reflect.ValueOf(got[name]), reflect.ValueOf(f))
		}
	}
	if compared < 300 {
		t.Errorf("%d numbers compared", compared)
	}
}

// alike compares all numbers of two values, and counts them.
func alike(t *testing.T, what string, got, want reflect.Value) (n int) {
	t.Helper()
	switch want.Kind() {
	case reflect.Pointer:
		if got.IsNil() {
			t.Errorf("%s: nothing", what)
			return 0
		}
		return alike(t, what, got.Elem(), want.Elem())
	case reflect.Struct:
		for i := range want.NumField() {
			n += alike(t, what+"."+want.Type().Field(i).Name, got.Field(i), want.Field(i))
		}
		return n
	case reflect.Slice:
		if want.IsNil() {
			return 0 // torch has no word for it
		}
		if got.Len() != want.Len() {
			t.Errorf("%s: found %d, want %d", what, got.Len(), want.Len())
			return 0
		}
		for i := range want.Len() {
			n += alike(t, what, got.Index(i), want.Index(i))
		}
		return n
	case reflect.Float64:
		if g, w := got.Float(), want.Float(); math.Abs(g-w) > 2e-9*math.Abs(w) {
			t.Errorf("%s: %v, want %v", what, g, w)
		}
	default:
		if g, w := got.Interface(), want.Interface(); g != w {
			t.Errorf("%s: %v, want %v", what, g, w)
		}
	}
	return 1
}
