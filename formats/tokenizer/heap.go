package tokenizer

// A heap of numbers, smallest first. That of package container/heap takes
// twice the time of a whole tokenisation.

func push(h *[]uint64, v uint64) {
	q := append(*h, v)
	i := len(q) - 1
	for i > 0 {
		up := (i - 1) / 2
		if q[up] <= v {
			break
		}
		q[i] = q[up]
		i = up
	}
	q[i] = v
	*h = q
}

// pop takes the smallest number out of a heap that is not empty.
func pop(h *[]uint64) uint64 {
	q := *h
	top, v := q[0], q[len(q)-1]
	q = q[:len(q)-1]
	for i := 0; ; {
		down := 2*i + 1
		if down >= len(q) {
			if len(q) > 0 {
				q[i] = v
			}
			break
		}
		if down+1 < len(q) && q[down+1] < q[down] {
			down++
		}
		if q[down] >= v {
			q[i] = v
			break
		}
		q[i] = q[down]
		i = down
	}
	*h = q
	return top
}
