package main

import (
	"encoding/json"
	"os"
	"strconv"
	"strings"
	"testing"
	"unicode"
)

// small are valid files of each container, small enough to be broken at every
// place.
func small(t *testing.T) map[string]string {
	return map[string]string{
		"x.safetensors": safetensor(`{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]},"b":{"dtype":"I8","shape":[3],"data_offsets":[16,19]}}`, floats+"123"),
		"x.pt":          storage(func(*member) {}),
		"x.gguf":        fixture(t, "layouts", "olmo2-mha", "olmo2-mha-q8_0.gguf"),
	}
}

// refuses fails the test unless the command line ends with one error line, or,
// where it may, well.
func refuses(t *testing.T, mayAccept bool, args ...string) {
	t.Helper()
	var out, errs strings.Builder
	code := execute(t.Context(), args, strings.NewReader(""), &out, &errs)
	if code == exitOK && mayAccept {
		return
	}
	if msg := errs.String(); code != exitInput || strings.Count(msg, "error: ") != 1 || strings.Contains(msg, "internal error") {
		t.Errorf("%q: exit code %d, stderr %s", args, code, msg)
	}
}

// TestTruncated cuts files short: each byte less is noticed.
func TestTruncated(t *testing.T) {
	for name, content := range small(t) {
		t.Chdir(t.TempDir())
		step := 1
		if len(content) > 10_000 {
			step = len(content) / 150
		}
		for n := 0; n < len(content); n += step {
			files{name: content[:n]}.write(t)
			refuses(t, false, "inspect", name)
			refuses(t, false, "convert", name, "out.pt", "--force")
		}
		if _, err := os.Stat("out.pt"); err == nil {
			t.Errorf("%s: something was made of it", name)
		}
	}
}

// TestFlipped changes bits, one at a time: what is said of the file may differ,
// but nothing breaks. In the content of a torch archive, whose checksums are
// known, each one is noticed before anything is made of it.
func TestFlipped(t *testing.T) {
	for name, content := range small(t) {
		t.Chdir(t.TempDir())
		data := strings.Index(content, floats)
		step := 1
		if len(content) > 10_000 {
			step = len(content) / 150
		}
		for i := 0; i < len(content); i += step {
			b := []byte(content)
			b[i] ^= 1 << (i % 8)
			files{name: string(b)}.write(t)
			refuses(t, true, "convert", name, "out.safetensors", "--dry-run", "-q")
			if i%8 == 0 { // it takes buffers of some size
				refuses(t, true, "digest", name, "-q")
			}
			if name == "x.pt" && i >= data && i < data+len(floats) {
				refuses(t, false, "convert", name, "out.pt")
			}
		}
	}
}

// TestOddNames shows that names which are allowed and mean harm do none: text
// for people has no control characters, JSON is JSON, and files keep them.
func TestOddNames(t *testing.T) {
	for _, name := range []string{
		"\x1b[2J\x1b[31mred", "\x1b]0;title\a", "\u202eright to left", "\u009b31m", "tab\tnew\nline", "\u2028", "../../x", "/etc/passwd",
		"con", "a|b`c", "%s%d", strings.Repeat("n", 60<<10), "é", "e\u0301",
	} {
		t.Chdir(t.TempDir())
		b, err := json.Marshal(name)
		if err != nil {
			t.Fatal(err)
		}
		files{"x.safetensors": safetensor(`{`+string(b)+`:{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}`, "1234")}.write(t)
		for _, args := range [][]string{{"inspect", "--tensors"}, {"digest", "--tensors"}} {
			var out, errs strings.Builder
			if code := execute(t.Context(), append(args, "x.safetensors"), nil, &out, &errs); code != exitOK {
				t.Fatalf("%.40q: %v: exit code %d, %s", name, args, code, errs.String())
			}
			if i := strings.IndexFunc(out.String(), func(r rune) bool { return r != '\n' && !strconv.IsPrint(r) || unicode.Is(unicode.Bidi_Control, r) }); i >= 0 {
				t.Errorf("%.40q: %v prints %q", name, args, out.String()[i:])
			}
			if len(name) > 1000 && args[0] == "inspect" && out.Len() > 2000 {
				t.Errorf("%v: a name of %d bytes makes %d bytes of output", args, len(name), out.Len())
			}
		}
		var out, errs strings.Builder
		execute(t.Context(), []string{"inspect", "--tensors", "--json", "x.safetensors"}, nil, &out, &errs)
		var d inspectDoc
		if err := json.Unmarshal([]byte(out.String()), &d); err != nil || len(d.TensorList) != 1 || d.TensorList[0].SourceName != name {
			t.Errorf("%.40q: %v, %.200s", name, err, out.String())
		}
	}
}

// TestOdd is what is unusual and all the same no error.
func TestOdd(t *testing.T) {
	const entry = `{"w":{"dtype":"BOOL","shape":[4],"data_offsets":[0,4]}}`
	for _, c := range []struct {
		name    string
		path    string
		content string
		finding string // its code
	}{
		{"white space before the header", "x.safetensors", safetensor("\t\n"+entry+"  ", "1234"), ""},
		{"white space of all kinds behind it", "x.safetensors", safetensor(entry+"\r \t\n", "1234"), ""},
		{"metadata null", "x.safetensors", safetensor(`{"__metadata__":null,`+entry[1:], "1234"), ""},
		{"field that is not known", "x.safetensors", safetensor(strings.Replace(entry, "{\"dtype", "{\"x\":[1],\"dtype", 1), "1234"), ""},
		{"empty tensor", "x.safetensors", safetensor(strings.Replace(entry, "[4],\"data_offsets\":[0,4]", "[2,0],\"data_offsets\":[ 0,0]", 1), ""), ""},
		{"scalar", "x.safetensors", safetensor(strings.Replace(entry, "[4],\"data_offsets\":[0,4]", "[],\"data_offsets\":[0,1]", 1), "1"), ""},
		{"zip of an ordinary program", "x.pt", storage(func(*member) {}), ""},
		{"checksum that was not computed", "x.pt", storage(func(m *member) { m.local, m.central = put32(zipCRC-2, 0), put32(zipCRC, 0) }), ""},
		{"compressed storage", "x.pt", storage(func(m *member) {
			m.data, m.method, m.size = deflated(16), 8, 16
			m.local, m.central = put32(zipCRC-2, 0), put32(zipCRC, 0)
		}), ""},
		{"storage that nothing refers to", "x.pt", with(member{name: "m/data/1", data: "hidden"}), "orphan-storage"},
		{"member of somebody else", "x.pt", with(member{name: "m/payload.sh", data: "hidden"}), "extra-member"},
		{"bytes behind the pickle", "x.pt", archive(func(ms []member) []member { ms[0].data += "hidden"; return ms }), "trailing-bytes"},
		{"command that is not executed", "x.pt", archive(func(ms []member) []member {
			ms[0].data = "\x80\x02}" + word("w") + tensor{}.pickle() + "s" + word("x") + "cos\nsystem\n(" + word("echo broken in > owned") + "tRs."
			return ms
		}), "os.system"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			files{c.path: c.content}.write(t)
			for _, args := range [][]string{{"inspect", c.path}, {"convert", c.path, "out.pt", "--verify"}} {
				var out, errs strings.Builder
				if code := execute(t.Context(), args, nil, &out, &errs); code != exitOK {
					t.Errorf("%q: exit code %d, %s", args, code, errs.String())
				}
				if !strings.Contains(out.String()+errs.String(), c.finding) {
					t.Errorf("%q: no word of %q:\n%s%s", args, c.finding, out.String(), errs.String())
				}
			}
			if _, err := os.Stat("owned"); err == nil {
				t.Error("a command in the file was executed")
			}
		})
	}
}
