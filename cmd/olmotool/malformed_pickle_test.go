package main

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"strings"
)

// deflated is that many zeros, compressed.
func deflated(n int) string {
	var b bytes.Buffer
	w, _ := flate.NewWriter(&b, flate.BestCompression)
	w.Write(make([]byte, n))
	w.Close()
	return b.String()
}

// tensor says how a tensor is rebuilt; zero fields stand for two by two floats
// of storage 0.
type tensor struct {
	class, key    string
	count, offset int64
	shape, stride []int64
}

func (t tensor) pickle() string {
	if t.class == "" {
		t.class = "torch\nFloatStorage"
	}
	if t.key == "" {
		t.key = "0"
	}
	if t.count == 0 {
		t.count = 4
	}
	if t.shape == nil {
		t.shape = []int64{2, 2}
	}
	if t.stride == nil {
		t.stride = []int64{2, 1}
	}
	return "ctorch._utils\n_rebuild_tensor_v2\n((" + word("storage") + "c" + t.class + "\n" + word(t.key) + word("cpu") + number(t.count) + "tQ" +
		number(t.offset) + tuple(t.shape) + tuple(t.stride) + "\x89ccollections\nOrderedDict\n)RtR"
}

func word(s string) string {
	return "X" + string(binary.LittleEndian.AppendUint32(nil, uint32(len(s)))) + s
}

func number(n int64) string {
	return "\x8a\x08" + string(binary.LittleEndian.AppendUint64(nil, uint64(n)))
}

func tuple(ns []int64) string {
	var b strings.Builder
	for _, n := range ns {
		b.WriteString(number(n))
	}
	return "(" + b.String() + "t"
}

// stateDict is the pickle of {"w": value}.
func stateDict(value string) string { return "\x80\x02}" + word("w") + value + "s." }

// pickleCases are pickles that do not end well. None is ever executed.
func pickleCases() []malformed {
	of := func(name, pickle, want string) malformed {
		return file(name, "x.pt", archive(func(ms []member) []member { ms[0].data = pickle; return ms }), want)
	}
	value := func(name, value, want string) malformed { return of(name, stateDict(value), want) }
	rebuilt := func(name string, t tensor, want string) malformed {
		return value(name, t.pickle(), `tensor "w".*`+want)
	}
	const (
		at   = `data.pkl, byte \d+: `
		none = `found no tensors, expected at least one`
	)
	million := value("a million dimensions", tensor{shape: make([]int64, 1_000_000)}.pickle(), at)
	million.memory = 64 << 20 // the file has 9
	return []malformed{
		of("empty", "", `data.pkl`),
		of("no STOP", "\x80\x02}", at+`.*expected`),
		of("STOP on an empty stack", "\x80\x02.", at),
		of("protocol 6", "\x80\x06}.", at+`.*6`),
		of("unknown opcode", "\x80\x02\xff.", at),
		of("stack underflow", "\x80\x02s.", at),
		of("reduce on an empty stack", "\x80\x02R.", at),
		of("no mark", "\x80\x02t.", at),
		of("pop on an empty stack", "\x80\x020.", at),
		of("memo that was never set", "\x80\x02h\x05.", at+`.*5`),
		described(of("memo 2^32-1", "\x80\x02}r\xff\xff\xff\xff.", none)),
		of("memo -1", "\x80\x02}p-1\n.", at),
		of("memo of 100 digits", "\x80\x02}p1"+strings.Repeat("0", 100)+"\n.", at),
		of("long integer of 2^31-1 bytes", "\x80\x02\x8b\xff\xff\xff\x7f.", at+`.*2147483647`),
		of("string of 2^63 bytes", "\x80\x04\x8d\x00\x00\x00\x00\x00\x00\x00\x80.", at),
		of("string beyond the end", "\x80\x02X\xff\x00\x00\x00abc.", at+`.*255`),
		of("frame beyond the end", "\x80\x04\x95\xff\x00\x00\x00\x00\x00\x00\x00}.", at+`.*255`),
		of("frame in a frame", "\x80\x04\x95\x0b\x00\x00\x00\x00\x00\x00\x00\x95\x02\x00\x00\x00\x00\x00\x00\x00}.", at),
		described(of("not UTF-8", "\x80\x02X\x02\x00\x00\x00\xff\xfe.", none)),
		of("global of many lines", "\x80\x02cos\nsys", at),
		described(of("extension registry", "\x80\x02\x82\x01.", none)),
		of("persistent id that is no tuple", "\x80\x02}"+word("w")+"K\x01Qs.", ``),
		of("a million lists in each other", "\x80\x02"+strings.Repeat("]", 1_000_000)+strings.Repeat("a", 999_999)+".", ``),
		of("a million marks", "\x80\x02"+strings.Repeat("(", 1_000_000)+".", at),
		of("dict with a list as key", "\x80\x02}]K\x01s.", ``),
		of("build of a tuple", "\x80\x02))b.", ``),
		described(of("a module", "\x80\x02}"+word("w")+"ctorch.nn\nLinear\n)Rs.", none)),
		described(of("a command", "\x80\x02cos\nsystem\n("+word("echo broken in > owned")+"tR.", none)),
		of("list doubled sixty times", "\x80\x02]q\x00"+strings.Repeat("]h\x00ah\x00aq\x00", 60)+".", ``),
		of("list that holds itself", "\x80\x02]q\x00h\x00a.", ``),
		described(of("no tensors", "\x80\x02}.", none)),
		rebuilt("view beyond its storage", tensor{offset: 1}, ``),
		rebuilt("negative offset", tensor{offset: -1}, `-1`),
		rebuilt("offset of 2^62", tensor{offset: 1 << 62}, ``),
		rebuilt("negative stride", tensor{stride: []int64{-2, 1}}, `-2`),
		rebuilt("stride of 2^62", tensor{stride: []int64{1 << 62, 1}}, ``),
		rebuilt("negative dimension", tensor{shape: []int64{-2, 2}}, `-2`),
		rebuilt("shape that overflows", tensor{shape: []int64{1 << 40, 1 << 40}}, ``),
		rebuilt("stride 0 that makes petabytes", tensor{shape: []int64{1 << 50}, stride: []int64{0}}, ``),
		rebuilt("65 dimensions", tensor{shape: make([]int64, 65), stride: make([]int64, 65)}, `65`),
		million,
		rebuilt("more strides than dimensions", tensor{stride: []int64{4, 2, 1}}, ``),
		value("storage of negative size", tensor{count: -4}.pickle(), `-4`),
		value("storage of 2^62 elements", tensor{count: 1 << 62}.pickle(), ``),
		value("storage larger than its record", tensor{count: 5}.pickle(), `found 16 bytes, expected 20`),
		value("storage of an unknown class", tensor{class: "evil\nStorage"}.pickle(), `evil`),
		value("key that leads upwards", tensor{key: "../../x"}.pickle(), `storage key "../../x"`),
		of("two types of one storage", "\x80\x02}"+word("a")+tensor{}.pickle()+"s"+word("b")+tensor{class: "torch\nIntStorage"}.pickle()+"s.", ``),
		of("names that are equal when joined", "\x80\x02}"+word("a.b")+tensor{}.pickle()+"s"+word("a")+"}"+word("b")+tensor{}.pickle()+"ss.", `tensor "a.b"`),
		file("legacy stream cut short", "x.pt", "\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.", ``),
		file("legacy stream with a wrong version", "x.pt", "\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe8\x03.\x80\x02}.\x80\x02}.\x80\x02].", `1000`),
		file("a bare pickle cut short", "x.pt", "\x80\x04\x95", ``),
		described(file("a bare pickle of numbers", "x.pkl", "\x80\x02K\x01.", none)),
	}
}
