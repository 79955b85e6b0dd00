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
	ref  int64  // text: its offset, or -1 if it has escapes; object: the index of the global it comes from, or -1
}

type kind uint8

const (
	isScalar kind = iota // none, bool, number, bytes
	isText
	isTuple
	isList // or a set
	isDict
	isGlobal
	isObject // what a call returned, or a persistent object
)

var kindNames = [...]string{"a scalar", "a text", "a tuple", "a list", "a dict", "a global", "an object"}

func (k kind) String() string { return kindNames[k] }

// step does to the stack and memo what the opcode does.
func (s *scanner) step(code byte, a *args) error {
	switch code {
	case 'N', 0x88, 0x89, 'J', 'K', 'M', 'G', 'B', 'C', 0x8e, 0x96:
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
	case 'R', 0x81, 0x92, 'o':
		return s.call(code)
	case 'b':
		return s.build()
	case 'P':
		return s.push(operand{kind: isObject, ref: -1})
	case 'Q':
		if _, err := s.pop(1); err != nil {
			return err
		}
		return s.push(operand{kind: isObject, ref: -1})

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
