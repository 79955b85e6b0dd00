package scan

import (
	"encoding/binary"
	"fmt"

	"olmotool/formats/torch"
)

// machine runs one pickle symbolically. It knows Python's rules, and goes on
// where Python stops.
type machine struct {
	*source
	strict bool // stop at the first error

	base     int64 // where the pickle begins
	pos      int64 // of the opcode at hand
	frameEnd int64

	stack []operand
	marks []int // lengths of the stack at the open marks
	memo  memo

	kept    int              // items kept
	weights []float32        // of containers: how many values they stand for, written out
	texts   map[int64]string // names that were read
	uses    []*use
	byName  map[useKey]int64
	nested  []span
	joblib  bool // arrays may stand in the stream: keep what says how long they are

	run
}

// run is what is known of a pickle when it has been run.
type run struct {
	end      int64  // of the byte after STOP, or of the opcode that cannot be parsed
	complete bool   // STOP was reached
	cut      bool   // the content ended first
	fault    string // the first thing that Python refuses, and where
	faultAt  int64
	protocol int
	ops      int64
	refused  string           // why torch's restricted loader refuses it
	magic    bool             // the first pickle of old torch
	storages map[string]int64 // torch's storages: key → bytes of an element
	keys     []string         // texts of a pickle without globals: the keys of old torch
	notes    []note
}

// note is something odd, told when the run is known to be of a pickle.
type note struct {
	code string
	at   int64
	text string
}

// span is a text or bytes that may hold a pickle.
type span struct {
	at     int64
	n      int64
	latin1 bool // bytes written as the text that Latin-1 makes of them
	esc    byte
	probe  bool // nothing says that it is one, but it was handed to a loader
}

func newMachine(s *source, pos int64) *machine {
	return &machine{source: s, base: pos, pos: pos, memo: memo{far: map[uint32]operand{}}, texts: map[int64]string{}, byName: map[useKey]int64{}, run: run{faultAt: -1, storages: map[string]int64{}}}
}

// args is the argument of an opcode.
type args struct {
	num uint64
	at  int64 // of the text, and how long it is
	n   int64
	at2 int64 // of a second line
	n2  int64
}

// broken notes the first thing that Python refuses.
func (m *machine) broken(format string, a ...any) {
	if m.fault == "" {
		m.fault, m.faultAt = fmt.Sprintf(format, a...), m.pos
	}
}

// refuse notes the first thing that torch's restricted loader refuses.
func (m *machine) refuse(format string, a ...any) {
	if m.refused == "" {
		m.refused = fmt.Sprintf(format, a...)
	}
}

func (m *machine) remark(code, format string, a ...any) {
	if len(m.notes) < maxListed {
		m.notes = append(m.notes, note{code, m.pos, fmt.Sprintf(format, a...)})
	}
}

// execute runs the pickle to its STOP, or as far as it can be parsed.
func (m *machine) execute() {
	for {
		b := m.bytes(m.pos, 1)
		if b == nil {
			m.broken("found the end, expected STOP")
			m.cut, m.end = true, m.pos
			return
		}
		code := b[0]
		op := torch.OpcodeOf(code)
		if op.Name == "" {
			m.broken("found byte 0x%02x, expected an opcode", code)
			m.end = m.pos
			return
		}
		a, next, ok := m.argument(op)
		if !ok {
			m.broken("%s: found the end inside its argument", op.Name)
			m.cut, m.end = true, m.pos
			return
		}
		if m.pos < m.frameEnd && next > m.frameEnd {
			m.remark("frame", "found %s across the end of the frame at byte %d; Python's two readers differ there", op.Name, m.frameEnd)
		}
		m.ops++
		if restrictedOps[code] == 0 && m.refused == "" {
			m.refuse("opcode %s", op.Name)
		}
		next = m.step(code, op.Name, &a, next)
		if m.strict && m.fault != "" {
			m.end = m.pos
			return
		}
		if code == '.' {
			m.end, m.complete = next, true
			return
		}
		m.pos = next
	}
}

// argument reads the argument of the opcode at pos, and where the next begins.
func (m *machine) argument(op torch.Opcode) (a args, next int64, ok bool) {
	at := m.pos + 1
	switch {
	case op.Fixed > 0:
		b := m.bytes(at, op.Fixed)
		if b == nil {
			return a, 0, false
		}
		a.num = number(b)
		return a, at + int64(op.Fixed), true
	case op.Lines > 0:
		end := m.newline(at)
		if end < 0 {
			return a, 0, false
		}
		a.at, a.n = at, end-at
		if op.Lines == 2 {
			if a.at2 = end + 1; a.at2 > 0 {
				if end = m.newline(a.at2); end < 0 {
					return a, 0, false
				}
				a.n2 = end - a.at2
			}
		}
		return a, end + 1, true
	case op.Counted > 0:
		b := m.bytes(at, op.Counted)
		if b == nil {
			return a, 0, false
		}
		n := number(b)
		a.at = at + int64(op.Counted)
		if n > uint64(m.size-a.at) {
			return a, 0, false
		}
		a.n = int64(n)
		return a, a.at + a.n, true
	}
	return a, at, true
}

func number(b []byte) uint64 {
	var w [8]byte
	copy(w[:], b)
	return binary.LittleEndian.Uint64(w[:])
}

// floor is the length of the stack below which lies a mark.
func (m *machine) floor() int {
	if len(m.marks) == 0 {
		return 0
	}
	return m.marks[len(m.marks)-1]
}

func (m *machine) push(o operand) {
	if len(m.stack) >= maxStack {
		m.broken("found more than %d values on the stack, expected fewer", maxStack)
		return
	}
	m.stack = append(m.stack, o)
}

// pop takes the top off the stack; an unknown value if there is none.
func (m *machine) pop() operand {
	if len(m.stack) <= m.floor() {
		m.broken("found an empty stack, expected a value")
		return operand{ref: -1}
	}
	o := m.stack[len(m.stack)-1]
	m.stack = m.stack[:len(m.stack)-1]
	return o
}

func (m *machine) top() operand {
	if len(m.stack) <= m.floor() {
		m.broken("found an empty stack, expected a value")
		return operand{ref: -1}
	}
	return m.stack[len(m.stack)-1]
}

// popMark takes the last mark and the values above it, which are valid until
// the next push.
func (m *machine) popMark() []operand {
	if len(m.marks) == 0 {
		m.broken("found no mark, expected one")
		return nil
	}
	above := m.stack[m.floor():]
	m.stack = m.stack[:m.floor()]
	m.marks = m.marks[:len(m.marks)-1]
	return above
}
