package soup

import "sync"

// queue hands out blocks, and ends them in order.
type queue struct {
	mu              sync.Mutex
	turn            sync.Cond
	blocks          int64
	taken, finished int64
	done            map[int64]ended // before one that is not
	err             error           // the first
}

// ended is a block that was worked on.
type ended struct {
	end func() error
	err error
}

// maxAhead is how many blocks may be done before one that is not.
const maxAhead = 64

func (q *queue) take() (i int64, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.err != nil || q.taken == q.blocks {
		return 0, false
	}
	q.taken++
	return q.taken - 1, true
}

// finish notes that a block is done. end, unless it is nil, is called when its
// turn has come.
func (q *queue) finish(i int64, end func() error, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for i-q.finished >= maxAhead && q.err == nil {
		q.turn.Wait()
	}
	if q.done == nil {
		q.done = map[int64]ended{}
	}
	q.done[i] = ended{end, err}
	for b, ok := q.done[q.finished]; ok && q.err == nil; b, ok = q.done[q.finished] {
		delete(q.done, q.finished)
		if q.err = b.err; b.err == nil && b.end != nil {
			q.err = b.end()
		}
		q.finished++
	}
	q.turn.Broadcast()
}
