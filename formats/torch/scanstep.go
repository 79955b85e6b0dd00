package torch

import (
	"bytes"
	"fmt"
	"strconv"
)

// The opcodes that the machine names.
const (
	opStop        = '.'
	opFrame       = 0x95
	opLong1       = 0x8a
	opLong4       = 0x8b
	opStackGlobal = 0x93
)

// operand is what the scan knows of a value.
type operand struct {
	kind kind
	n    uint32 // length of a text in bytes
	ref  int64  // text: its offset, or -1 if it has escapes; global, object: the index of the global it comes from
}

type kind uint8

const (
	isScalar kind = iota // none, bool, number, bytes, persistent
	isText
	isTuple
	isList // or a set
	isDict
	isGlobal
	isObject // what a call returned
)

var kindNames = [...]string{"a scalar", "a text", "a tuple", "a list", "a dict", "a global", "an object"}

func (k kind) String() string { return kindNames[k] }

// step does to the stack and memo what the opcode does.
func (s *scanner) step(code byte, a *args) error {
	switch code {
	case 'N', 0x88, 0x89, 'J', 'K', 'M', 'G', 'P', 'B', 'C', 0x8e, 0x96:
		return s.push(operand{kind: isScalar})
	case 'F', 'I', 'L', opLong1, opLong4:
		if err := checkNumber(code, a); err != nil {
			return err
		}
		return s.push(operand{kind: isScalar})
	case 'S', 'V', 'T', 'U', 'X', 0x8c, 0x8d:
		return s.pushText(code, a)
	case ')':
		return s.push(operand{kind: isTuple})
	case ']', 0x8f:
		return s.push(operand{kind: isList})
	case '}':
		return s.push(operand{kind: isDict})

	case 't', 0x91, 'l', 'd':
		n, err := s.popMark()
		if err != nil {
			return err
		}
		s.heap += int64(n) * heapItem
		k := isTuple
		switch code {
		case 'l':
			k = isList
		case 'd':
			k = isDict
			s.heap += int64(n) * (heapPair/2 - heapItem)
			if n%2 != 0 {
				return errOdd(n)
			}
		}
		return s.push(operand{kind: k})
	case 0x85, 0x86, 0x87:
		if _, err := s.pop(int(code) - 0x84); err != nil {
			return err
		}
		return s.push(operand{kind: isTuple})

	case 'a', 's':
		n := 1
		if code == 's' {
			n = 2
		}
		if _, err := s.pop(n); err != nil {
			return err
		}
		return s.extend(code == 's')
	case 'e', 0x90, 'u':
		n, err := s.popMark()
		if err != nil {
			return err
		}
		s.heap += int64(n) * heapItem
		if code == 'u' {
			s.heap += int64(n) * (heapPair/2 - heapItem)
			if n%2 != 0 {
				return errOdd(n)
			}
		}
		return s.extend(code == 'u')

	case '(':
		if len(s.marks) == maxMarks {
			return fmt.Errorf("found more than %d open marks, expected fewer", maxMarks)
		}
		s.marks = append(s.marks, len(s.stack))
		return nil
	case '0':
		if len(s.stack) == s.floor() && len(s.marks) > 0 { // the top is a mark
			s.marks = s.marks[:len(s.marks)-1]
			return nil
		}
		_, err := s.pop(1)
		return err
	case '1':
		_, err := s.popMark()
		return err
	case '2':
		top, err := s.top()
		if err != nil {
			return err
		}
		return s.push(top)

	case 'p', 'q', 'r', 0x94, 'g', 'h', 'j':
		return s.remember(code, a)
	case 'c', 'i', opStackGlobal, 0x82, 0x83, 0x84:
		return s.pushGlobal(code, a)
	case 'R', 0x81, 0x92, 'o', 'b', 'Q':
		return s.call(code)

	case 0x80:
		if a.num > 5 {
			return fmt.Errorf("found protocol %d, expected at most 5", a.num)
		}
		s.Protocol = max(s.Protocol, int(a.num))
		return nil
	case opFrame:
		if s.pos < s.frameEnd {
			return fmt.Errorf("found a frame inside the one that ends at byte %d, expected it behind", s.frameEnd)
		}
		if left := uint64(s.w.end - a.next); a.num > left {
			return fmt.Errorf("found a frame of %d bytes with %d to the end, expected one that fits", a.num, left)
		}
		s.frameEnd = a.next + int64(a.num)
		return nil
	case 0x97:
		return fmt.Errorf("found a buffer outside of the pickle, expected all of it inside")
	case 0x98, opStop:
		_, err := s.top()
		return err
	}
	return fmt.Errorf("found an opcode without a rule, expected one of the 68")
}

func errOdd(n int) error {
	return fmt.Errorf("found %d values, expected pairs of key and value", n)
}

// floor is the length of the stack below which lies a mark.
func (s *scanner) floor() int {
	if len(s.marks) == 0 {
		return 0
	}
	return s.marks[len(s.marks)-1]
}

func (s *scanner) push(o operand) error {
	if len(s.stack) == maxStack {
		return fmt.Errorf("found more than %d values on the stack, expected fewer", maxStack)
	}
	s.stack = append(s.stack, o)
	return nil
}

// pop takes n values off the stack and returns the lowest of them.
func (s *scanner) pop(n int) (operand, error) {
	if have := len(s.stack) - s.floor(); have < n {
		return operand{}, fmt.Errorf("found %d values on the stack, expected %d", have, n)
	}
	s.stack = s.stack[:len(s.stack)-n]
	return s.stack[:len(s.stack)+1][len(s.stack)], nil
}

// popMark takes the last mark and the values above it, and returns how many.
func (s *scanner) popMark() (int, error) {
	if len(s.marks) == 0 {
		return 0, fmt.Errorf("found no mark, expected one")
	}
	n := len(s.stack) - s.floor()
	s.stack = s.stack[:s.floor()]
	s.marks = s.marks[:len(s.marks)-1]
	return n, nil
}

func (s *scanner) top() (operand, error) {
	if len(s.stack) == s.floor() {
		return operand{}, fmt.Errorf("found an empty stack, expected a value")
	}
	return s.stack[len(s.stack)-1], nil
}

// extend checks that the top of the stack can be given items.
func (s *scanner) extend(pairs bool) error {
	top, err := s.top()
	switch {
	case err != nil:
		return err
	case top.kind == isObject, pairs && top.kind == isDict, !pairs && top.kind == isList:
		return nil
	case pairs:
		return fmt.Errorf("found %s, expected a dict or object to give items to", top.kind)
	}
	return fmt.Errorf("found %s, expected a list or object to give items to", top.kind)
}

func (s *scanner) pushText(code byte, a *args) error {
	at, text := a.at, a.text
	if code == 'S' {
		n := len(text)
		if n < 2 || text[0] != text[n-1] || text[0] != '\'' && text[0] != '"' {
			return fmt.Errorf("found %.40q, expected a text in quotes", text)
		}
		at, text = at+1, text[1:n-1]
	}
	if (code == 'S' || code == 'V') && bytes.IndexByte(text, '\\') >= 0 {
		if s.escaped < 0 {
			s.escaped = s.pos
		}
		return s.push(operand{kind: isText, ref: -1})
	}
	return s.push(operand{kind: isText, n: uint32(len(text)), ref: at})
}

// remember puts the top of the stack into the memo or gets a value from it.
func (s *scanner) remember(code byte, a *args) error {
	i := a.num
	if code == 'p' || code == 'g' {
		var err error
		if i, err = strconv.ParseUint(string(a.text), 10, 32); err != nil {
			return fmt.Errorf("found memo index %.40q, expected a number of 32 bits", a.text)
		}
	}
	switch code {
	case 'g', 'h', 'j':
		o, ok := s.memo[uint32(i)]
		if !ok {
			return fmt.Errorf("found memo index %d, expected one that was put before", i)
		}
		return s.push(o)
	case 0x94:
		i = uint64(len(s.memo))
	}
	top, err := s.top()
	if err != nil {
		return err
	}
	s.memo[uint32(i)] = top
	return nil
}

func (s *scanner) pushGlobal(code byte, a *args) error {
	var o operand
	var err error
	switch code {
	case 'c':
		o, err = s.global(code, a.text, a.line2, false)
	case 'i':
		if _, err = s.popMark(); err != nil {
			return err
		}
		if o, err = s.global(code, a.text, a.line2, false); err == nil {
			s.Globals[o.ref].Calls++
			o.kind = isObject
		}
	case opStackGlobal:
		o, err = s.stackGlobal()
	default:
		o, err = s.global(code, nil, strconv.AppendUint(nil, a.num, 10), true)
	}
	if err != nil {
		return err
	}
	return s.push(o)
}

// stackGlobal notes the global whose module and name lie on the stack.
func (s *scanner) stackGlobal() (operand, error) {
	low, err := s.pop(2)
	if err != nil {
		return operand{}, err
	}
	names := [2]operand{low, s.stack[:len(s.stack)+2][len(s.stack)+1]}
	var text [2][]byte
	for i, o := range names {
		switch {
		case o.kind == isObject, o.kind == isText && o.ref < 0:
			return s.global(opStackGlobal, nil, nil, true)
		case o.kind != isText:
			return operand{}, fmt.Errorf("found %s, expected the text of a module or name", o.kind)
		}
		if text[i], err = s.w.at(o.ref, int64(o.n)); err != nil {
			return operand{}, err
		}
	}
	return s.global(opStackGlobal, text[0], text[1], false)
}

// call checks the operands of the opcodes that make an object or set its state.
func (s *scanner) call(code byte) error {
	var callee operand
	var err error
	switch code {
	case 'Q':
		if _, err := s.pop(1); err != nil {
			return err
		}
		return s.push(operand{kind: isScalar})
	case 'b':
		if _, err := s.pop(1); err != nil {
			return err
		}
		target, err := s.top()
		switch {
		case err != nil:
			return err
		case target.kind != isObject && target.kind != isGlobal:
			return fmt.Errorf("found %s, expected an object to give a state to", target.kind)
		}
		s.Globals[target.ref].Builds++
		return nil
	case 'o':
		n, err := s.popMark()
		if err != nil {
			return err
		}
		if n == 0 {
			return fmt.Errorf("found nothing after the mark, expected a class")
		}
		callee = s.stack[:len(s.stack)+1][len(s.stack)]
	default:
		n := 2
		if code == 0x92 {
			n = 3
		}
		if callee, err = s.pop(n); err != nil {
			return err
		}
		if args := s.stack[:len(s.stack)+2][len(s.stack)+1]; args.kind != isTuple {
			return fmt.Errorf("found %s as arguments, expected a tuple", args.kind)
		}
	}
	if callee.kind != isGlobal && callee.kind != isObject {
		return fmt.Errorf("found %s, expected a class or function to call", callee.kind)
	}
	s.Globals[callee.ref].Calls++
	return s.push(operand{kind: isObject, ref: callee.ref})
}

// checkNumber checks what would make a reader of the number slow or fail.
func checkNumber(code byte, a *args) error {
	switch code {
	case 'L':
		if len(a.text) > maxDigits {
			return fmt.Errorf("found a number of %d digits, expected at most %d", len(a.text), maxDigits)
		}
	case opLong1, opLong4:
		if len(a.text) > maxLong {
			return fmt.Errorf("found a number of %d bytes, expected at most %d", len(a.text), maxLong)
		}
		return nil
	case 'F':
		if _, err := strconv.ParseFloat(string(a.text), 64); err != nil {
			return fmt.Errorf("found %.40q, expected a number", a.text)
		}
		return nil
	}
	// What gopickle reads: digits with a sign, and an L behind a long.
	digits := a.text
	if code == 'L' {
		digits = bytes.TrimSuffix(digits, []byte{'L'})
	}
	if len(digits) > 0 && (digits[0] == '-' || digits[0] == '+') {
		digits = digits[1:]
	}
	for _, c := range digits {
		if c < '0' || c > '9' {
			digits = nil
			break
		}
	}
	if len(digits) == 0 || code == 'I' && len(digits) > 18 {
		return fmt.Errorf("found %.40q, expected an integer", a.text)
	}
	return nil
}
