package olmo

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
)

// pickled names by Python's pickle, protocol 4, and base64.urlsafe_b64encode.
var weirdNames = []struct {
	name string
	path []any
	flag bool
}{
	{"gASVHwAAAAAAAACMFnRyYW5zZm9ybWVyLnd0ZS53ZWlnaHSUhZSJhpQu", []any{"transformer.wte.weight"}, false},
	{"gASVGgAAAAAAAACMBXN0YXRllEsAjAdleHBfYXZnlIeUiYaULg==", []any{"state", int64(0), "exp_avg"}, false},
	{"gASVFQAAAAAAAACMDHBhcmFtX2dyb3Vwc5SFlIiGlC4=", []any{"param_groups"}, true},
	// ("a",) * 4 + (300, 70000, -1): a mark, a reference to the memo, wider numbers
	{"gASVHgAAAAAAAAAojAFhlGgAaABoAE0sAUpwEQEASv____90lImGlC4=", []any{"a", "a", "a", "a", int64(300), int64(70000), int64(-1)}, false},
}

func TestDecodeWeird(t *testing.T) {
	for _, c := range weirdNames {
		got, err := decodeWeird(c.name)
		if err != nil || fmt.Sprint(got) != fmt.Sprint(weirdKey{c.path, c.flag}) {
			t.Errorf("%s: got %v, %v, want %v, %t", c.name, got, err, c.path, c.flag)
		}
	}
	if got := encodeWeird("transformer.wte.weight"); got != weirdNames[0].name {
		t.Errorf("got %s", got)
	}
	for _, n := range []int{0, 1, 2, 3, 255} {
		want := strings.Repeat("k", n)
		got, err := decodeWeird(encodeWeird(want))
		if err != nil || len(got.path) != 1 || got.path[0] != want || got.pickled {
			t.Errorf("%d: got %v, %v", n, got, err)
		}
	}
}

// malformedNames are the bytes in names that are refused, and why.
var malformedNames = []struct{ name, pickle, want string }{
	{"empty", "", "found the end of the pickle"},
	{"cut", "\x80\x04\x8c\x05ab", "byte 2: "},
	{"no stop", "\x80\x04)\x89\x86", "found the end of the pickle"},
	{"frame beyond the end", "\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\x7f\x8c\x01a\x85\x89\x86.", "byte 2: "},
	{"text of gigabytes", "\x80\x04X\xff\xff\xff\xff", "byte 2: "},
	{"call", "cos\nsystem\n(S'true'\ntR.", "found another value"},
	{"call in a key", "\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x04true\x85R\x85\x89\x86.", "found another value"},
	{"class as key", "\x80\x04\x8c\x02os\x8c\x06system\x93\x85\x89\x86.", "found another value"},
	{"memo that is empty", "\x80\x04h\x07\x85\x89\x86.", "byte 2: "},
	{"stack that is empty", "\x80\x04\x85.", "byte 2: "},
	{"key itself", "\x80\x04\x8c\x01a.", "found another value"},
	{"no flag", "\x80\x04\x8c\x01a\x85.", "found another value"},
	{"flag of one", "\x80\x04\x8c\x01a\x85K\x01\x86.", "found another value"},
	{"key in a list", "\x80\x04]\x8c\x01aa\x89\x86.", "found another value"},
	{"no key", "\x80\x04)\x89\x86.", "found another value"},
	{"three", "\x80\x04\x8c\x01a\x85\x89\x89\x87.", "found another value"},
	{"key of None", "\x80\x04N\x85\x89\x86.", "found another value"},
	{"key of bytes", "\x80\x04C\x01a\x85\x89\x86.", "found another value"},
	{"key of a bool", "\x80\x04\x88\x85\x89\x86.", "found another value"},
	{"key of a float", "\x80\x04G\x3f\xf0\x00\x00\x00\x00\x00\x00\x85\x89\x86.", "found another value"},
	{"huge number", "\x80\x04\x8a\x09\xff\xff\xff\xff\xff\xff\xff\xff\x01\x85\x89\x86.", "found another value"},
	{"key that is not UTF-8", "\x80\x04\x8c\x01\xff\x85\x89\x86.", ""},
	{"bytes behind", "\x80\x04\x8c\x01a\x85\x89\x86..", "found 1 bytes behind its end, expected none"},
	{"unknown opcode", "\x80\x04\xff.", "byte 2: "},
	{"later protocol", "\x80\x09\x8c\x01a\x85\x89\x86.", "byte 0: "},
}

func TestMalformedNames(t *testing.T) {
	for _, c := range malformedNames {
		_, err := decodeWeird(base64.URLEncoding.EncodeToString([]byte(c.pickle)))
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "pickle in the name: ") {
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
	}
	good := weirdNames[2].name
	for _, name := range []string{
		"transformer.wte.weight", "gASV", good[:len(good)-1], good + "=", good[:8] + "\n" + good[8:], good[:8] + " " + good[8:],
		"gASV+" + good[5:], strings.Replace(good, "C4=", "C5=", 1), // bits that are no part of a byte
	} {
		if _, err := decodeWeird(name); err == nil {
			t.Errorf("%q: got no error", name)
		}
	}
}

func FuzzDecodeWeird(f *testing.F) {
	for _, c := range weirdNames {
		f.Add(c.name)
	}
	for _, c := range malformedNames {
		f.Add(base64.URLEncoding.EncodeToString([]byte(c.pickle)))
	}
	f.Fuzz(func(t *testing.T, name string) {
		key, err := decodeWeird(name)
		if err != nil {
			if strings.ContainsAny(err.Error(), "\n\r\x1b\x00") {
				t.Errorf("got %q", err)
			}
			return
		}
		if len(key.path) == 0 {
			t.Fatalf("%q: got a key of no parts", name)
		}
		// What was accepted is one key: written anew it is read as the same.
		if text, ok := key.path[0].(string); ok && len(key.path) == 1 && !key.pickled && len(text) < 256 {
			again, err := decodeWeird(encodeWeird(text))
			if err != nil || again.path[0] != text {
				t.Errorf("%q: got %v, %v", name, again, err)
			}
		}
	})
}
