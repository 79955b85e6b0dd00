package scan

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// scanBytes scans a file of that name and content.
func scanBytes(t testing.TB, name, content string) File {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := Paths(context.Background(), []string{path}, 1)
	if err != nil || len(r.Files) != 1 {
		t.Fatalf("found %v, %d files", err, len(r.Files))
	}
	return r.Files[0]
}

func codesOf(f File) (codes []string) {
	for _, x := range f.Findings {
		codes = append(codes, x.Code)
	}
	slices.Sort(codes)
	return slices.Compact(codes)
}

// TestCorpus has files that real software wrote and files made to deceive
// scanners, with verdicts written down by who made them: tools/peers/check_scan.py.
func TestCorpus(t *testing.T) {
	text, err := os.ReadFile("testdata/expected.json")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]Verdict{}
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	r, err := Paths(context.Background(), []string{"testdata"}, 2)
	if err != nil {
		t.Fatal(err)
	}
	if r.Verdict != Dangerous || r.Unreadable != 0 {
		t.Errorf("found %s, %d unreadable, expected dangerous, 0", r.Verdict, r.Unreadable)
	}
	got := map[string]Verdict{}
	for _, f := range r.Files {
		if name := filepath.Base(f.Path); name != "expected.json" {
			got[name] = f.Verdict
		}
		if f.Verdict >= Malformed && len(f.Findings) == 0 {
			t.Errorf("%s: found %s without a finding", f.Path, f.Verdict)
		}
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if len(want) < 100 {
		t.Errorf("found %d files, expected all of the corpus", len(want))
	}
}

// TestThreads shows that the report does not depend on them.
func TestThreads(t *testing.T) {
	var docs [2][]byte
	for i, threads := range []int{1, 5} {
		r, err := Paths(context.Background(), []string{"testdata"}, threads)
		if err != nil {
			t.Fatal(err)
		}
		if docs[i], err = json.Marshal(r); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(docs[0], docs[1]) {
		t.Error("found other reports with 1 and 5 threads, expected the same")
	}
}

func TestGlobals(t *testing.T) {
	f := scanBytes(t, "x.pkl", "\x80\x02}q\x00(cos\nsystem\nq\x01X\x04\x00\x00\x00echo\x85RK\x01h\x01c__builtin__\nlong\n)Rh\x00cmy.pkg\nThing\n)\x81}bu.")
	want := []Global{
		{Offset: 6, Module: "os", Name: "system", Via: "GLOBAL", Kind: KindDangerous, Why: "runs commands", Count: 1, Called: 1, Argument: 1, Preview: `("echo")`},
		{Offset: 34, Module: "__builtin__", Name: "long", Via: "GLOBAL", Kind: KindInert, Count: 1, Called: 1},
		{Offset: 56, Module: "my.pkg", Name: "Thing", Via: "GLOBAL", Kind: KindUnknown, Count: 1, Called: 1, Built: 1, Preview: "()"},
	}
	if d := cmp.Diff(want, f.Globals); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"dangerous-import", "unknown-import"}, codesOf(f)); d != "" {
		t.Error(d)
	}
	if p := f.Pickles[0]; p.Protocol != 2 || p.Bytes != f.Bytes || p.Refused != "global os.system" {
		t.Errorf("found %+v", p)
	}
}

// TestSeenBeforeTheError: what stands in front of an error has happened.
func TestSeenBeforeTheError(t *testing.T) {
	f := scanBytes(t, "x.pkl", "\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x04echo\x85R\xff\xff")
	if d := cmp.Diff([]string{"dangerous-import", "malformed-pickle"}, codesOf(f)); d != "" || f.Verdict != Dangerous {
		t.Error(f.Verdict, d)
	}
	f = scanBytes(t, "x.pkl", "\x80\x04N\xff\xffcos\nsystem\n")
	if d := cmp.Diff([]string{"malformed-pickle", "unparsed-import"}, codesOf(f)); d != "" || f.Verdict != Dangerous {
		t.Error(f.Verdict, d)
	}
}

// TestOldTorchStorages steps over storages, and sees what lies behind them.
func TestOldTorchStorages(t *testing.T) {
	old, err := os.ReadFile("testdata/torch-tensor-old.pt")
	if err != nil {
		t.Fatal(err)
	}
	if f := scanBytes(t, "a.pt", string(old)); f.Verdict != TensorsOnly || len(f.Findings) != 0 || len(f.Pickles) != 5 {
		t.Errorf("found %s, %d pickles, %v", f.Verdict, len(f.Pickles), f.Findings)
	}
	f := scanBytes(t, "a.pt", string(old)+"\x80\x02cos\nsystem\n.")
	if d := cmp.Diff([]string{"dangerous-import", "trailing-bytes", "unparsed-import"}, codesOf(f)); d != "" || f.Verdict != Dangerous {
		t.Error(f.Verdict, d)
	}
	f = scanBytes(t, "a.pt", string(old[:len(old)-4]))
	if d := cmp.Diff([]string{"storage"}, codesOf(f)); d != "" || f.Verdict != Malformed {
		t.Error(f.Verdict, d)
	}
}

// TestWork: an archive whose parts lie in each other ends, and says so.
func TestWork(t *testing.T) {
	head := []byte("PK\x03\x04" + strings.Repeat("\x00", 26))
	f := scanBytes(t, "x.zip", strings.Repeat(string(head), 3000))
	if f.Verdict != Malformed {
		t.Errorf("found %s, expected malformed", f.Verdict)
	}
	ends := strings.Repeat("PK\x05\x06"+strings.Repeat("\x00", 4)+"\x01\x00\x01\x00"+strings.Repeat("\x00", 10), 2000)
	if f = scanBytes(t, "x.zip", "PK\x03\x04"+ends); f.Verdict != Malformed {
		t.Errorf("found %s, expected malformed", f.Verdict)
	}
}

// TestUnpacked: what is too large when it is unpacked is looked at in part, and
// that is told.
func TestUnpacked(t *testing.T) {
	var b bytes.Buffer
	b.WriteString("\x80\x03B")
	_ = binary.Write(&b, binary.LittleEndian, uint32(maxUnpacked+10))
	b.Write(make([]byte, maxUnpacked+10))
	b.WriteString(".")
	f := scanBytes(t, "x.pkl.gz", string(gzipped(t, b.Bytes())))
	if d := cmp.Diff([]string{"too-large"}, codesOf(f)); d != "" || f.Verdict != Malformed {
		t.Error(f.Verdict, d)
	}
}

func TestEscapes(t *testing.T) {
	for _, c := range []struct {
		op       byte
		in, want string
	}{
		{'S', `\x6fs`, "os"},
		{'S', `\157\163`, "os"},
		{'S', `a\n\\\'\q`, "a\n\\'\\q"},
		{'S', "a\\\nb", "ab"},
		{'S', `\u006f`, `\u006f`},
		{'V', `\u006fs`, "os"},
		{'V', `\U0000006fs`, "os"},
		{'V', `\x6f\n`, `\x6f\n`},
		{'V', `a\`, `a\`},
		{'S', `\xzz`, `\xzz`},
	} {
		if got := unescape(c.in, c.op); got != c.want {
			t.Errorf("%c %q: found %q, expected %q", c.op, c.in, got, c.want)
		}
	}
}

// TestNested: pickles in texts are found however they are written.
func TestNested(t *testing.T) {
	evil := "\x80\x02cos\nsystem\n."
	for name, text := range map[string]string{
		"bytes":   "\x80\x03C" + string(rune(len(evil))) + evil + ".",
		"latin1":  "\x80\x02X\x10\x00\x00\x00\xc2\x80\x02cos\nsystem\n." + ".",
		"escaped": `S'\x80\x02cos\nsystem\n.'` + "\n.",
		"unicode": "V\\u0080\\u0002cos\\u000asystem\\u000a.\n.",
		"proto 0": "cpickle\nloads\n(S'cos\\nsystem\\n.'\ntR.",
	} {
		if f := scanBytes(t, "x.pkl", text); !slices.ContainsFunc(f.Globals, func(g Global) bool { return g.Name == "system" && g.Where != "" }) {
			t.Errorf("%s: found %v, expected the name in the text", name, f.Globals)
		}
	}
}

// TestLengthLikePickle: the length of a header may begin as a pickle does, and a
// pickle may lie in a header.
func TestLengthLikePickle(t *testing.T) {
	head := "{}" + strings.Repeat(" ", 0x480-2)
	if f := scanBytes(t, "x.safetensors", "\x80\x04\x00\x00\x00\x00\x00\x00"+head); f.Verdict != Inert || f.Format != "safetensors" || len(f.Findings) > 0 {
		t.Errorf("found %s %s %v", f.Verdict, f.Format, f.Findings)
	}
	f := scanBytes(t, "x.safetensors", "\x80\x04X\x05\x00\x00\x00\x00{\"abcos\nsystem\n.")
	if f.Verdict != Dangerous {
		t.Errorf("found %s, expected dangerous", f.Verdict)
	}
	if f := scanBytes(t, "tokens.bin", "\x80\x02\x00\x01\x02\x03"); f.Verdict != Inert || f.Format != "data" {
		t.Errorf("found %s %s, expected inert data", f.Verdict, f.Format)
	}
}
