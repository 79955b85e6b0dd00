//go:build linux

// Command bench measures olmotool beside its peers and beside the physical
// limit, in one run, and prints medians.
//
//	go run ./internal/bench [-dir DIR] [-shape 1b] [-runs 5] [-big] [-peers DIR]
//
// It makes its inputs itself, in DIR, which needs room for about seven times the
// model: pseudo-random weights of the shape, in a Hugging Face directory with
// the tokenizer of testdata. Every command runs as a process of its own; time
// and peak memory are what the operating system says of that process. The
// commands of a group take turns, so that a machine that slows down slows all
// of them; inputs are in the page cache, and outputs are flushed to the disk,
// by the command itself or by a sync after it that counts.
//
// With -peers (what tools/peers/setup made) and -tokenizer (that of a released
// model), the official converter, transformers and mergekit run as well. With
// -big, models of the 13B shape show that memory does not grow with the model. With -gemm, products of
// matrices are measured beside OpenBLAS's, and nothing else.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
)

func main() {
	b := &bench{}
	flag.StringVar(&b.dir, "dir", "", "where inputs and outputs go (default: a temporary directory)")
	flag.StringVar(&b.shape, "shape", "1b", "shape of the model: tiny, 1b, 7b")
	flag.IntVar(&b.runs, "runs", 5, "runs of each command; the median counts")
	flag.BoolVar(&b.big, "big", false, "also measure memory on the 13B shape (16 GB of disk)")
	flag.StringVar(&b.tokenizer, "tokenizer", "testdata/tokenizers/dolma2-tiny", "directory of tokenizer files; the official converter knows only released ones")
	flag.StringVar(&b.peers, "peers", "", "directory of tools/peers/setup, to run the official converter too")
	flag.StringVar(&b.only, "only", "", "measure this `GROUP` only: convert, casts, digest, inspect, logits, soup or memory")
	b.products.addFlags()
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	run := b.run
	switch {
	case b.products.worker:
		run = multiply
	case b.products.only:
		run = b.gemm
	}
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

type bench struct {
	dir, shape, peers, tokenizer string
	only                         string
	runs                         int
	big                          bool
	products                     products

	tool string // the olmotool under test
}

func (b *bench) run(ctx context.Context) error {
	if b.dir == "" {
		dir, err := os.MkdirTemp("", "olmotool-bench-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		b.dir = dir
	}
	if err := os.MkdirAll(b.dir, 0o777); err != nil {
		return err
	}
	b.tool = filepath.Join(b.dir, "olmotool")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", b.tool, "./cmd/olmotool").CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
	}
	printMachine(b.dir)
	for _, step := range []struct {
		name string
		run  func(context.Context) error
	}{
		{"convert", b.convert},
		{"casts", b.casts},
		{"digest", b.digest},
		{"inspect", b.inspect},
		{"logits", b.logits},
		{"soup", b.soup},
		{"memory", b.memory},
	} {
		if b.only != "" && b.only != step.name {
			continue
		}
		if err := step.run(ctx); err != nil {
			return err
		}
	}
	return nil
}

// path is a file or directory of the benchmark.
func (b *bench) path(name string) string { return filepath.Join(b.dir, name) }

// model makes the Hugging Face directory of the shape in a type, once, and
// brings it into the page cache.
func (b *bench) model(ctx context.Context, dtype string) (string, error) {
	dir := b.path("hf-" + b.shape + "-" + dtype)
	if _, err := os.Stat(dir); err != nil {
		src := fmt.Sprintf("random:%s,seed=1,dtype=%s", b.shape, dtype)
		if _, err := once(ctx, b.tool, "convert", src, dir, "--tokenizer", b.tokenizer, "--quiet"); err != nil {
			return "", err
		}
	}
	_, err := once(ctx, "sh", "-c", "cat "+dir+"/*.safetensors > /dev/null")
	return dir, err
}

// convert: Hugging Face to GGUF without a change of type, beside the copying of
// the same files and the official converter.
func (b *bench) convert(ctx context.Context) error {
	src, err := b.model(ctx, "bf16")
	if err != nil {
		return err
	}
	out, cp := b.path("out.gguf"), b.path("cp")
	gguf := func(extra ...string) []string {
		return append([]string{b.tool, "convert", src, out, "--tokenizer", b.tokenizer, "--quiet"}, extra...)
	}
	files := src + "/*.safetensors"
	g := group{
		name: "hf → gguf, bf16 kept, " + b.shape + " shape (ratio to cp with fsync)",
		cmds: []command{
			{"cp of the weights, and fsync", []string{"sh", "-c", "mkdir " + cp + " && cp " + files + " " + cp + " && sync " + cp + "/*"}, cp},
			{"cp of the weights alone", []string{"sh", "-c", "mkdir " + cp + " && cp " + files + " " + cp}, cp},
			{"olmotool convert --no-hash", gguf("--no-hash"), out},
			{"olmotool convert", gguf(), out},
			{"olmotool convert --verify", gguf("--verify"), out},
			{"sha256sum of the weights", []string{"sh", "-c", "cat " + files + " | sha256sum"}, ""},
		},
	}
	if b.peers != "" {
		py, script, err := converter(b.peers)
		if err != nil {
			return err
		}
		g.cmds = append(g.cmds, command{"convert_hf_to_gguf.py, and fsync", []string{
			"sh", "-c",
			py + " " + script + " " + src + " --outtype bf16 --outfile " + out + " && sync " + out,
		}, out})
	}
	return g.run(ctx, b.runs)
}

// casts: conversions that compute, beside copying as many bytes as they write
// and reading as many as they read.
func (b *bench) casts(ctx context.Context) error {
	f32, err := b.model(ctx, "f32")
	if err != nil {
		return err
	}
	bf16, err := b.model(ctx, "bf16")
	if err != nil {
		return err
	}
	out, cp := b.path("cast.out"), b.path("cp")
	for _, c := range []struct{ name, src, to, dtype string }{
		{"hf f32 → hf bf16", f32, "hf", "bf16"},
		{"hf bf16 → gguf q8_0", bf16, "gguf", "q8_0"},
		{"hf bf16 → gguf f16", bf16, "gguf", "f16"},
	} {
		tool := []string{b.tool, "convert", c.src, out, "--to", c.to, "--dtype", c.dtype, "--tokenizer", b.tokenizer, "--quiet", "--no-hash"}
		g := group{
			name: c.name + ", " + b.shape + " shape (ratio to cp of the source with fsync)",
			cmds: []command{
				{"cp of the source, and fsync", []string{"sh", "-c", "mkdir " + cp + " && cp " + c.src + "/*.safetensors " + cp + " && sync " + cp + "/*"}, cp},
				{"olmotool convert --no-hash", tool, out},
				{"olmotool convert --no-hash --threads 1", append(tool[:len(tool):len(tool)], "--threads", "1"), out},
			},
		}
		if err := g.run(ctx, b.runs); err != nil {
			return err
		}
	}
	return os.RemoveAll(f32)
}

func (b *bench) digest(ctx context.Context) error {
	src, err := b.model(ctx, "bf16")
	if err != nil {
		return err
	}
	g := group{
		name: "digest, " + b.shape + " shape (ratio to sha256sum)",
		cmds: []command{
			{"sha256sum of the weights", []string{"sh", "-c", "cat " + src + "/*.safetensors | sha256sum"}, ""},
			{"olmotool digest", []string{b.tool, "digest", src, "--quiet"}, ""},
		},
	}
	return g.run(ctx, b.runs)
}

// memory: the peak of a 13B shape beside that of the smaller one.
func (b *bench) memory(ctx context.Context) error {
	if !b.big {
		return nil
	}
	out := b.path("big.gguf")
	g := group{name: "memory: random source → gguf q8_0, 13B shape"}
	for _, shape := range []string{"1b", "13b"} {
		g.cmds = append(g.cmds, command{"olmotool convert random:" + shape, []string{
			b.tool, "convert", "random:" + shape, out, "--dtype", "q8_0", "--tokenizer", b.tokenizer, "--quiet",
		}, out})
	}
	if err := g.run(ctx, 1); err != nil {
		return err
	}
	g = group{name: "memory: verify of the 32B shape, 128 tokens, 2 of 64 layers"}
	for _, pair := range [][2]string{{"random:32b", "random:32b"}, {"random:32b", "random:32b,dtype=f16"}} {
		g.cmds = append(g.cmds, command{"olmotool verify " + pair[0] + " " + pair[1], []string{
			b.tool, "verify", pair[0], pair[1], "--forward", "--layers", "2", "--quiet",
		}, ""})
	}
	return g.run(ctx, 1)
}

// converter finds the official converter below a directory of peers.
func converter(peers string) (python, script string, err error) {
	m, err := filepath.Glob(filepath.Join(peers, "sdist", "llama_cpp_python-*", "vendor", "llama.cpp", "convert_hf_to_gguf.py"))
	if err != nil || len(m) == 0 {
		return "", "", fmt.Errorf("%s: found no convert_hf_to_gguf.py: run tools/peers/setup", peers)
	}
	return filepath.Join(peers, "venv", "bin", "python"), m[0], nil
}

func printMachine(dir string) {
	cpu := "unknown processor"
	if b, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		cpu = field(string(b), "model name")
	}
	fmt.Printf("%s, %d threads; outputs on %s\n", cpu, runtime.GOMAXPROCS(0), filesystem(dir))
}
