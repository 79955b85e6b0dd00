package scan

import (
	"strconv"
)

// step does to the stack and memo what the opcode does, and returns where the
// next opcode begins.
func (m *machine) step(code byte, name string, a *args, next int64) int64 {
	switch code {
	case 'N', 0x88, 0x89, 'G', 'F', 'L':
		m.push(operand{kind: isScalar, ref: -1})
	case 'J':
		m.push(operand{kind: isInt, ref: int64(int32(a.num))})
	case 'K', 'M':
		m.push(operand{kind: isInt, ref: int64(a.num)})
	case 'I':
		m.pushLine(a)
	case 0x8a, 0x8b:
		m.pushLong(a)
	case 'S', 'V', 'T', 'U', 'X', 0x8c, 0x8d:
		m.pushText(code, a)
	case 'B', 'C', 0x8e, 0x96:
		m.pushBytes(a)

	case ')':
		m.push(m.container(isTuple, nil))
	case ']':
		m.push(m.container(isList, nil))
	case '}':
		m.push(m.container(isDict, nil))
	case 0x8f:
		m.push(m.container(isSet, nil))
	case 't':
		m.push(m.container(isTuple, m.popMark()))
	case 'l':
		m.push(m.container(isList, m.popMark()))
	case 0x91:
		m.push(m.container(isSet, m.popMark()))
	case 'd':
		items := m.popMark()
		if len(items)%2 != 0 {
			m.broken("DICT: found %d values, expected pairs", len(items))
		}
		m.push(m.container(isDict, items))
	case 0x85, 0x86, 0x87:
		n := int(code) - 0x84
		var items [3]operand
		for i := n - 1; i >= 0; i-- {
			items[i] = m.pop()
		}
		m.push(m.container(isTuple, items[:n]))

	case 'a':
		m.extend(name, []operand{m.pop()}, false)
	case 's':
		v := m.pop()
		m.extend(name, []operand{m.pop(), v}, true)
	case 'e', 0x90:
		m.extend(name, m.popMark(), false)
	case 'u':
		m.extend(name, m.popMark(), true)

	case '(':
		if len(m.marks) >= maxMarks {
			m.broken("found more than %d open marks, expected fewer", maxMarks)
			return next
		}
		m.marks = append(m.marks, len(m.stack))
	case '0':
		if len(m.marks) > 0 && len(m.stack) == m.floor() { // the top is a mark
			m.marks = m.marks[:len(m.marks)-1]
		} else if o := m.pop(); o.kind == isObject {
			m.remark("discarded-call", "found POP of what a call returned; what matters is then the call alone")
		}
	case '1':
		m.popMark()
	case '2':
		m.push(m.top())

	case 'p', 'g':
		i, err := strconv.ParseUint(string(m.upTo(a.at, int(min(a.n, 20)))), 10, 32)
		if err != nil {
			m.broken("%s: found a memo index that is no number", name)
			return next
		}
		if code == 'p' {
			m.remember(i, m.top())
		} else {
			m.push(m.recall(i))
		}
	case 'q', 'r':
		m.remember(a.num, m.top())
	case 0x94:
		m.remember(uint64(m.memo.size()), m.top())
	case 'h', 'j':
		m.push(m.recall(a.num))

	case 'c':
		m.push(m.global(name, m.name(a.at, a.n), m.name(a.at2, a.n2)))
	case 'i':
		items := m.popMark()
		m.call(name, m.global(name, m.name(a.at, a.n), m.name(a.at2, a.n2)), m.container(isTuple, items))
	case 0x93:
		m.stackGlobal()
	case 0x82, 0x83, 0x84:
		m.push(m.global(name, "", strconv.FormatUint(a.num, 10)))
	case 'R', 0x81:
		v := m.pop()
		m.call(name, m.pop(), v)
	case 0x92:
		named := m.pop()
		v := m.pop()
		m.call(name, m.pop(), v)
		m.handed(named)
	case 'o':
		items := m.popMark()
		if len(items) == 0 {
			m.broken("OBJ: found nothing after the mark, expected a class")
			m.push(operand{ref: -1})
			return next
		}
		class := items[0]
		m.call(name, class, m.container(isTuple, items[1:]))
	case 'b':
		return m.build(next)
	case 'P':
		m.push(operand{kind: isPersistent, ref: -1})
	case 'Q':
		m.persistent(m.pop())

	case 0x80:
		if a.num > 5 {
			m.broken("PROTO: found protocol %d, expected at most 5", a.num)
		}
		if m.pos != m.base {
			m.remark("misplaced-proto", "found PROTO behind the start, which no writer puts there")
		}
		m.protocol = max(m.protocol, int(min(a.num, 255)))
	case 0x95:
		if m.pos < m.frameEnd {
			m.remark("frame", "found a frame inside of another; Python's two readers differ there")
		}
		if a.num > uint64(m.size-next) {
			m.broken("FRAME: found %d bytes with %d to the end, expected a frame that fits", a.num, m.size-next)
		} else {
			m.frameEnd = next + int64(a.num)
		}
	case 0x97:
		m.broken("NEXT_BUFFER: found a buffer outside of the pickle, expected all of it inside")
		m.push(operand{kind: isBytes, ref: -1})
	case 0x98, '.':
		m.top()
	}
	return next
}

// pushLine pushes an integer in decimal.
func (m *machine) pushLine(a *args) {
	o := operand{kind: isScalar, ref: -1}
	if n, err := strconv.ParseInt(string(m.upTo(a.at, int(min(a.n, 20)))), 10, 64); err == nil && a.n < 20 {
		o = operand{kind: isInt, ref: n}
	}
	m.push(o)
}

// torchMagic is the number in the first pickle of torch before 1.6.
const torchMagic = "\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19"

// pushLong pushes an integer of any length.
func (m *machine) pushLong(a *args) {
	o := operand{kind: isScalar, ref: -1}
	if b := m.upTo(a.at, int(min(a.n, 16))); string(b) == torchMagic && m.ops <= 2 {
		m.magic = true
	} else if len(b) == int(a.n) && len(b) <= 8 {
		n := int64(number(b))
		if len(b) > 0 && len(b) < 8 && b[len(b)-1] >= 0x80 {
			n -= 1 << (8 * len(b))
		}
		o = operand{kind: isInt, ref: n}
	}
	m.push(o)
}
