package cpu

import (
	"runtime"
	"unsafe"

	"olmotool/accel"
)

// kBlock is for how many k weights are decoded at a time. It is a multiple of
// what chainOf returns.
const kBlock = 256

// unpackRows is how many rows of weights are decoded at a time: as many as the
// largest kernels take, and a multiple of what others do.
const unpackRows = 12

// Activations are packed for as many tokens as chunkBytes allows, which bounds
// what a product needs besides its arguments. For cacheBytes of them, and a piece
// of rows of weights, what loops go over stays in the second level of cache:
// activations of a block of k, and sums.
const (
	chunkBytes = 512 * 4 // of the activations of one k
	cacheBytes = 256 * 4 // of these
	pieceRows  = 192
)

// threadWork is how many products are worth the start of a goroutine.
const threadWork = 1 << 19

// chainOf returns the length of the sums that make up a product, a part of its
// definition. Element [i, j] of y = x·wᵀ is the sum, in order, of sums over so
// many k; each of these begins with zero, and each product is added to it in
// order, by a fused multiplication and addition.
//
// So no element depends on what else is computed with it, and errors are those
// of sums much shorter than k: about √(chain + k/chain) roundings, where one sum
// has √k. Longer chains are quicker by some per cent, and less exact than the
// sums of BLAS libraries, which are as many as a register has elements.
func chainOf(k int) int {
	chain := 8
	for chain < 128 && 4*chain < k {
		chain *= 2
	}
	return chain
}

// gemm sets y[m,n] to x[m,k]·w[n,k]ᵀ on the calling goroutine, in sums over so
// many k, a power of two up to kBlock. Rows of y, x and w begin ldy, ldx and ldw
// elements apart.
func gemm[T accel.Float](y []T, ldy int, x []T, ldx, m int, w []T, ldw, n, k, chain int) {
	p := product[T]{current[T](), y, ldy, inMemory(w, ldw), n, k, chain}
	p.compute(1, x, ldx, m)
}

// product is y[m,n] = x[m,k]·w[n,k]ᵀ for any x.
type product[T accel.Float] struct {
	kernel *gemmKernel[T]
	y      []T
	ldy    int
	w      weights[T]
	n, k   int
	chain  int
}

// compute takes chunks of tokens one after the other, and rows of weights in
// pieces on so many goroutines.
func (p *product[T]) compute(threads int, x []T, ldx, m int) {
	if m == 0 || p.n == 0 {
		return
	}
	if threads < 1 {
		threads = runtime.GOMAXPROCS(0)
	}
	threads = max(1, min(threads, int(float64(m)*float64(p.n)*float64(p.k)/threadWork)))
	groups := (p.n + unpackRows - 1) / unpackRows
	pieces := (p.n + pieceRows - 1) / pieceRows
	pieces = min(groups, (pieces+threads-1)/threads*threads)
	size := int(unsafe.Sizeof(T(0)))
	chunk, tiles := chunkBytes/size, cacheBytes/size/p.kernel.tokens
	for at := 0; at < m; at += chunk {
		c := p.pack(threads, x[at*ldx:], ldx, min(chunk, m-at))
		y := p.y[at*p.ldy:]
		split(threads, pieces, 1, func(i, _ int) {
			lo, hi := i*groups/pieces*unpackRows, min((i+1)*groups/pieces*unpackRows, p.n)
			for t := 0; t < c.tiles; t += tiles {
				p.piece(y, c, t, min(t+tiles, c.tiles), lo, hi)
			}
		})
		c.release()
	}
}

// piece computes columns [lo, hi) of y for the tokens of tiles [first, end) of a
// chunk. Weights are decoded in blocks of unpackRows by kBlock. Sums stay
// transposed, as kernels make them, until they are complete.
func (p *product[T]) piece(y []T, c chunk[T], first, end, lo, hi int) {
	kn := p.kernel
	rows := (hi - lo + unpackRows - 1) / unpackRows * unpackRows
	buf := borrow[T](pieceBuffers, unpackRows*kBlock+(end-first)*rows*kn.tokens)
	defer giveBack(pieceBuffers, buf)
	w, sums := (*buf)[:unpackRows*kBlock], (*buf)[unpackRows*kBlock:]
	if p.k == 0 {
		clear(sums)
	}
	for k := 0; k < p.k; k += kBlock {
		depth := min(kBlock, p.k-k)
		for i := lo; i < hi; i += unpackRows {
			n := min(unpackRows, hi-i)
			p.w.decode(w, i, n, k, depth)
			ahead := p.ahead(i, lo, hi, k)
			for t := first; t < end; t++ {
				s := sums[((t-first)*rows+i-lo)*kn.tokens:]
				kn.multiply(s, c.tile(t, k, depth), w, n, c.m-t*kn.tokens, p.chain, k > 0, ahead)
				ahead = fetch{next: ahead.next}
			}
		}
	}
	for t := first; t < end; t++ {
		at := t * kn.tokens
		kn.transpose(y[at*p.ldy+lo:], p.ldy, sums[(t-first)*kn.tokens*rows:], kn.tokens, hi-lo, min(kn.tokens, c.m-at))
	}
}

// fetch is weights that kernels bring nearer while they work, from an address
// on: of rows that are stride bytes apart, step bytes for each 16 k. It is no
// pointer, since it may lead beyond them, where nothing happens.
type fetch struct {
	next         uintptr
	stride, step int
}

// ahead returns what is decoded after the block at row i and k of a piece.
func (p *product[T]) ahead(i, lo, hi, k int) fetch {
	first := uintptr(unsafe.Pointer(unsafe.SliceData(p.w.bytes)))
	if i += unpackRows; i >= hi {
		i, k = lo, k+kBlock
	}
	if k >= p.k {
		return fetch{next: first}
	}
	return fetch{first + uintptr(i*p.w.stride+k*p.w.size), p.w.stride, 16 * p.w.size}
}
