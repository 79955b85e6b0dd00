package metrics

import "olmotool/accel"

// topK is how many of the most likely tokens of two runs are compared.
const topK = 10

// topOf returns the ids of the largest numbers, largest first; of equal ones the
// lower id comes first. There are fewer than topK in a shorter row.
func topOf[T accel.Float](x []T) []int {
	ids := make([]int, 0, topK)
	for i, v := range x {
		if len(ids) == topK && v <= x[ids[topK-1]] {
			continue
		}
		if len(ids) < topK {
			ids = append(ids, i)
		}
		k := len(ids) - 1
		for ; k > 0 && v > x[ids[k-1]]; k-- {
			ids[k] = ids[k-1]
		}
		ids[k] = i
	}
	return ids
}

// common returns how many ids are in both.
func common(a, b []int) (n int) {
	for _, i := range a {
		for _, j := range b {
			if i == j {
				n++
			}
		}
	}
	return n
}
