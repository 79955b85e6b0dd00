package stats

// blockElems is how many elements are summed at a time: as float64 they stay in
// a second-level cache for the second look that deviations take.
const blockElems = 16 << 10

// moments are count, sum and sum of squared deviations from the mean of a run of
// elements. The sum has a second part, what rounding took from the first.
//
// Products are converted because a processor may otherwise fuse them with the
// sum that they go into, and some do.
type moments struct {
	n        int64
	sum, err float64
	squares  float64
}

func (m *moments) mean() float64 { return (m.sum + m.err) / float64(m.n) }

// join appends the elements of o: T. F. Chan, G. H. Golub, R. J. LeVeque,
// "Updating formulae and a pairwise algorithm for computing sample variances"
// (1979).
func (m *moments) join(o moments) {
	if m.n == 0 || o.n == 0 {
		if o.n > 0 {
			*m = o
		}
		return
	}
	d := o.mean() - m.mean()
	m.squares += o.squares + float64(float64(d*d)*(float64(m.n)/float64(m.n+o.n)*float64(o.n)))
	m.add(o.sum)
	m.err += o.err
	m.n += o.n
}

// add adds x to the sum, in two parts (D. E. Knuth's two-sum).
func (m *moments) add(x float64) {
	s := m.sum + x
	t := s - m.sum
	m.err += (m.sum - (s - t)) + (x - t)
	m.sum = s
}

// momentsOf takes elements in four lanes, whatever the machine.
func momentsOf(v []float64) moments {
	if len(v) == 0 {
		return moments{}
	}
	var a, b, c, d float64
	for x := v; ; x = x[4:] {
		if len(x) < 4 {
			for _, y := range x {
				a += y
			}
			break
		}
		a, b, c, d = a+x[0], b+x[1], c+x[2], d+x[3]
	}
	m := moments{n: int64(len(v)), sum: (a + b) + (c + d)}
	mean := m.mean()
	a, b, c, d = 0, 0, 0, 0
	for x := v; ; x = x[4:] {
		if len(x) < 4 {
			for _, y := range x {
				y -= mean
				a += float64(y * y)
			}
			break
		}
		p, q, r, s := x[0]-mean, x[1]-mean, x[2]-mean, x[3]-mean
		a, b, c, d = a+float64(p*p), b+float64(q*q), c+float64(r*r), d+float64(s*s)
	}
	m.squares = (a + b) + (c + d)
	return m
}
