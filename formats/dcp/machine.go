package dcp

import (
	"errors"
	"fmt"
	"strings"

	"olmotool/formats"
)

// The values of .metadata are made by a machine of its own, not by that of package
// torch: with a thousand processes they are millions, and few of them are wanted.
// It keeps what is fetched again, and makes of an object's state what is wanted of
// it (see [record]) as soon as it has it. It calls nothing: the name of a class is
// a text.

// Values are nil, bool, int64, string, other, tuple, size, *array, *dict, global and
// *object.
type (
	tuple  []any
	array  struct{ items []any }
	dict   struct{ items []entry }
	entry  struct{ key, value any }
	global string   // module and name, with a dot between
	object struct { // whatever it was made of
		class global
		state any // what [record] made of it
	}
	// other is what is not looked at: floats, bytes, sets.
	other struct{}
	// mark begins the arguments of an opcode that takes many.
	mark struct{}
)

const (
	// maxText is the longest text in it, a name.
	maxText = 64 << 10
	// heapBase and heapPerByte bound the memory of the values, 64 bytes for each
	// list, dict or object. For each chunk there are some 10, written in 140 bytes.
	heapBase, heapPerByte, heapPerValue = 1 << 20, 16, 64
)

type machine struct {
	opcodes
	wanted map[int64]bool // places of the memo that are fetched from
	memo   map[int64]any
	puts   int64
	stack  []any
	heap   int64
}

// unpickle returns the value of a pickle.
func unpickle(file string, b []byte) (any, error) {
	m := &machine{opcodes: opcodes{b: b}, wanted: map[int64]bool{}, memo: map[int64]any{}}
	for {
		o, err := m.next()
		if err != nil {
			return nil, m.error(file, err)
		}
		if o.op == opStop {
			break
		}
		if o.op == opGet || o.op == opLongGet {
			m.wanted[o.n] = true
		}
	}
	for m.at = 0; ; {
		o, err := m.next()
		if err == nil && o.op == opStop {
			if len(m.stack) == 1 {
				return m.stack[0], nil
			}
			err = fmt.Errorf("found %d values at the end, expected one", len(m.stack))
		}
		if err == nil {
			err = m.step(o)
		}
		if err != nil {
			return nil, m.error(file, err)
		}
	}
}

func (m *machine) error(file string, err error) error {
	return formats.Errorf(file, fmt.Sprintf("byte %d", m.at), "%w", err)
}

func (m *machine) push(v any) { m.stack = append(m.stack, v) }

var errStack = errors.New("found too few values, or of another kind, expected those that the opcode takes")

func (m *machine) pop() (v any, err error) {
	n := len(m.stack)
	if n == 0 || m.stack[n-1] == (mark{}) {
		return nil, errStack
	}
	v = m.stack[n-1]
	m.stack = m.stack[:n-1]
	return v, nil
}

// popMark takes what lies above the last mark, and the mark.
func (m *machine) popMark() ([]any, error) {
	for i := len(m.stack) - 1; i >= 0; i-- {
		if m.stack[i] == (mark{}) {
			vs := m.stack[i+1:]
			m.stack = m.stack[:i]
			return vs, nil
		}
	}
	return nil, errStack
}

// made counts a value that takes memory.
func (m *machine) made() error {
	if m.heap += heapPerValue; m.heap > heapBase+heapPerByte*int64(len(m.b)) {
		return errors.New("found more values than a file of this size has, expected fewer")
	}
	return nil
}

func (m *machine) step(o opcode) error {
	switch o.op {
	case opProto, opFrame:
	case opPop:
		if len(m.stack) == 0 {
			return errStack
		}
		m.stack = m.stack[:len(m.stack)-1]
	case opMark:
		m.push(mark{})
		return m.made()
	case opNone:
		m.push(nil)
	case opTrue, opFalse:
		m.push(o.op == opTrue)
	case opInt, opInt1, opInt2, opLong1:
		m.push(o.n)
	case opFloat, opBytes, opShortBytes, opEmptySet:
		m.push(other{})
	case opText, opShortText, opLongText:
		if len(o.text) > maxText {
			return fmt.Errorf("found a text of %d bytes, expected at most %d", len(o.text), maxText)
		}
		m.push(string(o.text))
	case opGlobal:
		m.push(global(strings.Replace(string(o.text), "\n", ".", 1)))
	case opEmptyList:
		m.push(&array{})
		return m.made()
	case opEmptyDict:
		m.push(&dict{})
		return m.made()
	case opPut, opLongPut:
		return m.put(o.n)
	case opMemoize:
		m.puts++
		return m.put(m.puts - 1)
	case opGet, opLongGet:
		v, ok := m.memo[o.n]
		if !ok {
			return fmt.Errorf("found memo %d to be empty, expected a value", o.n)
		}
		m.push(v)
	case opEmptyTuple, opTuple, opTuple1, opTuple2, opTuple3:
		return m.tuple(o.op)
	case opAppend, opAppends, opSetItem, opSetItems, opAddItems, opFrozenSet:
		return m.fill(o.op)
	default:
		return m.object(o.op)
	}
	return nil
}

func (m *machine) put(n int64) error {
	if len(m.stack) == 0 {
		return errStack
	}
	if m.wanted[n] {
		m.memo[n] = m.stack[len(m.stack)-1]
	}
	return nil
}

func (m *machine) tuple(op byte) error {
	var vs []any
	switch n := int(op) - opTuple1 + 1; {
	case op == opEmptyTuple:
	case op == opTuple:
		var err error
		if vs, err = m.popMark(); err != nil {
			return err
		}
	default:
		for range n {
			v, err := m.pop()
			if err != nil {
				return err
			}
			vs = append(vs, v)
		}
		for i, j := 0, n-1; i < j; i, j = i+1, j-1 {
			vs[i], vs[j] = vs[j], vs[i]
		}
	}
	t := append(tuple(nil), vs...)
	m.push(t)
	return m.made()
}

// fill puts items into a list or dict, or into a set, which loses them.
func (m *machine) fill(op byte) error {
	var vs []any
	var err error
	switch op {
	case opAppends, opSetItems, opAddItems, opFrozenSet:
		vs, err = m.popMark()
	case opSetItem:
		var k, v any
		if v, err = m.pop(); err == nil {
			k, err = m.pop()
		}
		vs = []any{k, v}
	default:
		var v any
		v, err = m.pop()
		vs = []any{v}
	}
	if err != nil {
		return err
	}
	if op == opFrozenSet {
		m.push(other{})
		return nil
	}
	if len(m.stack) == 0 {
		return errStack
	}
	switch c := m.stack[len(m.stack)-1].(type) {
	case *array:
		if op == opAppend || op == opAppends {
			c.items = append(c.items, vs...)
			return nil
		}
	case *dict:
		if (op == opSetItem || op == opSetItems) && len(vs)%2 == 0 {
			for i := 0; i < len(vs); i += 2 {
				c.items = append(c.items, entry{vs[i], vs[i+1]})
			}
			return nil
		}
	case other:
		if op == opAddItems {
			return nil
		}
	}
	return errStack
}

// object does what makes objects.
func (m *machine) object(op byte) error {
	second, err := m.pop()
	if err != nil {
		return err
	}
	first, err := m.pop()
	if err != nil {
		return err
	}
	switch op {
	case opStackGlobal:
		module, ok1 := first.(string)
		name, ok2 := second.(string)
		if !ok1 || !ok2 {
			return errStack
		}
		m.push(global(module + "." + name))
	case opBuild:
		o, ok := first.(*object)
		if !ok {
			return errStack
		}
		o.state = record(o.class, second)
		m.push(o)
		return nil
	default: // opNewObj, opReduce
		class, _ := first.(global)
		args, ok := second.(tuple)
		if !ok {
			return errStack
		}
		if len(args) == 1 && op == opReduce && class == sizeClass {
			s, err := sizes(args[0])
			if err != nil {
				m.push(&object{class, err})
			} else {
				m.push(s) // it takes the place of the tuple
			}
			return nil
		}
		m.push(&object{class: class})
	}
	return m.made()
}

// name is the last part of a class's name: the module differs between versions.
func (g global) name() string { return string(g[strings.LastIndexByte(string(g), '.')+1:]) }
