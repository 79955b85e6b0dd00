package torch

import (
	"bytes"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func scanString(p string) (*Scan, error) {
	return ScanPickle("p", strings.NewReader(p), 0, int64(len(p)))
}

func readString(p string) (Value, *Scan, error) {
	return ReadPickle("p", strings.NewReader(p), 0, int64(len(p)))
}

// malformedPickles are pickles that the scan refuses, with what it says.
var malformedPickles = []struct{ name, pickle, want string }{
	{"empty", "", "p: byte 0: found the end of the pickle, expected STOP"},
	{"no stop", "\x80\x02N", "p: byte 3: found the end of the pickle, expected STOP"},
	{"stop on an empty stack", ".", "p: byte 0: STOP: found an empty stack, expected a value"},
	{"no opcode", "\x80\x02\xff.", "p: byte 2: found byte 0xff, expected an opcode"},
	{"protocol", "\x80\x06N.", "p: byte 0: PROTO: found protocol 6, expected at most 5"},
	{"no argument", "\x80", "p: byte 0: PROTO: found 0 bytes to the end, expected 1"},
	{"short argument", "J\x00\x00", "p: byte 0: BININT: found 2 bytes to the end, expected 4"},

	{"underflow", "\x85.", "p: byte 0: TUPLE1: found 0 values on the stack, expected 1"},
	{"underflow at a mark", "N(\x86.", "p: byte 2: TUPLE2: found 0 values on the stack, expected 2"},
	{"no mark", "t.", "p: byte 0: TUPLE: found no mark, expected one"},
	{"pop", "0.", "p: byte 0: POP: found 0 values on the stack, expected 1"},
	{"odd items", "}(NNNu.", "p: byte 5: SETITEMS: found 3 values, expected pairs of key and value"},
	{"odd dict", "(Nd.", "p: byte 2: DICT: found 1 values, expected pairs of key and value"},
	{"append to a dict", "}Na.", "p: byte 2: APPEND: found a dict, expected a list or object to give items to"},
	{"items of a list", "]NNs.", "p: byte 3: SETITEM: found a list, expected a dict or object to give items to"},
	{"set items of a scalar", "N(NNu.", "p: byte 4: SETITEMS: found a scalar, expected a dict or object to give items to"},
	{"build a tuple", ")Nb.", "p: byte 2: BUILD: found a tuple, expected an object to give a state to"},
	{"build a dict", "}}b.", "p: byte 2: BUILD: found a dict, expected an object to give a state to"},
	{"call a list", "])R.", "p: byte 2: REDUCE: found a list, expected a class or function to call"},
	{"arguments", "cos\nsystem\n]R.", "p: byte 12: REDUCE: found a list as arguments, expected a tuple"},
	{"new of a text", "U\x01x)\x81.", "p: byte 4: NEWOBJ: found a text, expected a class or function to call"},
	{"no class", "(o.", "p: byte 1: OBJ: found nothing after the mark, expected a class"},
	{"no mark for inst", "ios\nsystem\n.", "p: byte 0: INST: found no mark, expected one"},

	{"unset memo", "h\x05.", "p: byte 0: BINGET: found memo index 5, expected one that was put before"},
	{"memo of nothing", "q\x00.", "p: byte 0: BINPUT: found an empty stack, expected a value"},
	{"negative memo", "Np-1\n.", `p: byte 1: PUT: found memo index "-1", expected a number of 32 bits`},
	{"huge memo", "Np1" + strings.Repeat("0", 100) + "\n.", "p: byte 1: PUT: found memo index \"1000000000000000000000000000000000000000\", expected a number of 32 bits"},

	{"long4", "\x8b\xff\xff\xff\x7f.", "p: byte 0: LONG4: found a length of 2147483647 with 1 bytes to the end, expected one that fits"},
	{"big long4", "\x8b\x01\x04\x00\x00" + strings.Repeat("x", 1025) + ".", "p: byte 0: LONG4: found a number of 1025 bytes, expected at most 1024"},
	{"unicode8", "\x8d\x00\x00\x00\x00\x00\x00\x00\x80x.", "p: byte 0: BINUNICODE8: found a length of 9223372036854775808 with 2 bytes to the end, expected one that fits"},
	{"bytes8", "\x8e\xff\xff\xff\xff\xff\xff\xff\xff.", "p: byte 0: BINBYTES8: found a length of 18446744073709551615 with 1 bytes to the end, expected one that fits"},
	{"bytearray8", "\x96\x00\x00\x00\x00\x01\x00\x00\x00.", "p: byte 0: BYTEARRAY8: found a length of 4294967296 with 1 bytes to the end, expected one that fits"},
	{"string length", "T\xff\xff\xff\xff.", "p: byte 0: BINSTRING: found a length of 4294967295 with 1 bytes to the end, expected one that fits"},

	{"long frame", "\x80\x04\x95\x00\x00\x00\x00\x00\x01\x00\x00N.", "p: byte 2: FRAME: found a frame of 1099511627776 bytes with 2 to the end, expected one that fits"},
	{"nested frame", "\x95\x0b\x00\x00\x00\x00\x00\x00\x00\x95\x02\x00\x00\x00\x00\x00\x00\x00N.", "p: byte 9: FRAME: found a frame inside the one that ends at byte 20, expected it behind"},
	{"frame across an opcode", "\x95\x02\x00\x00\x00\x00\x00\x00\x00J\x01\x00\x00\x00.", "p: byte 9: found BININT across the end of the frame at byte 11, expected it to end there"},
	{"frame behind stop", "\x95\x05\x00\x00\x00\x00\x00\x00\x00N.NN.", "p: byte 10: found STOP before the end of the frame at byte 14, expected it to end there"},

	{"no line", "cos", "p: byte 0: GLOBAL: found no newline to the end, expected one"},
	{"one line", "cos\nsystem", "p: byte 0: GLOBAL: found no newline to the end, expected one"},
	{"long line", "V" + strings.Repeat("x", 70000) + "\n.", "p: byte 0: UNICODE: found a line of more than 65536 bytes, expected a newline"},
	{"long name", "c" + strings.Repeat("x", 2000) + "\ny\n.", "p: byte 0: GLOBAL: found a name of 2000 bytes, expected at most 1024"},
	{"unquoted", "Sabc\n.", `p: byte 0: STRING: found "abc", expected a text in quotes`},
	{"one quote", "S'\n.", `p: byte 0: STRING: found "'", expected a text in quotes`},
	{"no int", "I\n.", `p: byte 0: INT: found "", expected an integer`},
	{"int of letters", "I0x10\n.", `p: byte 0: INT: found "0x10", expected an integer`},
	{"no long", "LL\n.", `p: byte 0: LONG: found "L", expected an integer`},
	{"many digits", "L" + strings.Repeat("9", 5000) + "L\n.", "p: byte 0: LONG: found a number of 5001 digits, expected at most 4300"},
	{"no float", "F1,5\n.", `p: byte 0: FLOAT: found "1,5", expected a number`},
	{"buffer", "\x97.", "p: byte 0: NEXT_BUFFER: found a buffer outside of the pickle, expected all of it inside"},
	{"read-only nothing", "\x98.", "p: byte 0: READONLY_BUFFER: found an empty stack, expected a value"},
	{"name of a number", "U\x02osK\x01\x93.", "p: byte 6: STACK_GLOBAL: found a scalar, expected the text of a module or name"},

	{"marks", strings.Repeat("(", 20000), "p: byte 10000: MARK: found more than 10000 open marks, expected fewer"},
	{"stack", strings.Repeat("N", 1<<19), "p: byte 262144: NONE: found more than 262144 values on the stack, expected fewer"},
	{"dicts", strings.Repeat("}0", 1<<20), "p: byte 762594: found values that take more than 114389376 bytes, expected at most that of a pickle so long"},
}

func TestScanMalformed(t *testing.T) {
	for _, c := range malformedPickles {
		t.Run(c.name, func(t *testing.T) {
			_, err := scanString(c.pickle)
			if err == nil || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("found %v\nexpected %s", err, c.want)
			}
			if _, _, err := readString(c.pickle); err == nil {
				t.Error("it was read")
			}
		})
	}
}

// TestUnderflow: each opcode on an empty stack is an error or pushes a value.
func TestUnderflow(t *testing.T) {
	for code, op := range opcodes {
		if op.name == "" {
			continue
		}
		p := string([]byte{byte(code)}) + strings.Repeat("\x01", 8) + "\n1\n" + strings.Repeat(".", 300)
		if _, _, err := readString(p); err != nil && !strings.HasPrefix(err.Error(), "p: byte ") {
			t.Errorf("%s: %v", op.name, err)
		}
	}
}

func TestScanGlobals(t *testing.T) {
	for _, c := range []struct {
		name, pickle string
		want         []Global
	}{
		{"global called", "cos\nsystem\nU\x02ls\x85R.", []Global{{Module: "os", Name: "system", Via: "GLOBAL", Calls: 1}}},
		{"value only", "\x80\x02ctorch\nfloat32\n.", []Global{{Module: "torch", Name: "float32", Offset: 2, Via: "GLOBAL"}}},
		{"inst", "(U\x02lsios\nsystem\n.", []Global{{Module: "os", Name: "system", Offset: 5, Via: "INST", Calls: 1}}},
		{"obj", "(cos\nsystem\nU\x02lso.", []Global{{Module: "os", Name: "system", Offset: 1, Via: "GLOBAL", Calls: 1}}},
		{"stack global", "\x80\x04\x8c\x02os\x94\x8c\x06system\x93.", []Global{{Module: "os", Name: "system", Offset: 15, Via: "STACK_GLOBAL"}}},
		{"from the memo", "U\x06systemq\x000U\x02osh\x00\x93)R.", []Global{{Module: "os", Name: "system", Offset: 17, Via: "STACK_GLOBAL", Calls: 1}}},
		{"computed", "U\x02oscm\nf\n)R\x93.", []Global{
			{Module: "m", Name: "f", Offset: 4, Via: "GLOBAL", Calls: 1},
			{Offset: 11, Via: "STACK_GLOBAL", Computed: true},
		}},
		{"escaped", "U\x02osV\\u0073ystem\n\x93.", []Global{{Offset: 17, Via: "STACK_GLOBAL", Computed: true}}},
		{"extension", "\x82\x05)R.", []Global{{Name: "5", Via: "EXT1", Computed: true, Calls: 1}}},
		{"extensions", "\x83\x05\x010\x84\x05\x00\x01\x00.", []Global{
			{Name: "261", Via: "EXT2", Computed: true}, {Name: "65541", Offset: 4, Via: "EXT4", Computed: true},
		}},
		{"state", "cm\nC\n)\x81}b.", []Global{{Module: "m", Name: "C", Via: "GLOBAL", Calls: 1, Builds: 1}}},
		{"new with names", "cm\nC\n)}\x92.", []Global{{Module: "m", Name: "C", Via: "GLOBAL", Calls: 1}}},
		{"result called", "cm\nf\n)R)R.", []Global{{Module: "m", Name: "f", Via: "GLOBAL", Calls: 2}}},
		{"strange names", "c a b\n\xff.\x1b[0m\n.", []Global{{Module: " a b", Name: "\xff.\x1b[0m", Via: "GLOBAL"}}},
		{"discarded", "cos\nsystem\nU\x02ls\x85R0N.", []Global{{Module: "os", Name: "system", Via: "GLOBAL", Calls: 1}}},
	} {
		s, err := scanString(c.pickle)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if d := cmp.Diff(c.want, s.Globals); d != "" {
			t.Errorf("%s: %s", c.name, d)
		}
		if _, _, err := readString(c.pickle); err != nil && c.name != "escaped" {
			t.Errorf("%s: read: %v", c.name, err)
		}
	}
}

// TestScanBroken: what comes before an error is reported with it.
func TestScanBroken(t *testing.T) {
	s, err := scanString("cos\nsystem\nU\x02ls\x85R\xff")
	if err == nil || len(s.Globals) != 1 || s.Globals[0].Calls != 1 {
		t.Errorf("found %+v, %v", s, err)
	}
}

func TestScanEnd(t *testing.T) {
	p := "skipped\x80\x02K\x07.\x80\x02N.tail"
	s, err := ScanPickle("p", strings.NewReader(p), 7, int64(len(p)))
	if err != nil || s.End != 12 || s.Protocol != 2 || s.Ops != 3 {
		t.Errorf("found %+v, %v", s, err)
	}
	v, s, err := ReadPickle("p", strings.NewReader(p), s.End, int64(len(p)))
	if err != nil || v != nil || s.End != 16 {
		t.Errorf("found %v, %+v, %v", v, s, err)
	}
}

// TestHeapEstimate: what the scan takes the values of a pickle to need is not
// less than what they do need.
func TestHeapEstimate(t *testing.T) {
	const n = 10000
	repeat := func(s string) string { return strings.Repeat(s, n) }
	for name, p := range map[string]string{
		"ints":          "(" + repeat("J\x01\x02\x03\x04") + "t.",
		"texts":         "(" + repeat("U\x01x") + "l.",
		"bytes":         "(" + repeat("C\x01x") + "l.",
		"longs":         "(" + repeat("\x8a\x09\x01\x02\x03\x04\x05\x06\x07\x08\x09") + "l.",
		"tuples":        "(" + repeat(")") + "t.",
		"tuples of one": "(" + repeat("N\x85") + "t.",
		"tuples of 2":   "(" + repeat("NN\x86") + "t.",
		"tuples of 3":   "(" + repeat("NNN\x87") + "t.",
		"marked tuples": "(" + repeat("(Nt") + "t.",
		"lists":         "(" + repeat("]") + "t.",
		"lists of one":  "(" + repeat("]Na") + "t.",
		"marked lists":  "(" + repeat("(l") + "t.",
		"dicts":         "(" + repeat("}") + "t.",
		"dicts of one":  "(" + repeat("}NNs") + "t.",
		"marked dicts":  "(" + repeat("(d") + "t.",
		"one dict": "}(" + func() string {
			var b bytes.Buffer
			for i := range n {
				b.Write([]byte{'J', byte(i), byte(i >> 8), 0, 0, 'N'})
			}
			return b.String()
		}() + "u.",
		"one list":           "](" + repeat("N") + "e.",
		"appends":            "]" + repeat("Na") + ".",
		"globals":            "(" + repeat("cm\nx\n") + "t.",
		"stack globals":      "U\x01mq\x000(" + repeat("h\x00h\x00\x93") + "t.",
		"insts":              "(" + repeat("(im\nx\n") + "t.",
		"objs":               "cm\nx\nq\x000(" + repeat("(h\x00o") + "t.",
		"calls":              "cm\nx\nq\x000(" + repeat("h\x00)R") + "t.",
		"calls with 1":       "cm\nx\nq\x000(" + repeat("h\x00N\x85R") + "t.",
		"news with names":    "cm\nx\nq\x000(" + repeat("h\x00)}\x92") + "t.",
		"ordered dicts":      "ccollections\nOrderedDict\nq\x000(" + repeat("h\x00)R") + "t.",
		"objects with items": "cm\nx\nq\x000(" + repeat("h\x00)RNaNNs") + "t.",
		"persistent":         "(" + repeat(")Q") + "t.",
		"memo":               "N" + repeat("\x94") + ".",
		"puts": "N" + func() string {
			var b bytes.Buffer
			for i := range n {
				b.Write([]byte{'r', byte(i), byte(i >> 8), byte(i >> 16), 0})
			}
			return b.String()
		}() + ".",
		"sets":       "(" + repeat("\x8f") + "t.",
		"frozensets": "(" + repeat("(\x91") + "t.",
		"extensions": "(" + repeat("\x82\x01") + "t.",
	} {
		s := newScanner(&window{file: "p", r: strings.NewReader(p), end: int64(len(p))})
		if err := s.run(); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		estimate := s.heap
		s = nil
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		s = newScanner(&window{file: "p", r: strings.NewReader(p), end: int64(len(p))})
		if err := s.run(); err != nil {
			t.Fatal(err)
		}
		raw, err := runGopickle(s.safe, s.Globals)
		if err != nil {
			t.Fatal(err)
		}
		c := newConverter()
		v, err := c.value(raw, 0)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		live := int64(after.HeapAlloc) - int64(before.HeapAlloc)
		t.Logf("%-20s %6.0f bytes live per item, %6.0f estimated, %5.1f per byte", name, float64(live)/n, float64(estimate)/n, float64(live)/float64(len(p)))
		if live > estimate+int64(4*len(p))+100<<10 {
			t.Errorf("%s: found %d bytes live, expected at most the %d estimated", name, live, estimate)
		}
		runtime.KeepAlive(s)
		runtime.KeepAlive(raw)
		runtime.KeepAlive(c)
		runtime.KeepAlive(v)
	}
}
