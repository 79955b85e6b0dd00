package torch

import (
	"bytes"
	"fmt"
	"strconv"
)

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

// build checks the operands of BUILD, a state and what it is given to.
func (s *scanner) build() error {
	if _, err := s.pop(1); err != nil {
		return err
	}
	target, err := s.top()
	switch {
	case err != nil:
		return err
	case target.kind != isObject && target.kind != isGlobal:
		return fmt.Errorf("found %s, expected an object to give a state to", target.kind)
	case target.ref >= 0:
		s.Globals[target.ref].Builds++
	}
	return nil
}

// call checks the operands of the opcodes that make an object.
func (s *scanner) call(code byte) error {
	var callee operand
	var err error
	switch code {
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
	if callee.ref >= 0 {
		s.Globals[callee.ref].Calls++
	}
	return s.push(operand{kind: isObject, ref: callee.ref})
}
