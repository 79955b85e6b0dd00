package cpu

import "olmotool/accel"

// chunk is the activations of so many tokens as kernels read them. Of each block
// of k, tiles follow one another: [k, tokens], filled up with zeros.
type chunk[T accel.Float] struct {
	buf              *[]T
	m, tiles, tokens int
}

// pack makes a chunk of m rows of x.
func (p *product[T]) pack(threads int, x []T, ldx, m int) chunk[T] {
	kn := p.kernel
	tiles := (m + kn.tokens - 1) / kn.tokens
	c := chunk[T]{borrow[T](chunkBuffers, tiles*kn.tokens*p.k), m, tiles, kn.tokens}
	split(threads, p.k, kBlock, func(lo, hi int) {
		for t := range tiles {
			first := t * kn.tokens
			rows := min(kn.tokens, m-first)
			dst := c.tile(t, lo, hi-lo)
			if rows < kn.tokens {
				clear(dst)
			}
			kn.transpose(dst, kn.tokens, x[first*ldx+lo:], ldx, rows, hi-lo)
		}
	})
	return c
}

// tile returns tile t of the block of so many k that begins at k.
func (c *chunk[T]) tile(t, k, depth int) []T {
	return (*c.buf)[(k*c.tiles+t*depth)*c.tokens:][:depth*c.tokens]
}

func (c *chunk[T]) release() { giveBack(chunkBuffers, c.buf) }

// transpose sets dst[j*ldd+i] to src[i*lds+j] for rows × cols elements of src.
func (kn *gemmKernel[T]) transpose(dst []T, ldd int, src []T, lds, rows, cols int) {
	r, c := 0, 0
	if n := kn.side; n > 0 {
		r, c = rows/n*n, cols/n*n
		// Along the longer side: it is the one whose elements follow each other.
		if r < c {
			for i := 0; i < r; i += n {
				kn.turn(dst[i:], ldd, n*ldd, src[i*lds:], lds, n, c/n)
			}
		} else {
			for j := 0; j < c; j += n {
				kn.turn(dst[j*ldd:], ldd, n, src[j:], lds, n*lds, r/n)
			}
		}
	}
	for i := range rows {
		from := 0
		if i < r {
			from = c
		}
		for j := from; j < cols; j++ {
			dst[j*ldd+i] = src[i*lds+j]
		}
	}
}
