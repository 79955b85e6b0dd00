package main

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// safetensor is a file with this header and data.
func safetensor(header, data string) string {
	return string(binary.LittleEndian.AppendUint64(nil, uint64(len(header)))) + header + data
}

// safetensorsCases are the invalid inputs of the reference's test suite and of
// its audit, and what it accepts by accident.
func safetensorsCases() []malformed {
	const data16 = "0123456789abcdef"
	entry := func(dtype, shape, offsets string) string {
		return fmt.Sprintf(`{"dtype":"%s","shape":%s,"data_offsets":%s}`, dtype, shape, offsets)
	}
	one := func(dtype, shape, offsets string) string { return `{"w":` + entry(dtype, shape, offsets) + `}` }
	good := entry("I32", "[2,2]", "[0,16]")
	same := func(n int) string {
		es := make([]string, n)
		for i := range es {
			es[i] = fmt.Sprintf(`"w%d":%s`, i, good)
		}
		return "{" + strings.Join(es, ",") + "}"
	}
	of := func(name, content, want string) malformed { return file(name, "x.safetensors", content, want) }
	header := func(name, header, want string) malformed { return of(name, safetensor(header, data16), want) }

	big := of("header of 20 MB with one value", safetensor(`{"__metadata__":{"a":"`+strings.Repeat("x", 20_000_000)+`"},"w":`+good+"}", ""), `data: found 0 bytes`)
	big.memory = 100 << 20
	bomb := header("100,000 tensors in one range", same(100_000), `tensor "w\d+": .*0`)
	bomb.memory = 128 << 20
	return []malformed{
		header("ten tensors in one range", same(10), `tensor "w\d": `),
		bomb,
		of("bytes behind the data", safetensor(`{"w":`+good+"}", data16+"PK\x03\x04more"), `data: found 24 bytes, expected 16`),
		of("data cut short", safetensor(`{"w":`+good+"}", data16[:14]), `data: found 14 bytes, expected 16`),
		of("no data", safetensor(`{"w":`+good+"}", ""), `data: found 0 bytes, expected 16`),
		of("header too long for the format", "\x3c\x00\x00\x00\x00\xff\x00\x00{"+data16, ``),
		of("header longer than 2^63", "\x3c\x00\x00\x00\x00\xff\xff\xff{"+data16, ``),
		of("header of 100,000,001 bytes", "\x01\xe1\xf5\x05\x00\x00\x00\x00{"+data16, `found .*100000001.*, expected .*100000000`),
		of("header beyond the file", "\x3c\x00\x00\x00\x00\x00\x00\x00{", `found .*60.*expected`),
		of("header cut in half", safetensor(`{"w":`+good+"}", "")[:40], `expected`),
		of("length word changed", "\xe8\x03\x00\x00\x00\x00\x00\x00"+`{"w":`+good+"}"+data16, `1000`),
		header("not UTF-8", "{\"\xff\":1}", `UTF-8`),
		header("not JSON", `{`, `byte`),
		header("no comma", `{"w":`+good+` "v":`+good+`}`, `expected`),
		header("trailing comma", `{"w":`+good+`,}`, `expected`),
		header("comment", `{/**/"w":`+good+`}`, `expected`),
		header("NUL padding", `{"w":`+good+"}\x00\x00", `expected`),
		header("byte order mark", "{\ufeff\"w\":"+good+"}", `expected`),
		header("lone surrogate", `{"\ud800":`+good+`}`, `surrogate`),
		header("raw control character in a name", "{\"a\x01\":"+good+"}", `expected`),
		header("nested too deeply", `{"w":`+strings.Repeat(`[`, 200)+strings.Repeat(`]`, 200)+`}`, `expected`),
		header("the same name twice", `{"w":`+good+`,"w":`+good+`}`, `"w"`),
		header("the same field twice", `{"w":{"dtype":"I32","dtype":"I32","shape":[2,2],"data_offsets":[0,16]}}`, `dtype`),
		header("metadata twice", `{"__metadata__":{},"__metadata__":{},"w":`+good+`}`, `__metadata__`),
		header("the same key of metadata twice", `{"__metadata__":{"a":"1","a":"2"},"w":`+good+`}`, `"a"`),
		header("metadata that is no string", `{"__metadata__":{"a":1},"w":`+good+`}`, `expected`),
		header("entry that is an array", `{"w":["I32",[2,2],[0,16]]}`, `"w"`),
		header("field missing", `{"w":{"dtype":"I32","shape":[2,2]}}`, `data_offsets`),
		header("unknown type", one("I33", "[2,2]", "[0,16]"), `tensor "w".*"I33"`),
		header("type in lower case", one("i32", "[2,2]", "[0,16]"), `"i32"`),
		header("shape and size differ", one("I32", "[2,2]", "[0,4]"), `tensor "w".*found 4 bytes.*expected 16`),
		header("shape that overflows", one("I32", "[2,18446744073709551614]", "[0,16]"), `tensor "w"`),
		header("size that overflows", one("I32", "[2,9223372036854775807]", "[0,16]"), `tensor "w": found shape .*, expected at most 2⁶³-1 elements`),
		header("dimension that is negative", one("I32", "[-2,2]", "[0,16]"), `tensor "w".*-2`),
		header("dimension with a fraction", one("I32", "[2.5,2]", "[0,16]"), `2.5`),
		header("dimension with an exponent", one("I32", "[2e0,2]", "[0,16]"), `2e0`),
		header("dimension in quotes", one("I32", `["2",2]`, "[0,16]"), `expected`),
		header("dimension with a leading zero", one("I32", "[02,2]", "[0,16]"), `expected`),
		header("dimension minus zero", one("I32", "[-0,2]", "[0,16]"), `-0`),
		header("65 dimensions", one("I32", "[1"+strings.Repeat(",1", 64)+"]", "[0,4]"), `65`),
		header("half a byte", one("F4", "[1,3]", "[0,2]"), `tensor "w"`),
		header("offsets reversed", one("I32", "[2,2]", "[16,0]"), `tensor "w".*16`),
		header("three offsets", one("I32", "[2,2]", "[0,8,16]"), `tensor "w"`),
		header("offset beyond 2^53", one("I32", "[2,2]", "[9007199254740993,9007199254741009]"), `9007199254740993`),
		header("offset beyond 2^64", one("I32", "[2,2]", "[0,18446744073709551632]"), `18446744073709551632`),
		header("hole of one byte", `{"a":`+entry("U8", "[7]", "[0,7]")+`,"b":`+entry("U8", "[8]", "[8,16]")+`}`, `tensor "b".*8.*expected.*7`),
		header("overlap of one byte", `{"a":`+entry("U8", "[9]", "[0,9]")+`,"b":`+entry("U8", "[8]", "[8,16]")+`}`, `tensor "b".*8.*expected.*9`),
		header("data that begins late", one("U8", "[15]", "[1,16]"), `tensor "w"`),
		header("empty tensor inside of another", `{"a":`+entry("U8", "[16]", "[0,16]")+`,"b":`+entry("U8", "[0]", "[8,8]")+`}`, `tensor "b"`),
		header("colour in a name", `{"\u001b[31mred":`+entry("I32", "[2,2]", "[0,4]")+`}`, `tensor "\\x1b\[31mred"`),
		big,
		described(of("no tensors", safetensor(`{}`, ""), `found no tensors, expected at least one`)),
		described(header("name that cannot be written", `{"":`+good+`}`, `tensor "": found an empty name`)),
	}
}

// indexCases are a list of shards from somebody who is not trusted.
func indexCases() []malformed {
	shard := safetensor(`{"w":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}`, "1234")
	const index = "model.safetensors.index.json"
	of := func(name, weightMap, want string) malformed {
		return malformed{name: name, path: index, want: want, files: files{
			index: `{"metadata":{"total_size":4},"weight_map":` + weightMap + `}`, "a.safetensors": shard, "sub/a.safetensors": shard,
		}}
	}
	return []malformed{
		of("path upwards", `{"w":"../a.safetensors"}`, `"../a.safetensors"`),
		of("path downwards", `{"w":"sub/a.safetensors"}`, `"sub/a.safetensors"`),
		of("absolute path", `{"w":"/etc/passwd.safetensors"}`, `"/etc/passwd.safetensors"`),
		of("backslash", `{"w":"..\\a.safetensors"}`, `a.safetensors"`),
		of("drive letter", `{"w":"C:a.safetensors"}`, `"C:a.safetensors"`),
		of("NUL in a name", `{"w":"a\u0000.safetensors"}`, `"a\\x00.safetensors"`),
		of("other extension", `{"w":"a.bin"}`, `"a.bin"`),
		of("the index itself", `{"w":"model.safetensors.index.json"}`, `index.json"`),
		of("empty name", `{"w":""}`, `""`),
		of("number instead of a name", `{"w":1}`, `expected`),
		of("no shards", `{}`, `expected`),
		of("list instead of a map", `["a.safetensors"]`, `expected`),
		of("shards missing", `{"w":"a.safetensors","v":"b.safetensors","u":"c.safetensors"}`, `"b.safetensors", "c.safetensors"`),
		of("tensor missing in its shard", `{"w":"a.safetensors","v":"a.safetensors"}`, `"v"`),
		of("tensor that the index does not list", `{"v":"a.safetensors"}`, `"[vw]"`),
		of("the same tensor twice", `{"w":"a.safetensors","w":"a.safetensors"}`, `"w"`),
		file("no weight_map", index, `{"metadata":{}}`, `weight_map`),
		file("nested too deeply", index, strings.Repeat(`{"a":`, 200)+"1"+strings.Repeat("}", 200), `expected`),
		file("not JSON", index, "<html>", `expected`),
	}
}
