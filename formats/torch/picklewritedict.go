package torch

// pickleBatch is how many items CPython appends at a time.
const pickleBatch = 1000

const globalOrderedDict pickleGlobal = "collections\nOrderedDict"

func (l pickleList) pickle(w *pickleWriter) {
	w.out = append(w.out, ']') // EMPTY_LIST
	w.put(nil)
	if len(l) == 1 {
		l[0].pickle(w)
		w.out = append(w.out, 'a') // APPEND
		return
	}
	for len(l) > 0 {
		n := min(len(l), pickleBatch)
		w.out = append(w.out, '(') // MARK
		for _, v := range l[:n] {
			v.pickle(w)
		}
		w.out = append(w.out, 'e') // APPENDS
		l = l[n:]
	}
}

func (d *pickleDict) pickle(w *pickleWriter) {
	if w.seen(d) {
		return
	}
	if !d.ordered {
		w.out = append(w.out, '}') // EMPTY_DICT
		w.put(d)
		d.plainItems(w)
		return
	}
	globalOrderedDict.pickle(w)
	w.out = append(w.out, ')', 'R') // EMPTY_TUPLE, REDUCE
	w.put(d)
	d.orderedItems(w)
	if d.attrs != nil {
		d.attrs.pickle(w)
		w.out = append(w.out, 'b') // BUILD
	}
}

// plainItems writes the items of a dict, of which CPython knows the size before
// it begins: a batch that is full is followed by another, be it empty.
func (d *pickleDict) plainItems(w *pickleWriter) {
	switch items := d.items; len(items) {
	case 0:
	case 1:
		w.item(items[0])
	default:
		for {
			n := min(len(items), pickleBatch)
			w.batch(items[:n])
			if items = items[n:]; n < pickleBatch {
				return
			}
		}
	}
}

// orderedItems writes the items of an OrderedDict, which CPython takes from an
// iterator: it looks whether there is a second before it begins a batch.
func (d *pickleDict) orderedItems(w *pickleWriter) {
	for items := d.items; len(items) > 0; {
		n := min(len(items), pickleBatch)
		if n == 1 {
			w.item(items[0])
		} else {
			w.batch(items[:n])
		}
		items = items[n:]
	}
}

func (w *pickleWriter) item(i pickleItem) {
	i.key.pickle(w)
	i.value.pickle(w)
	w.out = append(w.out, 's') // SETITEM
}

func (w *pickleWriter) batch(items []pickleItem) {
	w.out = append(w.out, '(') // MARK
	for _, i := range items {
		i.key.pickle(w)
		i.value.pickle(w)
	}
	w.out = append(w.out, 'u') // SETITEMS
}
