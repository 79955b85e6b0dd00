package gguf

import (
	"bytes"
	"encoding/binary"
	"math"
	"runtime"
	"strings"
	"testing"

	"olmotool/formats"
)

// malformed are files that must be refused, and what the message must say.
var malformed = []struct {
	name  string
	file  []byte
	words []string
}{
	// What comes before the records.
	{"empty file", nil, []string{"header: found 0 bytes left at byte 0, expected 4 for magic"}},
	{"magic only", []byte("GGUF"), []string{"header: found 0 bytes left at byte 4, expected 4 for version"}},
	{"other magic", []byte("FUGG\x03\x00\x00\x00"), []string{`found "FUGG", expected "GGUF"`}},
	{"terminal escape as magic", []byte("\x1b[1m\x03\x00\x00\x00"), []string{`found "\x1b[1m", expected "GGUF"`}},
	{"version 0", head(0, 0, 0).b, []string{"header: found version 0, expected 2 or 3"}},
	{"version 1", head(1, 0, 0).b, []string{"header: found version 1, expected 2 or 3: convert the original model again"}},
	{"version 4", head(4, 0, 0).b, []string{"found version 4, expected 2 or 3"}},
	{"big-endian version 1", head(1<<24, 0, 0).b, []string{"found version 1, expected 2 or 3"}},
	{"big-endian version 257", head(1<<16|1<<24, 0, 0).b, []string{"found version 257, expected 2 or 3"}},
	{"no counts", (&raw{[]byte("GGUF")}).u32(3).zeros(7).b, []string{"found 7 bytes left at byte 8, expected 8 for tensor count"}},
	{"2^60 tensors", head(3, 1<<60, 0).b, []string{"header: found 1152921504606846976 tensors, expected at most 0 in the 0 bytes that are left"}},
	{"-1 tensors", head(3, math.MaxUint64, 0).b, []string{"header: found 18446744073709551615 tensors, expected at most 0"}},
	{"2^60 keys", head(3, 0, 1<<60).zeros(140).b, []string{"header: found 1152921504606846976 keys, expected at most 10 in the 140 bytes that are left"}},
	{"one tensor too many", head(3, 2, 0).tensor("", 0, 0).pad(32).zeros(4).b, []string{"found 2 tensors, expected at most 1"}},

	// Keys.
	{"key longer than the file", head(3, 0, 1).u64(100).zeros(14).b, []string{"key 0: found key length 100 at byte 24, expected at most 14, as 14 bytes are left"}},
	{"key of 2^64-1 bytes", head(3, 0, 1).u64(math.MaxUint64).zeros(14).b, []string{"key 0: found key length 18446744073709551615 at byte 24, expected at most 14"}},
	{"empty key", head(3, 0, 2).key("a", 1).key("", 1).b, []string{"key 1: found an empty key, expected a name"}},
	{"key of 65536 bytes", head(3, 0, 1).key(strings.Repeat("k", 65536), 1).b, []string{"key 0: found a key of 65536 bytes, expected at most 65535"}},
	{"NUL in a key", head(3, 0, 1).key("a\x00b", 1).b, []string{"key 0: found a NUL byte in the key, expected none"}},
	{"duplicate key", head(3, 0, 3).key("a", 1).key("b", 1).key("a", 2).b, []string{`key "a": found a second one, expected one`}},
	{"value type 13", head(3, 0, 1).str("a").u32(13).zeros(8).b, []string{`key "a": found value type 13, expected 0 to 12`}},
	{"value type -1", head(3, 0, 1).str("a").u32(math.MaxUint32).zeros(8).b, []string{`key "a": found value type 4294967295, expected 0 to 12`}},
	{"escape in a key", head(3, 0, 1).str("\x1b[31m").u32(13).zeros(8).b, []string{`key "\x1b[31m": found value type 13`}},
	{"value cut off", head(3, 0, 1).str("a").u32(10).zeros(7).b, []string{`key "a": found 7 bytes left at byte 37, expected 8 for value`}},
	{"string longer than the file", head(3, 0, 1).str("a").u32(8).u64(6).zeros(5).b, []string{`key "a": found string length 6 at byte 37, expected at most 5, as 5 bytes are left`}},
	{"string of 2^64-1 bytes", head(3, 0, 1).str("a").u32(8).u64(math.MaxUint64).b, []string{`key "a": found string length 18446744073709551615`}},
	{"array of arrays", head(3, 0, 1).str("a").u32(9).u32(9).u64(1).zeros(16).b, []string{`key "a": found an array of arrays, expected an array of plain values`}},
	{"element type 13", head(3, 0, 1).str("a").u32(9).u32(13).u64(1).zeros(16).b, []string{`key "a": found element type 13, expected 0 to 12`}},
	{"10^9 bools", head(3, 0, 1).str("a").u32(9).u32(7).u64(1e9).zeros(1000).b, []string{`key "a": found array length 1000000000 at byte 41, expected at most 1000`}},
	{"array of 2^61 uint64", head(3, 0, 1).str("a").u32(9).u32(10).u64(1 << 61).zeros(80).b, []string{`key "a": found array length 2305843009213693952 at byte 41, expected at most 10, as 80 bytes are left`}},
	{"array of 2^61 strings", head(3, 0, 1).str("a").u32(9).u32(8).u64(1 << 61).zeros(80).b, []string{`key "a": found array length 2305843009213693952 at byte 41, expected at most 10`}},
	{"string in an array longer than the file", head(3, 0, 1).str("a").u32(9).u32(8).u64(2).str("x").u64(99).b, []string{`key "a": found string length 99 at byte 58, expected at most 0`}},

	// general.alignment.
	{"alignment 0", head(3, 0, 1).key(alignmentKey, 0).b, []string{`key "general.alignment": found 0, expected a power of two of at most 1048576`}},
	{"alignment 3", head(3, 0, 1).key(alignmentKey, 3).b, []string{`key "general.alignment": found 3, expected a power of two`}},
	{"alignment 2^31", head(3, 0, 1).key(alignmentKey, 1<<31).b, []string{`key "general.alignment": found 2147483648, expected a power of two of at most 1048576`}},
	{"alignment of another type", head(3, 0, 1).str(alignmentKey).u32(10).u64(32).b, []string{`key "general.alignment": found uint64, expected uint32`}},

	// Tensors.
	{"name of 64 bytes", head(3, 1, 0).tensor(strings.Repeat("n", 64), 0, 0, 1).pad(32).zeros(4).b, []string{"tensor 0: found a name of 64 bytes, expected at most 63"}},
	{"NUL in a name", head(3, 1, 0).tensor("a\x00b", 0, 0, 1).pad(32).zeros(4).b, []string{"tensor 0: found a NUL byte in the name, expected none"}},
	{"name longer than the file", head(3, 1, 0).u64(99).zeros(16).b, []string{"tensor 0: found name length 99 at byte 24, expected at most 16"}},
	{"duplicate name", head(3, 2, 0).tensor("a", 0, 0, 1).tensor("a", 0, 32, 1).pad(32).zeros(64).b, []string{`tensor "a": found a second one, expected one`}},
	{"five dimensions", head(3, 1, 0).tensor("a", 0, 0, 1, 1, 1, 1, 1).pad(32).zeros(4).b, []string{`tensor "a": found 5 dimensions, expected at most 4`}},
	{"2^32-1 dimensions", head(3, 1, 0).str("a").u32(math.MaxUint32).zeros(12).b, []string{`tensor "a": found 4294967295 dimensions, expected at most 4`}},
	{"negative dimension", head(3, 1, 0).tensor("a", 0, 0, 2, math.MaxUint64).pad(32).zeros(4).b, []string{`tensor "a": found 18446744073709551615 elements in dimension 1, expected less than 2^63`}},
	{"product over 2^63", head(3, 1, 0).tensor("a", 0, 0, 1<<32, 1<<31).pad(32).zeros(4).b, []string{`tensor "a": found shape [2147483648 4294967296], expected a product of less than 2^63`}},
	{"product wraps to 4", head(3, 1, 0).tensor("a", 0, 0, 1<<33+2, 1<<31, 1<<32).pad(32).zeros(4).b, []string{`tensor "a"`, "found shape [", "], expected a product of less than 2^63"}},
	{"product wraps to 0", head(3, 1, 0).tensor("a", 0, 0, 1<<32, 1<<32).pad(32).zeros(4).b, []string{`tensor "a"`, "found shape [", "], expected a product of less than 2^63"}},
	{"bytes over 2^63", head(3, 1, 0).tensor("a", 0, 0, 1<<62).pad(32).zeros(4).b, []string{`tensor "a": found F32 of shape [4611686018427387904], expected less than 2^63 bytes`}},
	{"Q4_2", head(3, 1, 0).tensor("a", 4, 0, 32).pad(32).zeros(64).b, []string{`tensor "a": found type 4 (Q4_2), which the format no longer has, expected a current type: quantise the model again`}},
	{"IQ4_NL_8_8", head(3, 1, 0).tensor("a", 38, 0, 32).pad(32).zeros(64).b, []string{`tensor "a": found type 38 (IQ4_NL_8_8)`}},
	{"type 43", head(3, 1, 0).tensor("a", 43, 0, 32).pad(32).zeros(64).b, []string{`tensor "a": found unknown type 43, expected at most 42`}},
	{"type -1", head(3, 1, 0).tensor("a", math.MaxUint32, 0, 32).pad(32).zeros(64).b, []string{`tensor "a": found unknown type 4294967295, expected at most 42`}},
	{"row cuts a block", head(3, 1, 0).tensor("a", 8, 0, 16, 2).pad(32).zeros(64).b, []string{`tensor "a": found rows of 16 elements, expected a multiple of 32 for Q8_0`}},
	{"scalar of a block type", head(3, 1, 0).tensor("a", 8, 0).pad(32).zeros(64).b, []string{`tensor "a": found rows of 1 elements, expected a multiple of 32 for Q8_0`}},
	{"record cut off", head(3, 1, 0).str("").u32(0).u32(0).u64(0).b[:47], []string{"header: found 1 tensors, expected at most 0 in the 23 bytes"}},
	{"record cut off in its offset", head(3, 1, 0).tensor("abc", 0, 0).b[:47], []string{"header: found 1 tensors, expected at most 0"}},
	{"record cut off in its dimensions", head(3, 1, 0).str("a").u32(4).zeros(20).b, []string{`tensor "a": found 4 bytes left at byte 53, expected 8 for dimension`}},

	// Data.
	{"offset -1", head(3, 1, 0).tensor("a", 0, math.MaxUint64, 1).pad(32).zeros(4).b, []string{`tensor "a": found offset 18446744073709551615, expected less than 2^63`}},
	{"first offset not 0", head(3, 1, 0).tensor("a", 0, 32, 1).pad(32).zeros(64).b, []string{`tensor "a": found offset 32, expected 0, where the tensor before it ends`}},
	{"offset not aligned", head(3, 2, 0).tensor("a", 0, 0, 1).tensor("b", 0, 4, 1).pad(32).zeros(64).b, []string{`tensor "b": found offset 4, expected 32`}},
	{"gap", head(3, 2, 0).tensor("a", 0, 0, 1).tensor("b", 0, 64, 1).pad(32).zeros(96).b, []string{`tensor "b": found offset 64, expected 32`}},
	{"overlap", head(3, 2, 0).tensor("a", 0, 0, 16).tensor("b", 0, 32, 1).pad(32).zeros(96).b, []string{`tensor "b": found offset 32, expected 64`}},
	{"other order", head(3, 2, 0).tensor("a", 0, 32, 1).tensor("b", 0, 0, 1).pad(32).zeros(64).b, []string{`tensor "a": found offset 32, expected 0`}},
	{"offsets for another alignment", head(3, 2, 1).key(alignmentKey, 64).tensor("a", 0, 0, 1).tensor("b", 0, 32, 1).pad(64).zeros(128).b, []string{`tensor "b": found offset 32, expected 64`}},
	{"data begins behind the file", head(3, 1, 0).tensor("a", 0, 0, 1).b, []string{`tensor "a": found a file of 57 bytes, expected at least 68 for data of 4 bytes at byte 64`}},
	{"empty tensor behind the file", head(3, 1, 0).tensor("a", 0, 0, 0).b, []string{`tensor "a": found a file of 57 bytes, expected at least 64 for data of 0 bytes`}},
	{"data cut off", head(3, 1, 0).tensor("a", 0, 0, 2).pad(32).zeros(7).b, []string{`tensor "a": found a file of 71 bytes, expected at least 72 for data of 8 bytes at byte 64`}},
	{"data far larger than the file", head(3, 1, 0).tensor("a", 0, 0, 1<<40).pad(32).zeros(7).b, []string{`tensor "a": found a file of 71 bytes, expected at least 4398046511168`}},
	{"end of data overflows", head(3, 1, 0).tensor("a", 24, 0, 1<<63-1).pad(32).zeros(4).b, []string{`tensor "a"`, "found data of 9223372036854775807 bytes at byte 64, expected it to end below byte 2^63"}},
}

func TestMalformed(t *testing.T) {
	for _, m := range malformed {
		t.Run(m.name, func(t *testing.T) {
			_, err := Open(writeFile(t, "model.gguf", m.file))
			wantError(t, err, append(m.words, "model.gguf: ")...)
		})
	}
}

func TestWellFormed(t *testing.T) {
	for _, x := range []struct {
		name    string
		file    []byte
		tensors int
		finding string // the code of the one finding
	}{
		{"nothing at all", head(3, 0, 0).b, 0, ""},
		{"version 2", head(2, 1, 1).key("a", 1).tensor("t", 0, 0, 1).pad(32).zeros(32).b, 1, ""},
		{"no tensors, no padding", head(3, 0, 1).key("a", 1).b, 0, ""},
		{"no tensors, padded", head(3, 0, 1).key("a", 1).pad(32).b, 0, ""},
		{"no padding at the end", head(3, 1, 0).tensor("a", 0, 0, 1).pad(32).zeros(4).b, 1, ""},
		{"some padding at the end", head(3, 1, 0).tensor("a", 0, 0, 1).pad(32).zeros(20).b, 1, ""},
		{"unnamed scalar", head(3, 1, 0).tensor("", 0, 0).pad(32).zeros(4).b, 1, ""},
		{"no elements", head(3, 2, 0).tensor("a", 0, 0, 3, 0).tensor("b", 8, 0, 32, 1).pad(32).zeros(34).b, 2, ""},
		{"alignment 2^20", head(3, 1, 1).key(alignmentKey, 1<<20).tensor("a", 0, 0, 1).pad(1 << 20).zeros(4).b, 1, ""},
		{"four dimensions", head(3, 1, 0).tensor("a", 24, 0, 1, 2, 3, 4).pad(32).zeros(24).b, 1, ""},
		{"empty array", head(3, 0, 1).str("a").u32(9).u32(8).u64(0).b, 0, ""},
		{"bytes after the data", head(3, 1, 0).tensor("a", 0, 0, 1).pad(32).zeros(33).b, 1, "trailing-bytes"},
		{"bytes after no data", head(3, 0, 0).zeros(9).b, 0, "trailing-bytes"},
		{"a bool of 2", append(head(3, 0, 1).str("a").u32(7).b, 2), 0, "bool-value"},
		{"bools of 2", append(head(3, 0, 1).str("a").u32(9).u32(7).u64(3).b, 0, 1, 2), 0, "bool-value"},
	} {
		t.Run(x.name, func(t *testing.T) {
			f := open(t, writeFile(t, "model.gguf", x.file))
			if len(f.Tensors) != x.tensors {
				t.Errorf("%d tensors, want %d", len(f.Tensors), x.tensors)
			}
			codes := ""
			for _, finding := range f.Findings {
				codes += finding.Code
				if finding.Severity != formats.Warning || !strings.Contains(finding.Where, "model.gguf") {
					t.Errorf("finding %+v", finding)
				}
			}
			if codes != x.finding {
				t.Errorf("findings %q, want %q", codes, x.finding)
			}
		})
	}
}

// What a file may make us hold is bounded however large it is: here 1 GiB.
func TestLimits(t *testing.T) {
	const size = 1 << 30
	for _, x := range []struct {
		file []byte
		want string
	}{
		{head(3, 0, 1).str("a").u32(9).u32(0).u64(size - 100).b, `key "a": found metadata of more than 134217728 bytes (array length at byte 49 needs 1073741724), expected at most that`},
		{head(3, 0, 1).str("a").u32(9).u32(8).u64((size - 100) / 8).b, `key "a": found metadata of more than 134217728 bytes`},
		{head(3, 0, 1).str("a").u32(8).u64(size - 100).b, `key "a": found metadata of more than 134217728 bytes`},
		{head(3, 0, 1).u64(size - 100).b, "key 0: found metadata of more than 134217728 bytes"},
		{head(3, maxTensors+1, 0).b, "header: found 1048577 tensors, expected at most 1048576"},
		{head(3, 0, maxKeys+1).b, "header: found 65537 keys, expected at most 65536"},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := readHeader("model.gguf", zeroExtended{bytes.NewReader(x.file)}, size)
		runtime.ReadMemStats(&after)
		wantError(t, err, x.want)
		if n := after.TotalAlloc - before.TotalAlloc; n > 1<<20 {
			t.Errorf("%s: %d bytes were allocated", x.want, n)
		}
	}
}

// zeroExtended reads as zeros behind its end.
type zeroExtended struct{ *bytes.Reader }

func (z zeroExtended) ReadAt(p []byte, off int64) (int, error) {
	n, _ := z.Reader.ReadAt(p, off)
	clear(p[n:])
	return len(p), nil
}

// A file cut anywhere is refused, or else lacks only padding.
func TestTruncated(t *testing.T) {
	for _, g := range goldens(t) {
		b := golden(t, g.name)
		for n := range b {
			f, err := read(g.name, bytes.NewReader(b[:n]), int64(n))
			if err != nil {
				wantError(t, err, g.name)
			} else {
				compareTensors(t, f.Tensors, g.tensors)
			}
		}
	}
}

// A header with a flipped bit is refused or read, without a panic.
func TestFlipped(t *testing.T) {
	for _, name := range []string{"kinds.gguf", "kinds-be.gguf", "align8.gguf"} {
		b := golden(t, name)
		h, err := readHeader(name, bytes.NewReader(b), int64(len(b)))
		if err != nil {
			t.Fatal(err)
		}
		for i := range b[:h.tensors[0].at] {
			for bit := range 8 {
				b[i] ^= 1 << bit
				if f, err := read(name, bytes.NewReader(b), int64(len(b))); err == nil {
					for _, x := range f.Tensors {
						dataOf(t, x)
					}
				}
				b[i] ^= 1 << bit
			}
		}
	}
}

func TestOpenNoFile(t *testing.T) {
	if _, err := Open(t.TempDir()); err == nil || !strings.Contains(err.Error(), "found a directory, expected a regular file") {
		t.Errorf("a directory: %v", err)
	}
	if _, err := Open(t.TempDir() + "/none"); err == nil {
		t.Error("no error for a file that is not there")
	}
}

// The order of a file is told by its version, at any version.
func TestBigEndianVersion(t *testing.T) {
	for _, v := range []uint32{2, 3} {
		b := binary.BigEndian.AppendUint32([]byte("GGUF"), v)
		b = append(b, make([]byte, 16)...)
		f, err := read("x", bytes.NewReader(b), int64(len(b)))
		if err != nil || !f.BigEndian || f.Version != v {
			t.Errorf("version %d: %+v, %v", v, f, err)
		}
	}
}
