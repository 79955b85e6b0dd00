package torch

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const (
	legacyStart  = "\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."
	legacyNumber = "\x80\x02M\xe9\x03."
	legacySystem = "\x80\x02}(U\x10protocol_versionM\xe9\x03U\x0dlittle_endian\x88u."
)

// legacyStorage is a storage in the stream: its count and its bytes.
func legacyStorage(count uint64, data string) string {
	return string(binary.LittleEndian.AppendUint64(nil, count)) + data
}

func TestLegacy(t *testing.T) {
	object := inDict(tensorOf("(U\x07storage"+floats+"U\x03keyU\x03cpuK\x02NtQ", 1, nil, nil))
	keys := "\x80\x02]U\x03keya."
	data := legacyStorage(2, "abcdefgh")
	for _, c := range []struct{ name, stream, want string }{
		{"whole", legacyStart + legacyNumber + legacySystem + object + keys + data, ""},
		{"big-endian writer", legacyStart + legacyNumber + strings.Replace(legacySystem, "\x88", "\x89", 1) + object + keys + data, ""},
		{"module", legacyStart + legacyNumber + legacySystem + "\x80\x02}(U\x01m(U\x06modulecm\nC\nU\x01fU\x01stQU\x01t" + object[6:len(object)-2] + "u." + keys + data, ""},
		{"protocol", legacyStart + "\x80\x02K\x05." + legacySystem, "pickle at byte 15: found an int 5, expected protocol version 1001"},
		{"system", legacyStart + legacyNumber + "\x80\x02N.", "pickle at byte 21: found None, expected a plain dict about the writer's machine"},
		{"system with globals", legacyStart + legacyNumber + "\x80\x02}cos\nsystem\n0.", "pickle at byte 21: found a dict, expected a plain dict about the writer's machine"},
		{"magic alone", legacyStart, "byte 15: found the end of the pickle, expected STOP"},
		{"no keys", legacyStart + legacyNumber + legacySystem + object, "byte 195: found the end of the pickle, expected STOP"},
		{"keys", legacyStart + legacyNumber + legacySystem + object + "N." + data, "pickle at byte 195: found None, expected the list of storage keys"},
		{"unknown key", legacyStart + legacyNumber + legacySystem + object + "]U\x03keyaU\x01xa." + data + data, `pickle at byte 195: found storage key "x", expected one that the object refers to`},
		{"key twice", legacyStart + legacyNumber + legacySystem + object + "]U\x03keyaU\x03keya." + data + data, `pickle at byte 195: found storage key "key" twice, expected each once`},
		{"key missing", legacyStart + legacyNumber + legacySystem + object + "]." + data, `pickle at byte 195: found no storage key "key", expected all that the object refers to`},
		{"no count", legacyStart + legacyNumber + legacySystem + object + keys + "\x02\x00", `storage "key": found 2 bytes to the end, expected its size in 8`},
		{"count", legacyStart + legacyNumber + legacySystem + object + keys + legacyStorage(3, "abcdefghijkl"), `storage "key": found 3 elements at byte 205, expected 2 as the object says`},
		{"huge count", legacyStart + legacyNumber + legacySystem + object + keys + legacyStorage(1<<63, "abcdefghijkl"), `storage "key": found -9223372036854775808 elements at byte 205, expected 2 as the object says`},
		{"short data", legacyStart + legacyNumber + legacySystem + object + keys + legacyStorage(2, "abcdefg"), `storage "key": found 7 bytes to the end, expected 8`},
		{"no elements of the pickle's storage", legacyStart + legacyNumber + legacySystem + inDict("NQ"), "pickle at byte 64: found None as a persistent id, expected a tuple"},
	} {
		f, err := openBytes([]byte(c.stream))
		if c.want == "" {
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
			} else if got := tensorBytes(t, f.Tensors[0]); string(got) != "efgh" || len(f.Findings) > len(f.Scan.Globals)/3 {
				t.Errorf("%s: found %q, %v", c.name, got, f.Findings)
			}
			continue
		}
		if err == nil || err.Error() != "f.pt: "+c.want {
			t.Errorf("%s: found %v\nexpected %s", c.name, err, c.want)
		}
	}
	f, err := openBytes([]byte(legacyStart + legacyNumber + legacySystem + object + keys + data + "tail"))
	if err != nil || len(f.Findings) != 1 || f.Findings[0].Code != "trailing-bytes" {
		t.Errorf("bytes behind: %v", err)
	}
}

// TestOther: what is neither archive nor pickle.
func TestOther(t *testing.T) {
	tar := make([]byte, 1024)
	copy(tar[257:], "ustar")
	for _, c := range []struct{ content, want string }{
		{"", "found an empty file, expected a zip archive or a pickle"},
		{"\x80", `found bytes "\x80", expected a zip archive or a pickle`},
		{"PK\x05\x06", "found an empty zip archive, expected a zip archive or a pickle"},
		{string(tar), "found a tar archive (torch 0.1: load and save it with a newer torch), expected a zip archive or a pickle"},
		{"\x80\x06N.", "found a pickle of protocol 6, expected a zip archive or a pickle"},
		{"PYTORCH1 and more than that", `found bytes "PYTORCH1 and mor", expected a zip archive or a pickle`},
		{"\x1b[31mred", `found bytes "\x1b[31mred", expected a zip archive or a pickle`},
		{"PK\x03\x04", "end record: found none in the last 4 bytes, expected one (was the file cut short?)"},
		{"\x80\x02", "byte 2: found the end of the pickle, expected STOP"},
	} {
		if _, err := openBytes([]byte(c.content)); err == nil || err.Error() != "f.pt: "+c.want {
			t.Errorf("found %v\nexpected %s", err, c.want)
		}
	}
	dir := t.TempDir()
	if _, err := Open(dir); err == nil || err.Error() != dir+": found a directory, expected a regular file" {
		t.Errorf("found %v", err)
	}
	if _, err := Open(filepath.Join(dir, "missing")); !os.IsNotExist(err) {
		t.Errorf("found %v", err)
	}
}
