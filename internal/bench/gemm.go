//go:build linux

package main

import (
	"context"
	"flag"
	"fmt"
	"math"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// products are the flags of the measurement of products of matrices.
type products struct {
	only, worker                   bool
	openblas, cores, tokens, sizes string
}

func (p *products) addFlags() {
	flag.BoolVar(&p.only, "gemm", false, "measure products of matrices beside OpenBLAS, and nothing else")
	flag.BoolVar(&p.worker, "multiply", false, "multiply what standard input asks for: a process of -gemm")
	flag.StringVar(&p.openblas, "openblas", "libopenblas.so.0", "the OpenBLAS of -gemm")
	flag.StringVar(&p.cores, "cores", ",SkylakeX,Cooperlake,Zen,Haswell", "its kernels, as OPENBLAS_CORETYPE names them; nothing is its own choice")
	flag.StringVar(&p.tokens, "tokens", "32,128,512", "rows of activations for -gemm")
	flag.StringVar(&p.sizes, "sizes", "2048,4096,8192,11008", "rows and columns of weights for -gemm")
}

// contender is a multiplier with a type of weights.
type contender struct {
	*multiplier
	typ     string
	seconds []float64 // of one shape
}

func (c *contender) median() float64 {
	s := slices.Sorted(slices.Values(c.seconds))
	return s[len(s)/2]
}

// gemm: products of activations and stored weights, beside OpenBLAS with each of
// its kernels, on as many threads. Contenders take turns within a shape.
func (b *bench) gemm(ctx context.Context) error {
	tokens, err := ints(b.products.tokens)
	if err != nil {
		return err
	}
	sizes, err := ints(b.products.sizes)
	if err != nil {
		return err
	}
	ours, theirs, err := b.contenders(ctx)
	if err != nil {
		return err
	}
	all := slices.Concat(theirs, ours)
	defer func() {
		for _, c := range all {
			_ = c.process.Kill() // it has answered all it was asked
		}
	}()
	fmt.Printf("GFLOP/s (medians of %d) of y[M,N] = x[M,K]·w[N,K]ᵀ in float32, %d threads\n", b.runs, runtime.GOMAXPROCS(0))
	for i, c := range all {
		fmt.Printf("%4d: %s, weights in %s\n", i, c.name, c.typ)
	}
	fmt.Printf("In brackets: ours to the fastest OpenBLAS; with AVX2, to the fastest such.\n%4s %5s %5s ", "M", "N", "K")
	for i := range all {
		fmt.Printf("%6d%*s", i, 7*btoi(i >= len(theirs)), "")
	}
	fmt.Println()
	// Processes that have just started are slower than they will be.
	if err := measure(all, tokens[0], sizes[0], sizes[0], 2); err != nil {
		return err
	}
	worst, logs, shapes := make([]float64, len(ours)), make([]float64, len(ours)), 0
	for _, m := range tokens {
		for _, n := range sizes {
			for _, k := range sizes {
				if err := measure(all, m, n, k, b.runs); err != nil {
					return err
				}
				fmt.Printf("%4d %5d %5d ", m, n, k)
				for i, c := range all {
					fmt.Printf("%6.1f", 2e-9*float64(m)*float64(n)*float64(k)/c.median())
					if o := i - len(theirs); o >= 0 {
						r := c.rival(theirs) / c.median()
						fmt.Printf(" (%4.2f)", r)
						if shapes == 0 || r < worst[o] {
							worst[o] = r
						}
						logs[o] += math.Log(r)
					}
				}
				fmt.Println()
				shapes++
			}
		}
	}
	for i, c := range ours {
		fmt.Printf("%s, %s: to the fastest OpenBLAS %.2f on average, %.2f at least\n", c.name, c.typ, math.Exp(logs[i]/float64(shapes)), worst[i])
	}
	return nil
}

// contenders starts ours, with all kernels and without AVX-512, and OpenBLAS
// with each of its kernels.
func (b *bench) contenders(ctx context.Context) (ours, theirs []*contender, err error) {
	threads := strconv.Itoa(runtime.GOMAXPROCS(0))
	for core := range strings.SplitSeq(b.products.cores, ",") {
		env := []string{"OPENBLAS_L2_SIZE", "OPENBLAS_CORETYPE=" + core}
		if core == "" {
			env[1] = "OPENBLAS_CORETYPE"
		}
		m, err := startMultiplier(ctx, "OpenBLAS", env, "python3", "-c", openblas, b.products.openblas, threads)
		if err != nil {
			return nil, nil, err
		}
		theirs = append(theirs, &contender{multiplier: m, typ: "F32"})
	}
	self, err := os.Executable()
	if err != nil {
		return nil, nil, err
	}
	for _, debug := range []string{"", "cpu.avx512f=off"} {
		for _, typ := range []string{"F32", "BF16"} {
			m, err := startMultiplier(ctx, "olmotool", []string{"GODEBUG=" + debug}, self, "-multiply")
			if err != nil {
				return nil, nil, err
			}
			if debug == "" || m.kernels != ours[0].kernels {
				ours = append(ours, &contender{multiplier: m, typ: typ})
			}
		}
	}
	return ours, theirs, nil
}

// rival returns the seconds of the fastest of theirs that has no more
// instructions.
func (c *contender) rival(theirs []*contender) float64 {
	best := math.Inf(1)
	for _, t := range theirs {
		if c.kernels == "AVX-512" || t.kernels == "Haswell" || t.kernels == "Zen" {
			best = min(best, t.median())
		}
	}
	return best
}

// measure has all contenders compute products of one shape, in turns.
func measure(all []*contender, m, n, k, runs int) error {
	for _, c := range all {
		c.seconds = nil
	}
	times := 1 + int(2e9/(float64(m)*float64(n)*float64(k)))
	for range runs {
		for _, c := range all {
			s, err := c.multiply(c.typ, m, n, k, times)
			if err != nil {
				return err
			}
			c.seconds = append(c.seconds, s)
		}
	}
	return nil
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func ints(list string) (n []int, err error) {
	for s := range strings.SplitSeq(list, ",") {
		i, err := strconv.Atoi(s)
		if err != nil {
			return nil, err
		}
		n = append(n, i)
	}
	return n, nil
}
