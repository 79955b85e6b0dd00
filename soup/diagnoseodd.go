package soup

import "slices"

// strangers tells the models that are not of the family: of those that are
// related to each other, directly or through others, the base with them, the most;
// of as many, those that the base is of, or else the first. It returns the largest
// cosine of each stranger with one of the family, 1 for who is of it. A model without
// weights is nobody's stranger.
func strangers(f Figures) []float64 {
	n := len(f.Norms)
	family := make([]int, n, n+1) // the first model of it
	for i := range family {
		family[i] = i
	}
	if f.BaseCosines != nil {
		family = append(family, n)
	}
	for i := range family {
		for j := range i {
			if family[i] == family[j] || f.cosine(i, j) < stranger {
				continue
			}
			old, with := max(family[i], family[j]), min(family[i], family[j])
			for k := range family {
				if family[k] == old {
					family[k] = with
				}
			}
		}
	}
	size := make([]int, n+1)
	for _, k := range family {
		size[k]++
	}
	main := family[len(family)-1]
	if f.BaseCosines == nil {
		main = 0
	}
	for k, s := range size {
		if s > size[main] {
			main = k
		}
	}
	out := make([]float64, n)
	for i := range out {
		out[i] = 1
		if family[i] == main {
			continue
		}
		out[i] = -1
		for j, k := range family {
			if k == main {
				out[i] = max(out[i], f.cosine(max(i, j), min(i, j)))
			}
		}
	}
	return out
}

// cosine is that of models i and j < i; i may be one more than they are, the base.
func (f Figures) cosine(i, j int) float64 {
	if i == len(f.Norms) {
		return f.BaseCosines[j]
	}
	return f.Cosines[i][j]
}

// outliers returns, for each model, how many times as far from the others it is
// as is usual: the median of its distances from them, over the median of these
// medians, the lower of two. So one, or less than half of the models, cannot hide
// behind the shift that they themselves give the mean. Twins count once. It is 0
// where there are less than three models to compare, or nothing differs.
func outliers(f Figures, twin []int) []float64 {
	out := make([]float64, len(f.Norms))
	typical := make([]float64, len(f.Norms))
	var all []float64
	for i := range out {
		if twin[i] >= 0 {
			continue
		}
		var from []float64
		for j := range out {
			if j != i && twin[j] < 0 {
				from = append(from, f.Distances[i][j])
			}
		}
		if len(from) < 2 {
			return out
		}
		typical[i] = lowerMedian(from)
		all = append(all, typical[i])
	}
	usual := lowerMedian(all)
	for i, v := range typical {
		if v > 0 {
			out[i] = v / usual
		}
	}
	return out
}

func lowerMedian(x []float64) float64 {
	if len(x) == 0 {
		return 0
	}
	slices.Sort(x)
	return x[(len(x)-1)/2]
}
