package torch

import "fmt"

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
