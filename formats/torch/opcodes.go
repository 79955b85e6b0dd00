package torch

// argument is the kind of argument that an opcode has.
type argument uint8

const (
	argNone   argument = iota
	argByte            // 1, 2, 4, 8: so many bytes
	argTwo             //
	argFour            //
	argEight           //
	argLine            // text up to a newline
	argLines           // two such
	argCount1          // a length of 1, 4, 8 bytes, and so many bytes
	argCount4          //
	argCount8          //
)

// opcode is one of the 68 opcodes of protocols 0 to 5, whose names and
// arguments CPython's pickletools documents. heap is what the values that it
// makes take in memory, in bytes, beyond a slot on the stack and the bytes of
// its argument: what gopickle allocates, and what is made of that afterwards.
type opcode struct {
	name string
	arg  argument
	heap int64
}

var opcodes = [256]opcode{
	'(':  {"MARK", argNone, 280},
	'.':  {"STOP", argNone, 0},
	'0':  {"POP", argNone, 0},
	'1':  {"POP_MARK", argNone, 0},
	'2':  {"DUP", argNone, 0},
	'F':  {"FLOAT", argLine, 8},
	'I':  {"INT", argLine, 24},
	'J':  {"BININT", argFour, 24},
	'K':  {"BININT1", argByte, 8},
	'L':  {"LONG", argLine, 80},
	'M':  {"BININT2", argTwo, 24},
	'N':  {"NONE", argNone, 0},
	'P':  {"PERSID", argLine, 320},
	'Q':  {"BINPERSID", argNone, 320},
	'R':  {"REDUCE", argNone, 400},
	'S':  {"STRING", argLine, 16},
	'T':  {"BINSTRING", argCount4, 16},
	'U':  {"SHORT_BINSTRING", argCount1, 16},
	'V':  {"UNICODE", argLine, 16},
	'X':  {"BINUNICODE", argCount4, 16},
	'a':  {"APPEND", argNone, 64},
	'b':  {"BUILD", argNone, 0},
	'c':  {"GLOBAL", argLines, 480},
	'd':  {"DICT", argNone, 300},
	'}':  {"EMPTY_DICT", argNone, 300},
	'e':  {"APPENDS", argNone, 0},
	'g':  {"GET", argLine, 0},
	'h':  {"BINGET", argByte, 0},
	'i':  {"INST", argLines, 800},
	'j':  {"LONG_BINGET", argFour, 0},
	'l':  {"LIST", argNone, 160},
	']':  {"EMPTY_LIST", argNone, 240},
	'o':  {"OBJ", argNone, 400},
	'p':  {"PUT", argLine, 64},
	'q':  {"BINPUT", argByte, 64},
	'r':  {"LONG_BINPUT", argFour, 64},
	's':  {"SETITEM", argNone, 160},
	't':  {"TUPLE", argNone, 160},
	')':  {"EMPTY_TUPLE", argNone, 160},
	'u':  {"SETITEMS", argNone, 0},
	'G':  {"BINFLOAT", argEight, 8},
	0x80: {"PROTO", argByte, 0},
	0x81: {"NEWOBJ", argNone, 400},
	0x82: {"EXT1", argByte, 480},
	0x83: {"EXT2", argTwo, 480},
	0x84: {"EXT4", argFour, 480},
	0x85: {"TUPLE1", argNone, 200},
	0x86: {"TUPLE2", argNone, 240},
	0x87: {"TUPLE3", argNone, 280},
	0x88: {"NEWTRUE", argNone, 0},
	0x89: {"NEWFALSE", argNone, 0},
	0x8a: {"LONG1", argCount1, 80},
	0x8b: {"LONG4", argCount4, 80},
	'B':  {"BINBYTES", argCount4, 24},
	'C':  {"SHORT_BINBYTES", argCount1, 24},
	0x8c: {"SHORT_BINUNICODE", argCount1, 16},
	0x8d: {"BINUNICODE8", argCount8, 16},
	0x8e: {"BINBYTES8", argCount8, 24},
	0x8f: {"EMPTY_SET", argNone, 240},
	0x90: {"ADDITEMS", argNone, 0},
	0x91: {"FROZENSET", argNone, 160},
	0x92: {"NEWOBJ_EX", argNone, 640},
	0x93: {"STACK_GLOBAL", argNone, 480},
	0x94: {"MEMOIZE", argNone, 64},
	0x95: {"FRAME", argEight, 0},
	0x96: {"BYTEARRAY8", argCount8, 24},
	0x97: {"NEXT_BUFFER", argNone, 0},
	0x98: {"READONLY_BUFFER", argNone, 0},
}

// heapItem and heapPair are what a value takes in a list, set or tuple and a key
// with its value in a dict, before and after it is made one of our values.
const (
	heapItem = 64
	heapPair = 200
)
