package convert

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"olmotool/formats/gguf"
)

func TestEditKVs(t *testing.T) {
	before := func() []gguf.KV {
		return []gguf.KV{
			{Key: "s", Value: "text"},
			{Key: "b", Value: true},
			{Key: "u8", Value: uint8(1)},
			{Key: "i8", Value: int8(1)},
			{Key: "u16", Value: uint16(1)},
			{Key: "i16", Value: int16(1)},
			{Key: "u32", Value: uint32(1)},
			{Key: "i32", Value: int32(1)},
			{Key: "u64", Value: uint64(1)},
			{Key: "i64", Value: int64(1)},
			{Key: "f32", Value: float32(1)},
			{Key: "f64", Value: float64(1)},
			{Key: "list", Value: []string{"a"}},
		}
	}
	for _, c := range []struct {
		set  string
		want any // value, or the text of an error
		fail bool
	}{
		// A key that exists keeps its type,
		{"s=7", "7", false},
		{"s=", "", false},
		{"s=a=b", "a=b", false},
		{"s=https://x:1/y", "https://x:1/y", false},
		{"b=false", false, false},
		{"u8=255", uint8(255), false},
		{"i8=-128", int8(-128), false},
		{"u16=0xffff", uint16(65535), false},
		{"i16=-1", int16(-1), false},
		{"u32=4294967295", uint32(4294967295), false},
		{"i32=-5", int32(-5), false},
		{"u64=18446744073709551615", uint64(18446744073709551615), false},
		{"i64=-9223372036854775808", int64(-9223372036854775808), false},
		{"f32=1e-5", float32(1e-5), false},
		{"f64=0.1", 0.1, false},
		// unless it is given another,
		{"u32=str:x", "x", false},
		{"s=u8:7", uint8(7), false},
		{"list=str:x", "x", false},
		// and a new one has the type that its value looks like.
		{"new=x", "x", false},
		{"new=true", true, false},
		{"new=-7", int32(-7), false},
		{"new=5000000000", int64(5000000000), false},
		{"new=1.5", float32(1.5), false},
		{"new=f64:1.5", 1.5, false},
		{"new=nope:1", "nope:1", false},
		{"u8=256", "expected a value of type u8", true},
		{"u32=-1", "expected a value of type u32", true},
		{"b=maybe", "expected a value of type bool", true},
		{"f32=1e99", "expected a value of type f32", true},
		{"s=u8:x", "u8", true},
		{"list=a", "found an array", true},
		{"=x", "expected KEY=VALUE", true},
		{"s", "expected KEY=VALUE", true},
	} {
		got, err := editKVs([]string{c.set}, nil)(before())
		if c.fail {
			var ue *UsageError
			if !errors.As(err, &ue) || !strings.Contains(err.Error(), c.want.(string)) || !strings.Contains(err.Error(), "--set "+c.set) {
				t.Errorf("%s: found %v, want %v", c.set, err, c.want)
			}
			continue
		}
		key, _, _ := strings.Cut(c.set, "=")
		if err != nil {
			t.Errorf("%s: %v", c.set, err)
		} else if d := cmp.Diff(gguf.Set(before(), key, c.want), got); d != "" {
			t.Errorf("%s: %s", c.set, d)
		}
	}
}

func TestUnsetKVs(t *testing.T) {
	kvs := []gguf.KV{{Key: "a", Value: "1"}, {Key: "b", Value: "2"}, {Key: "c", Value: "3"}}
	got, err := editKVs([]string{"b=x"}, []string{"b", "a"})(kvs) // unset first
	if want := []gguf.KV{{Key: "c", Value: "3"}, {Key: "b", Value: "x"}}; err != nil || !cmp.Equal(got, want) {
		t.Errorf("found %v, %v, want %v", got, err, want)
	}
	if _, err := editKVs(nil, []string{"d"})(kvs); err == nil || !strings.Contains(err.Error(), "--unset d: found no such key") {
		t.Errorf("found %v", err)
	}
	if editKVs(nil, nil) != nil {
		t.Error("nothing to edit, and still a function")
	}
}
