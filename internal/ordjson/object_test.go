package ordjson

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestObject compares an Object with the slow and obvious way of keeping
// members in order.
func TestObject(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var o Object
		var keys []string
		values := map[string]any{}
		for range rapid.IntRange(0, 60).Draw(t, "steps") {
			k := fmt.Sprint("k", rapid.IntRange(0, 30).Draw(t, "key"))
			if rapid.IntRange(0, 3).Draw(t, "delete") == 0 {
				o.Delete(k)
				delete(values, k)
				keys = slices.DeleteFunc(keys, func(x string) bool { return x == k })
			} else {
				v := rapid.Int().Draw(t, "value")
				if _, ok := values[k]; !ok {
					keys = append(keys, k)
				}
				o.Set(k, v)
				values[k] = v
			}
			if o.Len() != len(keys) || !slices.Equal(o.Keys(), keys) {
				t.Fatalf("got keys %v, want %v", o.Keys(), keys)
			}
			for i := range 31 {
				k := fmt.Sprint("k", i)
				got, ok := o.Get(k)
				want, wantOK := values[k]
				if ok != wantOK || got != want {
					t.Fatalf("%s: got %v %v, want %v %v", k, got, ok, want, wantOK)
				}
			}
			for i, k := range keys {
				if gotKey, got := o.At(i); gotKey != k || got != values[k] {
					t.Fatalf("member %d: got %s %v, want %s %v", i, gotKey, got, k, values[k])
				}
			}
		}
	})
}
