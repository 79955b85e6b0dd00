package main

import (
	"encoding/binary"
	"strings"
)

// Pieces of a GGUF file, little-endian.
func u32(n uint32) string             { return string(binary.LittleEndian.AppendUint32(nil, n)) }
func u64(n uint64) string             { return string(binary.LittleEndian.AppendUint64(nil, n)) }
func str(s string) string             { return u64(uint64(len(s))) + s }
func kvStr(k, v string) string        { return str(k) + u32(8) + str(v) }
func kvU32(k string, v uint32) string { return str(k) + u32(4) + u32(v) }

// record describes a tensor.
func record(name string, kind uint32, offset uint64, dims ...uint64) string {
	s := str(name) + u32(uint32(len(dims)))
	for _, d := range dims {
		s += u64(d)
	}
	return s + u32(kind) + u64(offset)
}

// ggufOf is a file of these key-values and tensors, with data behind them.
func ggufOf(kvs, tensors []string, data string) string {
	s := "GGUF" + u32(3) + u64(uint64(len(tensors))) + u64(uint64(len(kvs))) + strings.Join(kvs, "") + strings.Join(tensors, "")
	return s + strings.Repeat("\x00", (32-len(s)%32)%32) + data
}

// ggufCases are the files that readers of GGUF have failed on.
func ggufCases() []malformed {
	arch := kvStr("general.architecture", "olmo2")
	row := record("w", 0, 0, 8) // F32
	data := strings.Repeat("\x00", 32)
	of := func(name, content, want string) malformed { return file(name, "x.gguf", content, want) }
	kvs := func(name, want string, kvs ...string) malformed {
		return of(name, ggufOf(kvs, []string{row}, data), want)
	}
	tensors := func(name, want string, ts ...string) malformed {
		return of(name, ggufOf([]string{arch}, ts, data), want)
	}
	array := func(kind uint32, n uint64, values string) string {
		return str("a") + u32(9) + u32(kind) + u64(n) + values
	}
	nested := str("a") + u32(9) + strings.Repeat(u32(9)+u64(1), 1000) + u32(0) + u64(1) + "\x00"
	return []malformed{
		of("magic in the other order", "FUGG"+u32(3)+u64(0)+u64(0), `FUGG`),
		of("version 0", "GGUF"+u32(0)+u64(0)+u64(0), `version`),
		of("version 1", "GGUF"+u32(1)+u32(0)+u32(0), `version`),
		of("version 4", "GGUF"+u32(4)+u64(0)+u64(0), `version`),
		of("cut in the counts", "GGUF"+u32(3)+u64(0), ``),
		of("2^63 tensors", "GGUF"+u32(3)+u64(1<<63)+u64(0), `tensor`),
		of("2^40 tensors", "GGUF"+u32(3)+u64(1<<40)+u64(0), `1099511627776`),
		of("2^63 key-values", "GGUF"+u32(3)+u64(0)+u64(1<<63), ``),
		of("10^6 key-values in a small file", "GGUF"+u32(3)+u64(0)+u64(1_000_000), `1000000`),
		kvs("key of 2^40 bytes", `1099511627776`, u64(1<<40)+"a"),
		kvs("empty key", `key`, kvU32("", 1)),
		kvs("the same key twice", `"general.architecture"`, arch, arch),
		kvs("unknown type of value", `13`, str("a")+u32(13)+u32(0)),
		kvs("string of 2^63 bytes", `key "a"`, str("a")+u32(8)+u64(1<<63)+"x"),
		kvs("string of 2^64-1 bytes", `key "a"`, str("a")+u32(8)+u64(1<<64-1)+"x"),
		kvs("string beyond the file", `key "a"`, str("a")+u32(8)+u64(1<<20)+"x"),
		kvs("array of 10^9 bools", `key "a"`, array(7, 1_000_000_000, "")),
		kvs("array whose size overflows", `key "a"`, array(10, 1<<61, "")),
		kvs("array of 2^40 strings", `key "a"`, array(8, 1<<40, "")),
		kvs("arrays in each other", `key "a"`, nested),
		kvs("alignment 0", `general.alignment`, arch, kvU32("general.alignment", 0)),
		kvs("alignment 48", `general.alignment.*48`, arch, kvU32("general.alignment", 48)),
		kvs("alignment 2^31", `general.alignment.*2147483648`, arch, kvU32("general.alignment", 1<<31)),
		kvs("alignment that is a string", `general.alignment`, arch, kvStr("general.alignment", "32")),
		kvs("no architecture", `general.architecture`, kvU32("a", 1)),
		kvs("architecture that is a number", `general.architecture`, kvU32("general.architecture", 1)),
		kvs("unknown architecture", `"llama"`, kvStr("general.architecture", "llama")),
		kvs("colours in the architecture", `"\\x1b\[31mred"`, kvStr("general.architecture", "\x1b[31mred")),
		kvs("architecture without its keys", `olmo2\.`, arch),
		kvs("key of the wrong type", `olmo2\.block_count`, arch, kvStr("olmo2.block_count", "2")),
		tensors("name of 64 bytes", `64`, record(strings.Repeat("n", 64), 0, 0, 8)),
		tensors("the same tensor twice", `"w"`, row, record("w", 0, 32, 8)),
		tensors("five dimensions", `"w".*5`, record("w", 0, 0, 8, 1, 1, 1, 1)),
		tensors("2^32-1 dimensions", `"w".*4294967295`, str("w")+u32(1<<32-1)),
		tensors("dimension of 2^63", `"w"`, record("w", 0, 0, 1<<63)),
		tensors("shape that overflows", `"w"`, record("w", 0, 0, 1<<40, 1<<40)),
		tensors("shape that wraps to a small number", `"w"`, record("w", 0, 0, 1<<32, 1<<32, 1, 8)),
		tensors("size that overflows", `"w"`, record("w", 0, 0, 1<<62)),
		tensors("unknown type", `"w".*99`, record("w", 99, 0, 8)),
		tensors("type that was removed", `"w".*4`, record("w", 4, 0, 32)),
		tensors("row that is no whole block", `"w".*32`, record("w", 8, 0, 33)),
		tensors("offset that is not the next", `"w"`, record("w", 0, 32, 8)),
		tensors("tensors that overlap", `"v"`, row, record("v", 0, 0, 8)),
		tensors("offset of 2^64-32", `"w"`, record("w", 0, 1<<64-32, 8)),
		tensors("data beyond the file", `"w"`, record("w", 0, 0, 9)),
		of("data missing", ggufOf([]string{arch}, []string{row}, ""), `"w"`),
		of("padding missing", strings.TrimRight(ggufOf([]string{arch}, []string{row}, ""), "\x00"), ``),
		kvs("split without its number", `split.no`, arch, str("split.count")+u32(2)+"\x02\x00"),
		kvs("shard under another name", `file name.*x.gguf`, arch, str("split.count")+u32(2)+"\x02\x00", str("split.no")+u32(2)+"\x00\x00",
			str("split.tensors.count")+u32(5)+u32(1)),
		{
			name: "shard of a set that is not there", path: "x-00001-of-00002.gguf", want: `"x-00002-of-00002.gguf"`,
			files: files{"x-00001-of-00002.gguf": ggufOf([]string{
				arch, str("split.count") + u32(2) + "\x02\x00", str("split.no") + u32(2) + "\x00\x00",
				str("split.tensors.count") + u32(5) + u32(1),
			}, []string{row}, data)},
		},
	}
}
