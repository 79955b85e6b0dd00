package scan

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"
)

// FuzzLook: no content makes the scan fail, and no verdict comes without a
// reason.
func FuzzLook(f *testing.F) {
	seeds, err := filepath.Glob("testdata/*")
	if err != nil || len(seeds) == 0 {
		f.Fatal(seeds, err)
	}
	for _, s := range seeds {
		b, err := os.ReadFile(s)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		file := &File{}
		x := &target{ctx: context.Background(), file: file, codes: map[string]int{}, work: 64 << 20}
		x.look(content{r: bytes.NewReader(b), size: int64(len(b)), name: "x.pt", depth: 1})
		x.finish()
		if file.Verdict == Malformed && len(file.Findings) == 0 {
			t.Error("found malformed without a finding")
		}
		if file.Verdict == TensorsOnly && len(file.Pickles) == 0 {
			t.Error("found tensors-only without a pickle")
		}
		for _, g := range file.Globals {
			if g.Kind == KindDangerous && file.Verdict != Dangerous {
				t.Errorf("found %s in a file that is %s", g.Name, file.Verdict)
			}
		}
	})
}

// FuzzMachine: the machine ends in its pickle, with and without errors.
func FuzzMachine(f *testing.F) {
	f.Add([]byte("\x80\x02cos\nsystem\n(S'a'\ntR."), false)
	f.Add([]byte("\x80\x04\x95\x05\x00\x00\x00\x00\x00\x00\x00\x8c\x02os\x94\x8c\x06system\x94\x93\x8c\x04echo\x94\x85\x94R\x94."), true)
	f.Fuzz(func(t *testing.T, b []byte, strict bool) {
		work := int64(64 << 20)
		m := newMachine(&source{ctx: context.Background(), r: bytes.NewReader(b), size: int64(len(b)), work: &work}, 0)
		m.strict = strict
		m.execute()
		if m.end < 0 || m.end > int64(len(b)) || m.complete && b[m.end-1] != '.' {
			t.Errorf("found the end at %d of %d", m.end, len(b))
		}
	})
}
