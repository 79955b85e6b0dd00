//go:build linux

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// soup: merges of three fine-tuned models, beside the moving of as many bytes and
// mergekit; and the memory of more and larger ones.
func (b *bench) soup(ctx context.Context) error {
	base, err := b.model(ctx, "bf16")
	if err != nil {
		return err
	}
	var models []string
	for seed := 2; seed <= 4; seed++ {
		dir, err := b.tuned(ctx, base, seed)
		if err != nil {
			return err
		}
		models = append(models, dir)
	}
	if err := b.merges(ctx, base, models); err != nil {
		return err
	}
	if err := b.soupMemory(ctx, "20 models of the "+b.shape+" shape", base, models, 20); err != nil || !b.big {
		return err
	}
	large, err := sparse13B(b.path("sparse-13b"))
	if err != nil {
		return err
	}
	for _, n := range []int{3, 20} {
		what := fmt.Sprintf("%d models of the 13B shape (sparse files)", n)
		if err := b.soupMemory(ctx, what, large, []string{large}, n); err != nil {
			return err
		}
	}
	return nil
}

// tuned makes what a model might become by further training: it with a little
// of another one added.
func (b *bench) tuned(ctx context.Context, base string, seed int) (string, error) {
	dir := b.path(fmt.Sprintf("tuned-%s-%d", b.shape, seed))
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	other := fmt.Sprintf("random:%s,seed=%d,dtype=bf16", b.shape, seed)
	_, err := once(ctx, b.tool, "soup", base, other, "-o", dir, "--weights", "1,0.01", "--no-normalize", "--no-hash", "--quiet")
	return dir, err
}

// merging is a method as the two tools know it.
type merging struct {
	method   string
	flags    []string // olmotool's
	recipe   string   // mergekit's, of a model, beside its name
	needBase bool
}

var mergings = []merging{
	{"linear", nil, "parameters: {weight: 1}", false},
	{"model_stock", nil, "", true},
	{"ties", []string{"--param", "weight=1", "--param", "density=0.5"}, "parameters: {weight: 1, density: 0.5}", true},
}

// merges runs each method. What all read is in the page cache, from which a
// mergekit before has driven it.
func (b *bench) merges(ctx context.Context, base string, models []string) error {
	out := b.path("merged")
	for _, m := range mergings {
		read := slices.Clone(models)
		if m.needBase {
			read = append(read, base)
		}
		g := group{name: m.method + " of three, hf bf16, " + b.shape + " shape (ratio to reading the inputs, the last of them by cp with fsync)"}
		for i, dir := range read {
			read[i] = filepath.Join(dir, "*.safetensors")
		}
		g.warm = strings.Join(read, " ")
		last := len(read) - 1
		g.cmds = append(g.cmds, command{"moving the bytes", []string{
			"sh", "-c",
			"cat " + strings.Join(read[:last], " ") + " > /dev/null && mkdir " + out + " && cp " + read[last] + " " + out + " && sync " + out + "/*",
		}, out})
		tool := b.soupOf(m, base, models, out)
		g.cmds = append(
			g.cmds,
			command{"olmotool soup", tool, out},
			command{"olmotool soup --no-hash", append(slices.Clone(tool), "--no-hash"), out},
		)
		if b.peers != "" {
			args, err := b.mergekit(m, base, models, out)
			if err != nil {
				return err
			}
			g.cmds = append(g.cmds, command{"mergekit, and fsync", args, out})
		}
		if err := g.run(ctx, b.runs); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) soupOf(m merging, base string, models []string, out string) []string {
	args := append([]string{b.tool, "soup", "--method", m.method, "-o", out, "--quiet"}, m.flags...)
	if m.needBase {
		args = append(args, "--base", base)
	}
	return append(args, models...)
}

// mergekit writes the recipe and the job of a merge, and returns the command.
func (b *bench) mergekit(m merging, base string, models []string, out string) ([]string, error) {
	var y strings.Builder
	fmt.Fprintf(&y, "merge_method: %s\ndtype: bfloat16\n", m.method)
	if m.needBase {
		fmt.Fprintf(&y, "base_model: %q\n", base)
	}
	y.WriteString("models:\n")
	for _, dir := range models {
		fmt.Fprintf(&y, "- model: %q\n", dir)
		if m.recipe != "" {
			fmt.Fprintf(&y, "  %s\n", m.recipe)
		}
	}
	config, jobs := b.path(m.method+".yml"), b.path(m.method+".json")
	if err := os.WriteFile(config, []byte(y.String()), 0o666); err != nil {
		return nil, err
	}
	job, err := json.Marshal([]map[string]any{{"config": config, "out": out, "truth": nil}})
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(jobs, job, 0o666); err != nil {
		return nil, err
	}
	py := filepath.Join(b.peers, "mergekit", "bin", "python")
	return []string{"sh", "-c", py + " tools/peers/run_mergekit.py " + jobs + " && sync " + out + "/*"}, nil
}

// soupMemory merges n models, the same ones again if there are less, once.
func (b *bench) soupMemory(ctx context.Context, what, base string, models []string, n int) error {
	var all []string
	for i := range n {
		all = append(all, models[i%len(models)])
	}
	out := b.path("merged.gguf")
	g := group{name: "memory: soup of " + what + " → gguf q8_0"}
	for _, m := range mergings {
		args := append(b.soupOf(m, base, all, out), "--dtype", "q8_0", "--tokenizer", b.tokenizer, "--no-hash")
		g.cmds = append(g.cmds, command{m.method, args, out})
	}
	return g.run(ctx, 1)
}
