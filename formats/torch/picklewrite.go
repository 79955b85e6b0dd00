package torch

import (
	"encoding/binary"
	"math"
)

// pickleValue is a value that pickleWriter encodes.
type pickleValue interface{ pickle(w *pickleWriter) }

// pickleWriter encodes values as CPython's C pickler does at protocol 2.
//
// CPython remembers objects by identity and refers back to one that it has
// written. Here strings and globals are one object when they are equal (the
// strings of a state dict that repeat are constants in torch's source, which
// CPython interns), and what has a pointer is one object when the pointer is.
type pickleWriter struct {
	out  []byte
	memo map[any]uint32
	next uint32 // the memo's next index
}

// pickleBytes returns the whole pickle of v.
func pickleBytes(v pickleValue) []byte {
	w := &pickleWriter{out: []byte{0x80, 2}, memo: make(map[any]uint32)} // PROTO 2
	v.pickle(w)
	return append(w.out, '.') // STOP
}

// seen writes a reference to the object of that identity if it has been written.
func (w *pickleWriter) seen(id any) bool {
	i, ok := w.memo[id]
	switch {
	case !ok:
		return false
	case i < 256:
		w.out = append(w.out, 'h', byte(i)) // BINGET
	default:
		w.out = binary.LittleEndian.AppendUint32(append(w.out, 'j'), i) // LONG_BINGET
	}
	return true
}

// put gives the object just written the next index of the memo, and remembers
// it by id unless that is nil.
func (w *pickleWriter) put(id any) {
	if w.next < 256 {
		w.out = append(w.out, 'q', byte(w.next)) // BINPUT
	} else {
		w.out = binary.LittleEndian.AppendUint32(append(w.out, 'r'), w.next) // LONG_BINPUT
	}
	if id != nil {
		w.memo[id] = w.next
	}
	w.next++
}

func (w *pickleWriter) text(s string) {
	w.out = binary.LittleEndian.AppendUint32(append(w.out, 'X'), uint32(len(s))) // BINUNICODE
	w.out = append(w.out, s...)
}

type (
	pickleNone  struct{}
	pickleBool  bool
	pickleInt   int64
	pickleFloat float64

	// pickleString is an interned string: all that are equal are one object.
	pickleString string
	// pickleText is a string that is the same object as no other.
	pickleText struct{ text string }

	// pickleGlobal is a module and a name in it, with a newline between them.
	pickleGlobal string

	pickleTuple []pickleValue
	pickleList  []pickleValue

	// pickleDict is a dict, or an OrderedDict that may have attributes.
	pickleDict struct {
		ordered bool
		items   []pickleItem
		attrs   *pickleDict
	}
	pickleItem struct{ key, value pickleValue }

	// pickleCall is an object that is made by calling a global.
	pickleCall struct {
		fn   pickleGlobal
		args pickleTuple
	}
	// picklePersistent is an object that stands outside the pickle.
	picklePersistent struct{ id pickleTuple }
)

func (pickleNone) pickle(w *pickleWriter) { w.out = append(w.out, 'N') } // NONE

func (b pickleBool) pickle(w *pickleWriter) {
	if b {
		w.out = append(w.out, 0x88) // NEWTRUE
	} else {
		w.out = append(w.out, 0x89) // NEWFALSE
	}
}

func (i pickleInt) pickle(w *pickleWriter) {
	switch {
	case 0 <= i && i <= math.MaxUint8:
		w.out = append(w.out, 'K', byte(i)) // BININT1
	case 0 <= i && i <= math.MaxUint16:
		w.out = binary.LittleEndian.AppendUint16(append(w.out, 'M'), uint16(i)) // BININT2
	case math.MinInt32 <= i && i <= math.MaxInt32:
		w.out = binary.LittleEndian.AppendUint32(append(w.out, 'J'), uint32(i)) // BININT
	default:
		b := binary.LittleEndian.AppendUint64(nil, uint64(i))
		for n := len(b) - 1; n > 0 && int8(b[n]) == int8(b[n-1])>>7; n-- {
			b = b[:n] // the byte says no more than the sign of the one below
		}
		w.out = append(w.out, 0x8a, byte(len(b))) // LONG1
		w.out = append(w.out, b...)
	}
}

func (f pickleFloat) pickle(w *pickleWriter) {
	w.out = binary.BigEndian.AppendUint64(append(w.out, 'G'), math.Float64bits(float64(f))) // BINFLOAT
}

func (s pickleString) pickle(w *pickleWriter) {
	if !w.seen(s) {
		w.text(string(s))
		w.put(s)
	}
}

func (s *pickleText) pickle(w *pickleWriter) {
	if !w.seen(s) {
		w.text(s.text)
		w.put(s)
	}
}

func (g pickleGlobal) pickle(w *pickleWriter) {
	if !w.seen(g) {
		w.out = append(append(append(w.out, 'c'), g...), '\n') // GLOBAL
		w.put(g)
	}
}

func (t pickleTuple) pickle(w *pickleWriter) {
	if len(t) == 0 {
		w.out = append(w.out, ')') // EMPTY_TUPLE
		return
	}
	if len(t) > 3 {
		w.out = append(w.out, '(') // MARK
	}
	for _, v := range t {
		v.pickle(w)
	}
	w.out = append(w.out, [...]byte{0x85, 0x86, 0x87, 't'}[min(len(t)-1, 3)]) // TUPLE1, 2, 3, TUPLE
	w.put(nil)
}

func (c *pickleCall) pickle(w *pickleWriter) {
	if w.seen(c) {
		return
	}
	c.fn.pickle(w)
	c.args.pickle(w)
	w.out = append(w.out, 'R') // REDUCE
	w.put(c)
}

func (p picklePersistent) pickle(w *pickleWriter) {
	p.id.pickle(w)
	w.out = append(w.out, 'Q') // BINPERSID
}
