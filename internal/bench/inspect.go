//go:build linux

package main

import (
	"context"
	"os"
	"path/filepath"
)

// inspect: the headers of a sharded 13B, whose data are holes in sparse files;
// and what reads every byte of a model, beside cat.
func (b *bench) inspect(ctx context.Context) error {
	dir, err := sparse13B(b.path("sparse-13b"))
	if err != nil {
		return err
	}
	g := group{
		name: "inspect, 13B shape in shards (sparse files)",
		cmds: []command{{"olmotool inspect", []string{b.tool, "inspect", dir}, ""}},
	}
	if err := g.run(ctx, max(b.runs, 10)); err != nil {
		return err
	}
	src, err := b.model(ctx, "bf16")
	if err != nil {
		return err
	}
	same, changed, bin := b.path("same"), b.path("changed"), b.path("bin")
	for dst, args := range map[string][]string{
		same:    {"convert", src, same},
		changed: {"soup", src, "random:" + b.shape + ",seed=2,dtype=bf16", "--weights", "255,1", "-o", changed},
		bin:     {"convert", src, bin, "--to", "hf-bin"},
	} {
		if err := os.RemoveAll(dst); err != nil {
			return err
		}
		defer os.RemoveAll(dst)
		if _, err := once(ctx, append(append([]string{b.tool}, args...), "--quiet", "--no-hash")...); err != nil {
			return err
		}
	}
	cat := func(dirs string) []string { return []string{"sh", "-c", "cat " + dirs + " > /dev/null"} }
	g = group{
		name: "inspect of all values, " + b.shape + " shape, bf16 (ratio to cat)",
		cmds: []command{
			{"cat", cat(src + "/*.safetensors"), ""},
			{"olmotool inspect --stats", []string{b.tool, "inspect", src, "--stats", "--quiet"}, ""},
			{"olmotool inspect --check", []string{b.tool, "inspect", src, "--check", "--quiet"}, ""},
		},
	}
	if err := g.run(ctx, b.runs); err != nil {
		return err
	}
	g = group{
		name: "diff, " + b.shape + " shape, bf16 (ratio to cat of both)",
		cmds: []command{
			{"cat of both", cat(src + "/*.safetensors " + same + "/*.safetensors"), ""},
			{"olmotool diff, the same", []string{b.tool, "diff", src, same, "--quiet"}, ""},
			{"olmotool diff, all elements differ", []string{"sh", "-c", b.tool + " diff " + src + " " + changed + " --quiet; test $? = 1"}, ""},
		},
	}
	if err := g.run(ctx, b.runs); err != nil || b.peers == "" {
		return err
	}
	scanner := filepath.Join(b.peers, "scanners", "bin", "picklescan")
	if _, err := os.Stat(scanner); err != nil {
		return err
	}
	g = group{
		name: "scan of a .bin, " + b.shape + " shape (ratio to picklescan)",
		cmds: []command{
			{"picklescan", []string{scanner, "--path", bin}, ""},
			{"olmotool scan", []string{b.tool, "scan", bin, "--quiet"}, ""},
		},
	}
	return g.run(ctx, max(b.runs, 10))
}
