package dcp

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// Opcodes that Python's pickle uses for the values in .metadata, in protocols 2 to 5.
const (
	opProto, opFrame, opStop, opPop               = 0x80, 0x95, '.', '0'
	opMark, opNone, opTrue, opFalse               = '(', 'N', 0x88, 0x89
	opInt, opInt1, opInt2, opLong1, opFloat       = 'J', 'K', 'M', 0x8a, 'G'
	opText, opShortText, opLongText               = 'X', 0x8c, 0x8d
	opBytes, opShortBytes                         = 'B', 'C'
	opEmptyTuple, opTuple                         = ')', 't'
	opTuple1, opTuple2, opTuple3                  = 0x85, 0x86, 0x87
	opEmptyList, opAppend, opAppends              = ']', 'a', 'e'
	opEmptyDict, opSetItem, opSetItems            = '}', 's', 'u'
	opEmptySet, opAddItems, opFrozenSet           = 0x8f, 0x90, 0x91
	opGlobal, opStackGlobal                       = 'c', 0x93
	opNewObj, opReduce, opBuild                   = 0x81, 'R', 'b'
	opPut, opLongPut, opMemoize, opGet, opLongGet = 'q', 'r', 0x94, 'h', 'j'
)

// opcodes reads the opcodes of a pickle.
type opcodes struct {
	b  []byte
	at int // of the next one
}

// opcode is one of them, with its argument.
type opcode struct {
	op   byte
	n    int64
	text []byte // of the pickle
}

var errEnd = errors.New("found the end of the pickle, expected more of it: the file is cut off")

func (r *opcodes) take(n uint64) ([]byte, error) {
	if n > uint64(len(r.b)-r.at) {
		return nil, errEnd
	}
	b := r.b[r.at : r.at+int(n)]
	r.at += int(n)
	return b, nil
}

func (r *opcodes) number(bytes uint64) (uint64, error) {
	b, err := r.take(bytes)
	var n uint64
	for i, x := range b {
		n |= uint64(x) << (8 * i)
	}
	return n, err
}

func (r *opcodes) next() (o opcode, err error) {
	b, err := r.take(1)
	if err != nil {
		return o, err
	}
	o.op = b[0]
	var n uint64
	switch o.op {
	case opProto:
		if n, err = r.number(1); err == nil && (n < 2 || n > 5) {
			err = fmt.Errorf("found protocol %d, expected 2 to 5", n)
		}
	case opFrame:
		_, err = r.take(8) // frames only help to read ahead
	case opInt1, opPut, opGet:
		n, err = r.number(1)
	case opInt2:
		n, err = r.number(2)
	case opLongPut, opLongGet:
		n, err = r.number(4)
	case opInt:
		n, err = r.number(4)
		n = uint64(int64(int32(n)))
	case opLong1:
		if b, err = r.take(1); err == nil {
			if b, err = r.take(uint64(b[0])); err == nil {
				n, err = long(b)
			}
		}
	case opFloat:
		b, err = r.take(8)
		if err == nil {
			n = binary.BigEndian.Uint64(b)
		}
	case opShortText, opShortBytes:
		if n, err = r.number(1); err == nil {
			o.text, err = r.take(n)
		}
	case opText, opBytes:
		if n, err = r.number(4); err == nil {
			o.text, err = r.take(n)
		}
	case opLongText:
		if n, err = r.number(8); err == nil {
			o.text, err = r.take(n)
		}
	case opGlobal:
		o.text, err = r.lines()
	case opStop, opPop, opMark, opNone, opTrue, opFalse, opEmptyTuple, opTuple, opTuple1, opTuple2, opTuple3,
		opEmptyList, opAppend, opAppends, opEmptyDict, opSetItem, opSetItems, opEmptySet, opAddItems, opFrozenSet,
		opStackGlobal, opNewObj, opReduce, opBuild, opMemoize:
	default:
		err = fmt.Errorf("found opcode %#02x, expected those of plain values and objects", o.op)
	}
	o.n = int64(n)
	return o, err
}

// lines takes two lines, the module and the name of a global.
func (r *opcodes) lines() ([]byte, error) {
	b := r.b[r.at:]
	i := bytes.IndexByte(b, '\n')
	j := bytes.IndexByte(b[i+1:], '\n')
	if i < 0 || j < 0 {
		return nil, errEnd
	}
	r.at += i + j + 2
	return b[:i+1+j], nil
}

// long is an integer of so many bytes, the least first.
func long(b []byte) (uint64, error) {
	if len(b) > 8 {
		return 0, errors.New("found an integer of more than 64 bits, expected a smaller one")
	}
	n := uint64(0)
	if len(b) > 0 && b[len(b)-1] >= 0x80 {
		n = math.MaxUint64
	}
	for i := len(b) - 1; i >= 0; i-- {
		n = n<<8 | uint64(b[i])
	}
	return n, nil
}
