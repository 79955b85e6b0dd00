package torch

import (
	"bytes"
	"fmt"
	"io"
	"strconv"

	"github.com/nlpodyssey/gopickle/pickle"
	"github.com/nlpodyssey/gopickle/types"

	"olmotool/formats"
)

// ReadPickle reads the pickle that begins at off in r, which has size bytes,
// and calls nothing that it names: a call becomes an [Object] that records it.
// The pickle is scanned first; see [ScanPickle] for what that refuses.
func ReadPickle(file string, r io.ReaderAt, off, size int64) (Value, *Scan, error) {
	p, err := readPickle(&window{file: file, r: r, base: off, end: size})
	return p.root, &p.scan, err
}

// pickled is a pickle that was read.
type pickled struct {
	root       Value
	scan       Scan
	persistent []*Persistent // in the order in which a walk meets them
}

// readPickle is the one place that knows which pickle machine is used.
func readPickle(w *window) (*pickled, error) {
	s := newScanner(w)
	p := &pickled{}
	err := s.run()
	p.scan = s.Scan
	if err != nil {
		return p, err
	}
	if s.escaped >= 0 {
		return p, formats.Errorf(w.file, w.place(s.escaped), "found a text with escapes, expected the binary strings of protocol 1 and later")
	}
	safe, globals := s.safe, p.scan.Globals
	w.buf, *s = nil, scanner{} // let go of what is no longer needed
	raw, err := runGopickle(safe, globals)
	if err == nil {
		c := newConverter()
		p.root, err = c.value(raw, 0)
		p.persistent = c.persistent
	}
	if err != nil {
		place := w.in
		if place == "" {
			place = fmt.Sprintf("pickle at byte %d", w.base)
		}
		return p, formats.Errorf(w.file, place, "%w", err)
	}
	return p, nil
}

// runGopickle makes the values of a pickle that the scan has checked and
// rewritten. It gives gopickle a [thing] for all that Python would call.
func runGopickle(safe []byte, globals []Global) (v any, err error) {
	defer func() {
		if r := recover(); r != nil {
			v, err = nil, fmt.Errorf("found what the pickle reader failed on: %.200q", fmt.Sprint(r))
		}
	}()
	u := pickle.NewUnpickler(bytes.NewReader(safe))
	u.FindClass = func(_, index string) (any, error) {
		i, err := strconv.Atoi(index)
		if err != nil || i < 0 || i >= len(globals) {
			return nil, fmt.Errorf("found global %q, expected one of %d", index, len(globals))
		}
		return &thing{global: &globals[i]}, nil
	}
	u.PersistentLoad = func(id any) (any, error) {
		return &thing{persistent: true, id: id}, nil
	}
	if v, err = u.Load(); err != nil {
		return nil, fmt.Errorf("found what the pickle reader refused: %.200q", err.Error())
	}
	return v, nil
}

// thing stands in for every Python object that is not a plain value: a global,
// what a call makes, a persistent object. It takes whatever is done to it and
// does nothing.
type thing struct {
	global     *Global
	persistent bool
	id         any // of a persistent object

	class any // what was called
	args  []any
	state any
	items []any
	pairs types.Dict

	value Value // what it was converted to
}

// The whole of what gopickle may do to a thing.
var _ interface {
	types.Callable
	types.PyNewable
	types.PyStateSettable
	types.ListAppender
	types.DictSetter
} = (*thing)(nil)

func (t *thing) Call(args ...any) (any, error) {
	return &thing{class: t, args: args[:len(args):len(args)]}, nil
}

func (t *thing) PyNew(args ...any) (any, error) { return t.Call(args...) }

func (t *thing) PySetState(state any) error {
	t.state = state
	return nil
}

func (t *thing) Append(v any)     { t.items = append(t.items, v) }
func (t *thing) Set(key, val any) { t.pairs.Set(key, val) }
