//go:build linux

package main

import (
	"bufio"
	"context"
	_ "embed"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"olmotool/accel"
	"olmotool/accel/cpu"
)

//go:embed openblas.py
var openblasPy string

// multiplier is a process that answers lines "TYPE M N K TIMES", of the type of
// weights and the shapes of a product, with the seconds that one takes.
type multiplier struct {
	name string
	in   io.WriteCloser
	out  *bufio.Scanner
	cmd  *exec.Cmd
}

// start starts a multiplier with changes to its environment, NAME=VALUE or the
// NAME of what is not to be there.
func startMultiplier(ctx context.Context, name string, env []string, args ...string) (*multiplier, error) {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Stderr = os.Stderr
	for _, e := range os.Environ() {
		if !slices.ContainsFunc(env, func(s string) bool { return strings.HasPrefix(e, strings.Split(s, "=")[0]+"=") }) {
			cmd.Env = append(cmd.Env, e)
		}
	}
	for _, e := range env {
		if strings.Contains(e, "=") {
			cmd.Env = append(cmd.Env, e)
		}
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	m := &multiplier{name, in, bufio.NewScanner(out), cmd}
	kernels, err := m.line()
	if err != nil {
		return nil, err
	}
	m.name += ", " + kernels
	return m, nil
}

func (m *multiplier) line() (string, error) {
	if !m.out.Scan() {
		return "", fmt.Errorf("%s: found the end of its output (%w)", m.name, m.cmd.Wait())
	}
	return m.out.Text(), nil
}

func (m *multiplier) multiply(typ string, s shape, times int) (seconds float64, err error) {
	if _, err := fmt.Fprintln(m.in, typ, s.m, s.n, s.k, times); err != nil {
		return 0, err
	}
	line, err := m.line()
	if err != nil {
		return 0, err
	}
	return strconv.ParseFloat(line, 64)
}

func (m *multiplier) stop() error {
	return errJoin(m.in.Close(), m.cmd.Wait())
}

func errJoin(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

type shape struct{ m, n, k int }

// gemm: products of activations and weights, beside those of OpenBLAS with all
// kernels that it has for this machine, on as many threads.
func (b *bench) gemm(ctx context.Context) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	threads := strconv.Itoa(runtime.GOMAXPROCS(0))
	type contender struct {
		*multiplier
		typ string
	}
	var all []contender
	add := func(types []string, name string, env []string, args ...string) error {
		m, err := startMultiplier(ctx, name, env, args...)
		if err != nil {
			return err
		}
		for _, t := range types {
			all = append(all, contender{m, t})
		}
		return nil
	}
	for _, core := range strings.Split(b.cores, ",") {
		env := []string{"OPENBLAS_L2_SIZE", "OPENBLAS_CORETYPE"}
		if core != "" {
			env[1] += "=" + core
		}
		if err := add([]string{"F32"}, "OpenBLAS "+core, env, "python3", "-c", openblasPy, b.openblas, threads); err != nil {
			return err
		}
	}
	for _, debug := range []string{"", "cpu.avx512f=off"} {
		if err := add([]string{"F32", "BF16"}, "olmotool", []string{"GODEBUG=" + debug}, self, "-multiply"); err != nil {
			return err
		}
	}
	for i, c := range all {
		fmt.Printf("%2d: %s, %s\n", i, c.name, c.typ)
	}
	fmt.Printf("%5s %6s %6s", "M", "N", "K")
	for i := range all {
		fmt.Printf(" %8d", i)
	}
	fmt.Println()
	tokens, err := ints(b.tokens)
	if err != nil {
		return err
	}
	sizes, err := ints(b.sizes)
	if err != nil {
		return err
	}
	for _, m := range tokens {
		for _, n := range sizes {
			for _, k := range sizes {
				s := shape{m, n, k}
				flops := 2 * float64(m) * float64(n) * float64(k)
				seconds := make([][]float64, len(all))
				for range b.runs {
					for i, c := range all {
						t, err := c.multiply(c.typ, s, 1+int(2e9/flops))
						if err != nil {
							return err
						}
						seconds[i] = append(seconds[i], t)
						time.Sleep(50 * time.Millisecond)
					}
				}
				fmt.Printf("%5d %6d %6d", m, n, k)
				for i := range all {
					slices.Sort(seconds[i])
					fmt.Printf(" %8.1f", flops/seconds[i][b.runs/2]/1e9)
				}
				fmt.Println()
			}
		}
	}
	return nil
}

// multiply answers as a multiplier on standard input and output.
func multiply(context.Context) error {
	fmt.Println("x")
	d := cpu.Device[float32]{}
	var have shape
	var haveType string
	var y, x accel.Matrix[float32]
	var w accel.Weight
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		var typ string
		var s shape
		var times int
		if _, err := fmt.Sscan(in.Text(), &typ, &s.m, &s.n, &s.k, &times); err != nil {
			return err
		}
		if s != have || typ != haveType {
			have, haveType = s, typ
			y, x, w = accel.Matrix[float32]{}, accel.Matrix[float32]{}, accel.Weight{}
			y, x = accel.NewMatrix[float32](s.m, s.n), accel.NewMatrix[float32](s.m, s.k)
			for i := range x.Data {
				x.Data[i] = rand.Float32()*2 - 1
			}
			t := map[string]accel.Type{"F32": accel.F32, "BF16": accel.BF16}[typ]
			w = accel.Weight{Type: t, Rows: s.n, Cols: s.k, Bytes: make([]byte, s.n*s.k*t.Size())}
			for i := range w.Bytes {
				w.Bytes[i] = 0x3c
			}
		}
		if err := d.MatMul(y, 0, x, w); err != nil {
			return err
		}
		start := time.Now()
		for range times {
			if err := d.MatMul(y, 0, x, w); err != nil {
				return err
			}
		}
		fmt.Println(time.Since(start).Seconds() / float64(times))
	}
	return in.Err()
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
