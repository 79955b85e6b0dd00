package olmo

import (
	"strings"
	"testing"

	"olmotool/internal/ordjson"
)

// changed returns a JSON object with the members of another put into it; those
// that are null there are deleted.
func changed(t testing.TB, text, changes string) string {
	t.Helper()
	o, err := ordjson.ParseObject([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	c, err := ordjson.ParseObject([]byte(changes))
	if err != nil {
		t.Fatal(err)
	}
	merge(o, c)
	b, err := ordjson.Encode(o, ordjson.Options{ASCII: true})
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// merge puts the members of c into o: keys may be paths, a key that ends in "-"
// is deleted.
func merge(o, c *ordjson.Object) {
	for i := range c.Len() {
		path, v := c.At(i)
		at := o
		for {
			first, rest, ok := strings.Cut(path, "/")
			if !ok {
				break
			}
			sub, _ := at.Get(first)
			at, path = sub.(*ordjson.Object), rest
		}
		if key, ok := strings.CutSuffix(path, "-"); ok {
			at.Delete(key)
		} else {
			at.Set(path, v)
		}
	}
}
