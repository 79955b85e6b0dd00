//go:build linux

package main

import (
	"bufio"
	"context"
	_ "embed"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"olmotool/accel"
	"olmotool/accel/cpu"
)

//go:embed openblas.py
var openblas string

// multiplier is a process that names its kernels in a line, and answers lines
// "TYPE M N K TIMES", of the type of weights and the shapes of a product, with
// the seconds that one takes, the mean of so many. It is stopped while it is not
// asked: threads of OpenBLAS look for more work for a while, and whoever came
// next would have one processor less.
type multiplier struct {
	name, kernels string
	process       *os.Process
	in            io.Writer
	out           *bufio.Scanner
}

// startMultiplier starts a multiplier; its process has to be killed in the end.
// Of env, NAME=VALUE is set and NAME is not.
func startMultiplier(ctx context.Context, name string, env []string, args ...string) (*multiplier, error) {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Stderr = os.Stderr
	for _, e := range os.Environ() {
		n, _, _ := strings.Cut(e, "=")
		if !slices.ContainsFunc(env, func(s string) bool { return s == n || strings.HasPrefix(s, n+"=") }) {
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
	m := &multiplier{name: name, process: cmd.Process, in: in, out: bufio.NewScanner(out)}
	if m.kernels, err = m.line(); err != nil {
		return nil, err
	}
	m.name += ", " + m.kernels
	return m, m.process.Signal(syscall.SIGSTOP)
}

func (m *multiplier) line() (string, error) {
	if !m.out.Scan() {
		return "", fmt.Errorf("%s: found the end of its output", m.name)
	}
	return m.out.Text(), nil
}

func (m *multiplier) multiply(typ string, rows, n, k, times int) (seconds float64, err error) {
	if err := m.process.Signal(syscall.SIGCONT); err != nil {
		return 0, err
	}
	if _, err := fmt.Fprintln(m.in, typ, rows, n, k, times); err != nil {
		return 0, err
	}
	line, err := m.line()
	if err != nil {
		return 0, err
	}
	if err := m.process.Signal(syscall.SIGSTOP); err != nil {
		return 0, err
	}
	return strconv.ParseFloat(line, 64)
}

// multiply is a multiplier on standard input and output.
func multiply(context.Context) error {
	fmt.Println(cpu.Kernels())
	var (
		d    cpu.Device[float32]
		last string
		y, x accel.Matrix[float32]
		w    accel.Weight
	)
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		var typ string
		var m, n, k, times int
		if _, err := fmt.Sscan(in.Text(), &typ, &m, &n, &k, &times); err != nil {
			return err
		}
		if last != in.Text() {
			last = in.Text()
			w.Bytes = nil // room for the next
			y, x = accel.NewMatrix[float32](m, n), accel.NewMatrix[float32](m, k)
			for i := range x.Data {
				x.Data[i] = 2*rand.Float32() - 1
			}
			w = randomWeight(typ, n, k)
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

// randomWeight makes weights of type F32 or BF16 of a few thousand numbers.
func randomWeight(typ string, rows, cols int) accel.Weight {
	w := accel.Weight{Type: accel.F32, Rows: rows, Cols: cols}
	var some []byte
	for range 1 << 14 {
		b := math.Float32bits(2*rand.Float32() - 1)
		if typ == "BF16" {
			w.Type = accel.BF16
			some = binary.LittleEndian.AppendUint16(some, uint16(b>>16))
		} else {
			some = binary.LittleEndian.AppendUint32(some, b)
		}
	}
	w.Bytes = make([]byte, rows*cols*w.Type.Size())
	for i := 0; i < len(w.Bytes); i += len(some) {
		copy(w.Bytes[i:], some)
	}
	return w
}
