package torch

// Opcode says how an opcode of pickles is opcodeForms: its name, and what follows
// it. At most one of the numbers is not 0.
type Opcode struct {
	Name    string // as in Python's pickletools; empty for a byte that is no opcode
	Fixed   int    // so many bytes, a little-endian number except for BINFLOAT
	Lines   int    // so many texts, each up to a newline
	Counted int    // a little-endian length of so many bytes, and as many bytes as it says
}

// OpcodeOf returns the opcode that a byte stands for in protocols 0 to 5.
func OpcodeOf(b byte) Opcode { return opcodeForms[b] }

var opcodeForms = func() (ops [256]Opcode) {
	for b, op := range opcodes {
		o := Opcode{Name: op.name}
		switch op.arg {
		case argByte, argTwo, argFour, argEight:
			o.Fixed = 1 << (op.arg - argByte)
		case argLine, argLines:
			o.Lines = 1 + int(op.arg-argLine)
		case argCount1:
			o.Counted = 1
		case argCount4:
			o.Counted = 4
		case argCount8:
			o.Counted = 8
		}
		ops[b] = o
	}
	return ops
}()
