package weights

// worker is the memory of one thread: buffers of both sides that grow to what the
// types need, and what is decoded of them.
type worker struct {
	bufs [2][]byte
	*scratch
}

// scratch is what is decoded of a few elements of both sides.
type scratch struct {
	x, y [decodeElems]float64
	p, q [decodeElems]uint64
	f    [decodeElems]float32
}

// buf returns n bytes of buffer i.
func (w *worker) buf(i int, n int64) []byte {
	if int64(cap(w.bufs[i])) < n {
		w.bufs[i] = make([]byte, n)
	}
	return w.bufs[i][:n]
}

// pieces is the step of a sweep that makes no sums.
func pieces(int) int64 { return pieceElems }

// rangeOf is the step that cuts n elements into at most maxRanges.
func rangeOf(n int64) int64 {
	per := (n + maxRanges - 1) / maxRanges
	return max(1, (per+pieceElems-1)/pieceElems) * pieceElems
}
