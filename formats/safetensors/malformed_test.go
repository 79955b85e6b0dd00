package safetensors

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"

	"olmotool/formats"
)

// file returns the bytes of a file with that header and so many bytes of data.
func file(header string, data int) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	b = append(b, header...)
	return append(b, make([]byte, data)...)
}

// one returns a header with one tensor "t".
func one(dtype, shape, offsets string) string {
	return fmt.Sprintf(`{"t":{"dtype":%q,"shape":%s,"data_offsets":%s}}`, dtype, shape, offsets)
}

func parse(data []byte) (*formats.Checkpoint, error) {
	return OpenAt(bytes.NewReader(data), int64(len(data)), "f")
}

// repeat returns the members of n tensors of that description.
func repeat(n int, info string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"t%d":%s`, i, info)
	}
	return "{" + b.String()[1:] + "}"
}

const i32 = `{"dtype":"I32","shape":[2,2],"data_offsets":[0,16]}`

var malformed = []struct {
	name string
	data []byte
	want string
}{
	// The length of the header.
	{"empty file", nil, "f: header length: found a file of 0 bytes, expected at least 8"},
	{"seven bytes", make([]byte, 7), "f: header length: found a file of 7 bytes, expected at least 8"},
	{"too large", []byte("\x3c\x00\x00\x00\x00\xff\xff\xff"), "f: header length: found 18446742974197923900, expected at most 100000000"},
	{"one too large", []byte("\x01\xe1\xf5\x05\x00\x00\x00\x00"), "f: header length: found 100000001, expected at most 100000000"},
	{"at the limit", []byte("\x00\xe1\xf5\x05\x00\x00\x00\x00"), "f: header length: found 100000000, expected at most the 0 bytes that follow"},
	{"sum overflows", bytes.Repeat([]byte{0xff}, 16), "found 18446744073709551615, expected at most 100000000"},
	{"beyond the file", []byte("\x3c\x00\x00\x00\x00\x00\x00\x00"), "f: header length: found 60, expected at most the 0 bytes that follow"},
	{"rewritten to 1000", append([]byte("\xe8\x03\x00\x00\x00\x00\x00\x00"), file(one("I32", "[2,2]", "[0,16]"), 16)[8:]...), "f: header length: found 1000, expected at most the 73 bytes"},
	{"cut in half", file(one("I32", "[2,2]", "[0,16]"), 16)[:34], "f: header length: found 57, expected at most the 26 bytes"},
	{"LFS pointer", []byte("version https://git-lfs.github.com/spec/v1\noid sha256:4d\nsize 1\n"), "f: header length: found 2336927755350992246, expected at most 100000000"},
	{"HTML", []byte("<!DOCTYPE html><html>"), "f: header length: found "},
	{"no header at all", make([]byte, 8), "f: header: byte 8: found the end of the document, expected an object"},
	{"zeros", make([]byte, 100), "f: header: byte 8: found the end of the document, expected an object"},

	// Its text.
	{"not UTF-8", file("\xff", 0), "f: header: byte 8: found invalid UTF-8 (byte 0xff), expected UTF-8 text"},
	{"not JSON", file("{", 0), "f: header: byte 9: found the end of the document, expected a key in double quotes"},
	{"an array", file("[]", 0), "f: header: byte 8: found an array, expected an object"},
	{"NUL padding", file("{}\x00", 0), "f: header: byte 10: found character U+0000, expected the end of the document"},
	{"byte order mark", file("\ufeff{}", 0), "f: header: byte 8: found a byte order mark, expected an object"},
	{"comment", file("{/**/}", 0), "f: header: byte 9: found '/', expected a key"},
	{"trailing comma", file(`{"t":`+i32+`,}`, 16), "byte 65: found '}', expected a key in double quotes"},
	{"lone surrogate", file(`{"\ud800":`+i32+`}`, 16), `byte 10: found lone surrogate \ud800, expected a pair`},
	{"raw control character", file("{\"a\nb\":"+i32+`}`, 16), "byte 11: found raw control character 0x0a in a string"},
	{"deep", file(`{"t":{"x":`+strings.Repeat("[", 200), 0), "found more than 128 levels of nesting, expected at most that many"},

	// Descriptions of tensors.
	{"duplicate name", file(`{"t":`+i32+`,"t":`+i32+`}`, 16), `f: header: byte 65: found key "t" a second time, expected each key once`},
	{"duplicate by escape", file(`{"t":`+i32+`,"\u0074":`+i32+`}`, 16), `found key "t" a second time`},
	{"duplicate field", file(`{"t":{"dtype":"U8","dtype":"U8","shape":[0],"data_offsets":[0,0]}}`, 0), `f: tensor "t": byte 27: found key "dtype" a second time`},
	{"duplicate shape", file(`{"t":{"dtype":"U8","shape":[0],"shape":[0],"data_offsets":[0,0]}}`, 0), `f: tensor "t": byte 39: found key "shape" a second time`},
	{"duplicate offsets", file(`{"t":{"dtype":"U8","shape":[0],"data_offsets":[0,0],"data_offsets":[0,0]}}`, 0), `f: tensor "t": byte 60: found key "data_offsets" a second time`},
	{"info is an array", file(`{"t":["I32",[2,2],[0,16]]}`, 16), `f: tensor "t": byte 13: found an array, expected an object`},
	{"info is null", file(`{"t":null}`, 0), `f: tensor "t": byte 13: found "null", expected an object`},
	{"no dtype", file(`{"t":{"shape":[0],"data_offsets":[0,0]}}`, 0), `f: tensor "t": byte 13: found no dtype, expected one`},
	{"no shape", file(`{"t":{"dtype":"U8","data_offsets":[0,0]}}`, 0), `f: tensor "t": byte 13: found no shape, expected one`},
	{"no offsets", file(`{"t":{"dtype":"U8","shape":[0]}}`, 0), `f: tensor "t": byte 13: found no data_offsets, expected them`},
	{"unknown dtype", file(one("F31", "[0]", "[0,0]"), 0), `f: tensor "t": byte 22: found dtype "F31", expected one of the format's`},
	{"lower case dtype", file(one("f32", "[0]", "[0,0]"), 0), `f: tensor "t": byte 22: found dtype "f32", expected one of the format's`},
	{"dtype of GGUF", file(one("Q8_0", "[0]", "[0,0]"), 0), `found dtype "Q8_0", expected one of the format's`},
	{"dtype of torch", file(one("C128", "[0]", "[0,0]"), 0), `found dtype "C128", expected one of the format's`},
	{"dtype a number", file(`{"t":{"dtype":7,"shape":[0],"data_offsets":[0,0]}}`, 0), `f: tensor "t": byte 22: found a number, expected a string`},
	{"shape a string", file(one("U8", `"0"`, "[0,0]"), 0), "found a string, expected an array"},
	{"dimension negative", file(one("U8", "[-1]", "[0,0]"), 0), `f: tensor "t": byte 36: found dimension -1, expected an integer from 0, written in digits`},
	{"dimension minus zero", file(one("U8", "[-0]", "[0,0]"), 0), "found dimension -0, expected an integer from 0, written in digits"},
	{"dimension float", file(one("U8", "[2.0]", "[0,2]"), 2), "found dimension 2.0, expected an integer from 0, written in digits"},
	{"dimension exponent", file(one("U8", "[2e0]", "[0,2]"), 2), "found dimension 2e0, expected an integer from 0, written in digits"},
	{"dimension leading zero", file(one("U8", "[02]", "[0,2]"), 2), "expected a number without leading zeros"},
	{"dimension string", file(one("U8", `["2"]`, "[0,2]"), 2), "found a string, expected a number"},
	{"dimension null", file(one("U8", `[null]`, "[0,2]"), 2), `found "null", expected a number`},
	{"dimension 2^63", file(one("U8", "[9223372036854775808]", "[0,0]"), 0), "found dimension 9223372036854775808, expected at most 9223372036854775807"},
	{"dimension 2^64", file(one("U8", "[18446744073709551616]", "[0,0]"), 0), "found dimension 18446744073709551616, expected at most 9223372036854775807"},
	{"65 dimensions", file(one("U8", "[1"+strings.Repeat(",1", 64)+"]", "[0,1]"), 1), "found more than 64 dimensions, expected at most that many"},
	{"one offset", file(one("U8", "[0]", "[0]"), 0), `f: tensor "t": byte 54: found 1 data_offsets, expected two`},
	{"no offset", file(one("U8", "[0]", "[]"), 0), `found 0 data_offsets, expected two`},
	{"three offsets", file(one("U8", "[0]", "[0,0,0]"), 0), "found more than two data_offsets, expected two"},
	{"offset NaN", file(one("U8", "[0]", "[0,NaN]"), 0), `found "NaN", expected a number`},
	{"offset 2^53+1 as float", file(one("U8", "[0]", "[0,9007199254740993.0]"), 0), "found offset 9007199254740993.0, expected an integer"},
	{"reversed offsets", file(one("U8", "[2]", "[2,0]"), 2), `f: tensor "t": byte 54: found data_offsets [2,0], expected the end not before the beginning`},

	// Metadata.
	{"metadata value", file(`{"__metadata__":{"a":1}}`, 0), "f: header: byte 29: found a number, expected a string"},
	{"metadata null value", file(`{"__metadata__":{"a":null}}`, 0), `f: header: byte 29: found "null", expected a string`},
	{"metadata array", file(`{"__metadata__":[]}`, 0), "f: header: byte 24: found an array, expected an object"},
	{"metadata nulx", file(`{"__metadata__":nul}`, 0), `f: header: byte 24: found "nul", expected a value`},
	{"metadata twice", file(`{"__metadata__":{},"__metadata__":{}}`, 0), `f: header: byte 27: found key "__metadata__" a second time`},
	{"metadata key twice", file(`{"__metadata__":{"a":"1","a":"2"}}`, 0), `f: header: byte 33: found key "a" a second time`},

	// Where the data is.
	{"json attack", file(repeat(10, `{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]}`), 16), `f: tensor "t1": found data_offsets [0,16], expected them to begin at 16, after tensor "t0"`},
	{"json attack, large", file(repeat(100_000, `{"dtype":"F32","shape":[200,200],"data_offsets":[0,160000]}`), 160000), `f: tensor "t1": found data_offsets [0,160000], expected them to begin at 160000`},
	{"polyglot tail", append(file(one("I32", "[2,2]", "[0,16]"), 16), "hello"...), "f: data: found 21 bytes, expected 16: 5 belong to no tensor"},
	{"tail without tensors", file("{}", 1), "f: data: found 1 bytes, expected 0: 1 belong to no tensor"},
	{"short data", file(one("I32", "[2,2]", "[0,16]"), 14), "f: data: found 14 bytes, expected 16: the file is cut short"},
	{"4 MiB claimed", file(one("U8", "[4194304]", "[0,4194304]"), 1), "f: data: found 1 bytes, expected 4194304: the file is cut short"},
	{"size of the info", file(one("I32", "[2,2]", "[0,4]"), 0), `f: tensor "t": found 4 bytes (data_offsets [0,4]), expected 16 for I32 [2 2]`},
	{"shape overflows", file(one("I32", "[2,18446744073709551614]", "[0,16]"), 16), "found dimension 18446744073709551614, expected at most 9223372036854775807"},
	{"shape overflows int64", file(one("I32", "[4,9223372036854775807]", "[0,16]"), 16), `f: tensor "t": found shape [4 9223372036854775807], expected at most 2⁶³-1 elements`},
	{"bytes overflow", file(one("I32", "[9223372036854775807]", "[0,16]"), 16), `f: tensor "t": found shape [9223372036854775807] of I32, expected at most 2⁶³-1 bytes`},
	{"overflow, then zero", file(one("U8", "[3,9223372036854775807,0]", "[0,0]"), 0), "expected at most 2⁶³-1 elements"},
	{"odd nibbles", file(one("F4", "[1,3]", "[0,2]"), 2), `f: tensor "t": found 3 elements of F4, expected a multiple of 2, which fill whole bytes`},
	{"six bits", file(one("F6_E2M3", "[5]", "[0,4]"), 4), `f: tensor "t": found 5 elements of F6_E2M3, expected a multiple of 4`},
	{"nibbles' size", file(one("F4", "[1,2]", "[0,2]"), 2), `f: tensor "t": found 2 bytes (data_offsets [0,2]), expected 1 for F4 [1 2]`},
	{"data not from 0", file(one("U8", "[1]", "[1,2]"), 2), `f: tensor "t": found data_offsets [1,2], expected them to begin at 0`},
	{"hole", file(`{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[3,5]}}`, 5), `f: tensor "b": found data_offsets [3,5], expected them to begin at 2, after tensor "a"`},
	{"overlap", file(`{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}`, 3), `f: tensor "b": found data_offsets [1,3], expected them to begin at 2, after tensor "a"`},
	{"empty inside another", file(`{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"e":{"dtype":"U8","shape":[0],"data_offsets":[1,1]}}`, 2), `f: tensor "e": found data_offsets [1,1], expected them to begin at 2`},
	{"empty behind the end", file(one("U8", "[0]", "[8,8]"), 0), `f: tensor "t": found data_offsets [8,8], expected them to begin at 0`},
	{"offsets at 2^63", file(one("U8", "[9223372036854775807]", "[0,9223372036854775807]"), 0), "f: data: found 0 bytes, expected 9223372036854775807: the file is cut short"},
	{"a name of escapes", file("{\"\\u001b[31m\\u202e\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,1]}}", 1), `f: tensor "\x1b[31m\u202e": found 1 bytes`},
}

func TestMalformed(t *testing.T) {
	for _, c := range malformed {
		_, err := parse(c.data)
		var e *formats.Error
		if !errors.As(err, &e) || !strings.Contains(e.Error(), c.want) || strings.Contains(e.Error(), "\n") {
			t.Errorf("%s: got %v, want %s", c.name, err, c.want)
		}
	}
}
