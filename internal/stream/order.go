package stream

// deliver notes that j is written. If j is what the order of its file waits
// for, and no other worker is at it, this one follows the order as far as jobs
// are written.
func (w *writer) deliver(j *job) error {
	f := j.file
	if f.hash == nil && !j.summed() {
		w.release(j) // only its place in the order matters
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ready[j.seq] = j
	if f.busy {
		return nil
	}
	f.busy = true // and stays so after an error: nobody goes on
	for {
		next := f.ready[f.next]
		if next == nil {
			f.busy = false
			return nil
		}
		delete(f.ready, f.next)
		f.next++
		f.mu.Unlock() // others deliver meanwhile
		err := next.guard(func() error { return w.follow(next) })
		f.mu.Lock()
		if err != nil {
			return err
		}
	}
}

// follow does what must be done in the order of the file.
func (w *writer) follow(j *job) error {
	defer w.release(j)
	b := j.buf
	if j.how == late {
		var err error
		if b, err = w.produce(j); err != nil {
			return err
		}
	}
	if j.file.hash != nil {
		j.file.hash.Write(b)
	}
	if b == nil {
		return nil
	}
	for _, p := range j.pieces {
		if p.seg.Sum != nil {
			if _, err := p.seg.Sum.Write(b[:p.n:p.n]); err != nil {
				return j.file.errorf(p.seg, "%w", err)
			}
		}
		b = b[p.n:]
	}
	return nil
}

// produce asks for the bytes of a late segment and writes them.
func (w *writer) produce(j *job) ([]byte, error) {
	s := j.pieces[0].seg
	b, err := s.Late()
	if err != nil {
		return nil, j.file.errorf(s, "%w", err)
	}
	if int64(len(b)) != s.Size {
		return nil, j.file.errorf(s, "got %d late bytes, planned %d", len(b), s.Size)
	}
	return b, w.put(j.file, b, j.off)
}

// summed reports whether a sum waits for bytes of j.
func (j *job) summed() bool {
	for _, p := range j.pieces {
		if p.seg.Sum != nil {
			return true
		}
	}
	return false
}
