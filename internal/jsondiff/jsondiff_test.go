package jsondiff

import (
	"strings"
	"testing"

	"olmotool/internal/ordjson"
)

// A field is named, and cut so that the difference is seen.
func TestField(t *testing.T) {
	long := strings.Repeat("é", 100)
	for _, c := range []struct{ a, b, want string }{
		{`{"a": [1, {"b": "x"}]}`, `{"a": [1, {"b": "y"}]}`, `p.a[1].b: "x" and "y"`},
		{`{"a": [1, 2]}`, `{"a": [1]}`, `p.a: 2 and 1 entries`},
		{`{"a": 1, "b": 2}`, `{"b": 2, "a": 1}`, ``},
		{`{"a": false}`, `{}`, `p.a: false and none`},
		{`{"a": null}`, `{}`, `p.a: null and none`},
		{`{"a": "` + long + `x"}`, `{"a": "` + long + `y"}`, `p.a: …` + strings.Repeat("é", 8) + `x" and …` + strings.Repeat("é", 8) + `y"`},
	} {
		parse := func(s string) any {
			o, err := ordjson.ParseObject([]byte(s))
			if err != nil {
				t.Fatal(err)
			}
			return o
		}
		if got := Field("p", parse(c.a), parse(c.b)); got != c.want {
			t.Errorf("found %s, want %s", got, c.want)
		}
	}
}
