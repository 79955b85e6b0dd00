package jsonnum

import (
	"encoding/json"
	"math"
	"testing"
)

func TestMarshal(t *testing.T) {
	type inner struct {
		A int `json:"a"`
	}
	type s struct {
		X     float64   `json:"x"`
		Name  string    `json:"name"`
		NaN   float64   `json:"nan"`
		Inf   float64   `json:"inf"`
		List  []float64 `json:"list"`
		None  []float64 `json:"none,omitempty"`
		P     *inner    `json:"p,omitempty"`
		Inner inner     `json:"inner"`
		Hide  float64   `json:"-"`
	}
	for _, c := range []struct {
		in   s
		want string
	}{
		{
			s{X: 1e-9, Name: "a", NaN: math.NaN(), Inf: math.Inf(-1), List: []float64{0.5, math.NaN()}},
			`{"x":1e-9,"name":"a","nan":null,"inf":null,"list":[0.5,null],"inner":{"a":0}}`,
		},
		{
			s{Inner: inner{3}, P: &inner{4}},
			`{"x":0,"name":"","nan":0,"inf":0,"list":null,"p":{"a":4},"inner":{"a":3}}`,
		},
	} {
		got, err := Marshal(c.in)
		if err != nil || string(got) != c.want {
			t.Errorf("found %s, %v, want %s", got, err, c.want)
		}
		// What has no such number is written as encoding/json writes it.
		if plain, err := json.Marshal(c.in); err == nil && string(plain) != string(got) {
			t.Errorf("found %s, encoding/json writes %s", got, plain)
		}
	}
}
