package safetensors

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"olmotool/formats"
	"olmotool/internal/ordjson"
)

func TestAccepted(t *testing.T) {
	for _, c := range []struct {
		name   string
		data   []byte
		shapes string // of the tensors, in order
		codes  string // of the findings
	}{
		{"nothing", file("{}", 0), "", "no-tensors"},
		{"padding behind", file("{}\r \t\n", 0), "", "no-tensors"},
		{"padding before", file("\t\n{}\r ", 0), "", "no-tensors"},
		{"null metadata", file(`{"__metadata__":null}`, 0), "", "no-tensors null-metadata"},
		{"empty tensor", file(`{"t":{"dtype":"I32","shape":[2,0],"data_offsets":[0, 0]}}`, 0), "t I32 [2 0] 0+0", ""},
		{"scalar", file(one("I64", "[]", "[0,8]")+"   ", 8), "t I64 [] 0+8", ""},
		{"nibbles", file(one("F4", "[1,2]", "[0,1]"), 1), "t F4 [1 2] 0+1", ""},
		{"six bits", file(one("F6_E3M2", "[2,4]", "[0,6]"), 6), "t F6_E3M2 [2 4] 0+6", ""},
		{"large and empty", file(one("U8", "[9223372036854775807,0]", "[0,0]"), 0), "t U8 [9223372036854775807 0] 0+0", ""},
		{"unknown field", file(`{"t":{"dtype":"U8","x":{"y":[1,null]},"shape":[1],"data_offsets":[0,1]}}`, 1), "t U8 [1] 0+1", "unknown-fields"},
		{"unaligned", file(one("I32", "[1]", "[0,4]"), 4), "t I32 [1] 0+4", "unaligned"},
		{"odd names", file(`{"":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"\u0000":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}`, 2), " U8 [1] 0+1,\x00 U8 [1] 1+1", ""},
		{
			"order of the data",
			file(`{"c":{"dtype":"U8","shape":[2],"data_offsets":[1,3]},"e2":{"dtype":"U8","shape":[0],"data_offsets":[1,1]},`+
				`"e1":{"dtype":"U8","shape":[0],"data_offsets":[1,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}`, 3),
			"a U8 [1] 0+1,e1 U8 [0] 1+0,e2 U8 [0] 1+0,c U8 [2] 1+2", "",
		},
	} {
		got, err := parse(c.data)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		base := 8 + int64(binary.LittleEndian.Uint64(c.data))
		var shapes, codes []string
		for _, x := range got.Tensors {
			shapes = append(shapes, fmt.Sprintf("%s %s %v %d+%d", x.Name, x.DType, x.Shape, x.Origin.Offset-base, x.Bytes()))
		}
		for _, f := range got.Findings {
			codes = append(codes, f.Code)
		}
		if s := strings.Join(shapes, ","); s != c.shapes {
			t.Errorf("%s: got %q, want %q", c.name, s, c.shapes)
		}
		if s := strings.Join(codes, " "); s != c.codes {
			t.Errorf("%s: got findings %q, want %q", c.name, s, c.codes)
		}
	}
}

func TestMetadata(t *testing.T) {
	c, err := parse(file(`{"__metadata__":{"format":"pt","":"é\n"}}`, 0))
	if err != nil || len(c.Metadata) != 2 || c.Metadata["format"] != "pt" || c.Metadata[""] != "é\n" {
		t.Errorf("got %v, %v", c, err)
	}
	if c, err = parse(file(`{}`, 0)); err != nil || c.Metadata != nil {
		t.Errorf("got %v, %v, want no metadata", c, err)
	}
}

// TestDamage cuts a file at every byte and flips every bit: it must be refused
// or read as something that differs, and never panic.
func TestDamage(t *testing.T) {
	whole := file(`{"__metadata__":{"format":"pt"},"a":{"dtype":"BF16","shape":[1,2],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[3],"data_offsets":[4,7]}}`, 7)
	if _, err := parse(whole); err != nil {
		t.Fatal(err)
	}
	for n := range whole {
		if _, err := parse(whole[:n]); err == nil {
			t.Errorf("cut at %d: accepted", n)
		}
	}
	before := describe(t, whole)
	for bit := range 8 * len(whole) {
		b := slices.Clone(whole)
		b[bit/8] ^= 1 << (bit % 8)
		if _, err := parse(b); err == nil && describe(t, b) == before {
			t.Errorf("bit %d flipped: the file reads as before", bit)
		}
	}
}

// describe returns all that a file says, in one string.
func describe(t *testing.T, data []byte) string {
	c, err := parse(data)
	if err != nil {
		t.Fatal(err)
	}
	s := fmt.Sprint(c.Metadata, c.Findings)
	for _, x := range c.Tensors {
		b := make([]byte, x.Bytes())
		if err := formats.ReadFull(x.Data, b, 0); err != nil {
			t.Fatal(err)
		}
		s += fmt.Sprintf("%q %s %v %x\n", x.Name, x.DType, x.Shape, b)
	}
	return s
}

func TestOpen(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.safetensors")
	data := file(one("I32", "[2]", "[0,8]"), 0)
	if err := os.WriteFile(path, append(data, "abcdefgh"...), 0o666); err != nil {
		t.Fatal(err)
	}
	c, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	x := c.Tensors[0]
	if x.Origin != (formats.Origin{Name: "t", File: path, Offset: int64(len(data))}) {
		t.Errorf("got origin %+v", x.Origin)
	}
	if len(c.Files) != 1 || c.Files[0] != (formats.File{Path: path, Bytes: int64(len(data)) + 8}) {
		t.Errorf("got files %v", c.Files)
	}
	e, ok := formats.Extents(x.Data, 2, 4)
	if !ok || len(e) != 1 || e[0].Off != int64(len(data))+2 || e[0].N != 4 || e[0].File.Name() != path {
		t.Errorf("got extents %v, %v, want a range of the file", e, ok)
	}
	got, err := io.ReadAll(io.NewSectionReader(x.Data, 0, x.Bytes()))
	if err != nil || string(got) != "abcdefgh" {
		t.Errorf("got %q, %v", got, err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if err := formats.ReadFull(x.Data, make([]byte, 1), 0); err == nil {
		t.Error("the file can be read after Close")
	}
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	bad := filepath.Join(dir, "bad")
	if err := os.WriteFile(bad, []byte("{}"), 0o666); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		dir:         "found a directory, expected a regular file",
		bad:         bad + ": header length: found a file of 2 bytes, expected at least 8",
		bad + "not": "no such file",
	} {
		if _, err := Open(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// TestMemory holds what is allocated for a header, freed or not, against its
// size.
func TestMemory(t *testing.T) {
	tensors := []byte("{")
	for i := range 50_000 {
		tensors = fmt.Appendf(tensors, `"%d":{"dtype":"U8","shape":[],"data_offsets":[%d,%d]},`, i, i, i+1)
	}
	tensors[len(tensors)-1] = '}'
	for name, data := range map[string][]byte{
		"many tensors":  file(string(tensors), 50_000),
		"long metadata": file(`{"__metadata__":{"a":"`+strings.Repeat("x", 10_000_000)+`"}}`, 0),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := parse(data); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; used > 12*uint64(len(data)) {
			t.Errorf("%s: allocated %d bytes for a file of %d", name, used, len(data))
		}
	}
}

// TestLimits starts with as many entries as there may be.
func TestLimits(t *testing.T) {
	for text, want := range map[string]string{
		one("U8", "[0]", "[0,0]"):    "byte 1: found more than 1000000 tensors, expected at most that many",
		`{"__metadata__":{"a":"b"}}`: "byte 17: found more than 1000000 entries of metadata, expected at most that many",
	} {
		s, err := ordjson.NewScanner(text)
		if err != nil {
			t.Fatal(err)
		}
		p := parser{Scanner: s, names: map[string]struct{}{}}
		p.tensors = make([]info, maxEntries)
		p.entries = maxEntries
		if err := p.Object(p.member); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func FuzzOpen(f *testing.F) {
	for _, c := range malformed {
		if len(c.data) < 4096 {
			f.Add(c.data)
		}
	}
	for _, path := range goldens(f) {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := parse(data)
		if err != nil {
			if strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), "\x1b") {
				t.Errorf("message %q is not one plain line", err)
			}
			return
		}
		// What has been accepted covers the data, and can be written and read back.
		var total int64
		for _, x := range c.Tensors {
			total += x.Bytes()
			if want, err := formats.BytesOf(x.DType, x.Shape); err != nil || want != x.Bytes() {
				t.Errorf("%q: %d bytes for %s %v", x.Name, x.Bytes(), x.DType, x.Shape)
			}
		}
		if want := int64(len(data)) - 8 - int64(binary.LittleEndian.Uint64(data)); total != want {
			t.Errorf("tensors have %d bytes of %d", total, want)
		}
		p, err := Plan("", c.Tensors, c.Metadata)
		if err != nil {
			if !strings.Contains(err.Error(), "name") {
				t.Error(err)
			}
			return
		}
		var out bytes.Buffer
		if _, err := p.WriteTo(&out); err != nil {
			t.Fatal(err)
		}
		if _, err := parse(out.Bytes()); err != nil {
			t.Error(err)
		}
	})
}
