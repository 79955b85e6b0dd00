package torch

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"

	"olmotool/formats"
)

// Scan is what a pickle would do, found without doing it.
type Scan struct {
	Protocol int      // the highest that the pickle announces; 0 if it announces none
	Globals  []Global // every reference to a class or function, in the order of the stream
	Ops      int64    // opcodes
	End      int64    // offset of the byte after STOP
}

// Global is a reference to a class or function that a pickle names. As a
// [Value] it stands for that class or function itself.
type Global struct {
	Module string // as written: Python 2's names are not translated
	Name   string // may be dotted
	Offset int64  // of the opcode
	Via    string // GLOBAL, STACK_GLOBAL, INST, EXT1, EXT2 or EXT4

	// Computed says that the pickle does not hold the names as text: the
	// operands of a STACK_GLOBAL are made by a call, or an extension code
	// stands for it. Module and Name are then empty, or the Name is the code.
	Computed bool

	Calls  int // how often it is called or instantiated
	Builds int // how often BUILD sets the state of what such a call made
}

func (g *Global) String() string { return g.Module + "." + g.Name }

// ScanPickle goes through the opcodes of the pickle that begins at off in r,
// which has size bytes, and checks each without making its values: that every
// length lies in the file, that every operand is there and of the right kind,
// that the limits are kept. file names r in errors, which are *formats.Error.
//
// The scan of what comes before an error is returned with it: a pickle that is
// broken has run that far when Python finds out.
func ScanPickle(file string, r io.ReaderAt, off, size int64) (*Scan, error) {
	s := newScanner(&window{file: file, r: r, base: off, end: size})
	err := s.run()
	return &s.Scan, err
}

// scanner is an abstract pickle machine: it knows of each value what kind it
// is, and no more. Beside the scan it makes a pickle that gopickle can be
// trusted with; see [scanner.emit].
type scanner struct {
	Scan
	w *window

	pos      int64 // of the opcode at hand
	frameEnd int64 // where the current frame ends, if that is beyond pos
	heap     int64 // estimate of the memory that the values take

	stack []operand
	marks []int // lengths of the stack at the open marks
	memo  map[uint32]operand
	names map[string]string // names of globals, each kept once

	safe    []byte // the pickle for gopickle
	escaped int64  // offset of the first text with an escape in it; -1 without one
}

func newScanner(w *window) *scanner {
	return &scanner{w: w, memo: map[uint32]operand{}, names: map[string]string{}, escaped: -1}
}

// args is the argument of an opcode.
type args struct {
	num   uint64 // of the fixed-width kinds; else the length of text
	text  []byte
	at    int64  // offset of text
	line2 []byte // the second of two lines
	next  int64  // offset of the next opcode
}

func (s *scanner) run() error {
	s.pos = s.w.base
	for {
		b, err := s.w.at(s.pos, 1)
		if err != nil {
			return s.fail("found the end of the pickle, expected STOP")
		}
		code := b[0]
		op := &opcodes[code]
		if op.name == "" {
			return s.fail("found byte 0x%02x, expected an opcode", code)
		}
		a, err := s.argument(op)
		if err != nil {
			return s.fail("%s: %w", op.name, err)
		}
		if s.pos < s.frameEnd && a.next > s.frameEnd {
			return s.fail("found %s across the end of the frame at byte %d, expected it to end there", op.name, s.frameEnd)
		}
		s.Ops++
		if err := s.step(code, &a); err != nil {
			return s.fail("%s: %w", op.name, err)
		}
		s.heap += op.heap + 2*int64(len(a.text))
		if limit := min(maxHeap, heapBase+heapPerByte*(a.next-s.w.base)); s.heap > limit {
			return s.fail("found values that take more than %d bytes, expected at most that of a pickle so long", limit)
		}
		s.emit(code, &a)
		s.End = a.next
		if code == opStop {
			if s.frameEnd > s.End {
				return s.fail("found STOP before the end of the frame at byte %d, expected it to end there", s.frameEnd)
			}
			return nil
		}
		s.pos = a.next
	}
}

func (s *scanner) fail(format string, args ...any) error {
	return formats.Errorf(s.w.file, s.w.place(s.pos), format, args...)
}

// argument reads the argument of the opcode at pos.
func (s *scanner) argument(op *opcode) (a args, err error) {
	at := s.pos + 1
	switch op.arg {
	case argNone:
		a.next = at
	case argByte, argTwo, argFour, argEight:
		n := int64(1) << (op.arg - argByte)
		a.num, err = s.number(at, n)
		a.next = at + n
	case argLine, argLines:
		a.at = at
		if a.text, err = s.w.line(at); err != nil {
			return a, err
		}
		a.next = at + int64(len(a.text)) + 1
		if op.arg == argLines {
			if a.line2, err = s.w.line(a.next); err != nil {
				return a, err
			}
			a.next += int64(len(a.line2)) + 1
		}
	case argCount1, argCount4, argCount8:
		width := int64(1) << (2 * (op.arg - argCount1))
		if op.arg == argCount8 {
			width = 8
		}
		if a.num, err = s.number(at, width); err != nil {
			return a, err
		}
		if left := uint64(s.w.end - at - width); a.num > left {
			return a, fmt.Errorf("found a length of %d with %d bytes to the end, expected one that fits", a.num, left)
		}
		a.at = at + width
		a.text, err = s.w.at(a.at, int64(a.num))
		a.next = a.at + int64(a.num)
	}
	return a, err
}

func (s *scanner) number(at, n int64) (uint64, error) {
	b, err := s.w.at(at, n)
	if err != nil {
		return 0, err
	}
	var w [8]byte
	copy(w[:], b)
	return binary.LittleEndian.Uint64(w[:]), nil
}

// global notes a reference to a global and returns the value it stands for.
func (s *scanner) global(code byte, module, name []byte, computed bool) (operand, error) {
	for _, part := range [][]byte{module, name} {
		if len(part) > maxGlobalName {
			return operand{}, fmt.Errorf("found a name of %d bytes, expected at most %d", len(part), maxGlobalName)
		}
	}
	s.Globals = append(s.Globals, Global{
		Module:   s.intern(module),
		Name:     s.intern(name),
		Offset:   s.pos,
		Via:      opcodes[code].name,
		Computed: computed,
	})
	return operand{kind: isGlobal, ref: int64(len(s.Globals) - 1)}, nil
}

func (s *scanner) intern(b []byte) string {
	if n, ok := s.names[string(b)]; ok {
		return n
	}
	n := string(bytes.Clone(b))
	s.names[n] = n
	return n
}
