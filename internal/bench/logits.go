//go:build linux

package main

import (
	"context"
	_ "embed"
	"os"
	"path/filepath"
	"strconv"
)

//go:embed transformers_logits.py
var transformersLogits []byte

// logits: the forward pass as a whole process, from start to file, beside
// transformers'.
func (b *bench) logits(ctx context.Context) error {
	src, err := b.model(ctx, "bf16")
	if err != nil {
		return err
	}
	script, out := b.path("transformers_logits.py"), b.path("logits.safetensors")
	if err := os.WriteFile(script, transformersLogits, 0o666); err != nil {
		return err
	}
	for _, length := range []int{128, 512} {
		n := strconv.Itoa(length)
		g := group{
			name: "logits, " + b.shape + " shape in bf16, " + n + " tokens (ratio to transformers in f32)",
			cmds: []command{
				{"olmotool logits", []string{b.tool, "logits", src, "-o", out, "--seed", "0", "--length", n, "--quiet"}, out},
			},
		}
		if b.peers != "" {
			py := filepath.Join(b.peers, "venv", "bin", "python")
			g.cmds = append([]command{
				{"transformers float32, eager", []string{py, script, src, "float32", n, out}, out},
				{"transformers bfloat16, eager", []string{py, script, src, "bfloat16", n, out}, out},
			}, g.cmds...)
		}
		if err := g.run(ctx, b.runs); err != nil {
			return err
		}
	}
	return nil
}
