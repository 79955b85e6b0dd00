package torch

import "strconv"

// emit appends the opcode to the pickle that gopickle is to read. Most opcodes
// pass as they are. The others are those that gopickle would answer with a
// class of its own, with a value that has no order, by reading past what was
// checked, or by a panic:
//
//   - a global is written as its index in Scan.Globals, so that gopickle knows
//     no name and every class is ours;
//   - frames are left out, they only say how to read ahead;
//   - a set becomes a list, a frozenset a tuple, a bytearray bytes;
//   - NEWOBJ_EX(class, args, kwargs) becomes NEWOBJ(class, (args, kwargs));
//   - an integer of no bytes, which is 0, gets one.
func (s *scanner) emit(code byte, a *args) {
	index := func(b []byte) []byte {
		return append(strconv.AppendInt(append(b, '\n'), int64(len(s.Globals)-1), 10), '\n')
	}
	switch code {
	case 'c', 0x82, 0x83, 0x84:
		s.safe = index(append(s.safe, 'c'))
	case 'i':
		s.safe = index(append(s.safe, 'i'))
	case opStackGlobal:
		s.safe = index(append(s.safe, '0', '0', 'c'))
	case opFrame, 0x98: // READONLY_BUFFER
	case 0x8f:
		s.safe = append(s.safe, ']')
	case 0x90:
		s.safe = append(s.safe, 'e')
	case 0x91:
		s.safe = append(s.safe, 't')
	case 0x92:
		s.safe = append(s.safe, 0x86, 0x81)
	case opLong1, opLong4:
		if len(a.text) == 0 {
			s.safe = append(s.safe, 'K', 0)
			return
		}
		s.pass(a)
	case 0x96:
		n := len(s.safe)
		s.pass(a)
		s.safe[n] = 0x8e
	default:
		s.pass(a)
	}
}

// pass appends the opcode at hand as it is.
func (s *scanner) pass(a *args) {
	base := s.w.base
	s.safe = append(s.safe, s.w.buf[s.pos-base:a.next-base]...)
}
