//go:build linux

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"

	"olmotool/internal/human"
)

// command is one contender of a group.
type command struct {
	name string
	args []string
	out  string // removed before each run
}

// group is commands that take turns. The first is what others are compared to.
type group struct {
	name string
	cmds []command
	warm string // files that are read before each run, as a shell has it; none if empty
}

// sample is one run of a command.
type sample struct {
	wall, cpu time.Duration
	rss       int64
}

func (g *group) run(ctx context.Context, runs int) error {
	samples := make([][]sample, len(g.cmds))
	for range runs {
		for i, c := range g.cmds {
			if c.out != "" {
				if err := os.RemoveAll(c.out); err != nil {
					return err
				}
			}
			if g.warm != "" {
				if _, err := once(ctx, "sh", "-c", "cat "+g.warm+" > /dev/null"); err != nil {
					return err
				}
			}
			// What an earlier command left to be written must not be paid here.
			syscall.Sync()
			s, err := once(ctx, c.args...)
			if err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
			samples[i] = append(samples[i], s)
		}
	}
	fmt.Printf("\n%s\n", g.name)
	fmt.Printf("  %-42s %9s %17s %9s %7s %10s\n", "", "median", "min – max", "cpu", "ratio", "peak RSS")
	var base time.Duration
	for i, c := range g.cmds {
		s := samples[i]
		slices.SortFunc(s, func(a, b sample) int { return int(a.wall - b.wall) })
		m := s[len(s)/2]
		if i == 0 {
			base = m.wall
		}
		fmt.Printf("  %-42s %7.3f s %7.3f – %7.3f %7.2f s %7.2f %10s\n", c.name, m.wall.Seconds(), s[0].wall.Seconds(),
			s[len(s)-1].wall.Seconds(), m.cpu.Seconds(), m.wall.Seconds()/base.Seconds(), human.Bytes(m.rss))
		if c.out != "" {
			if err := os.RemoveAll(c.out); err != nil {
				return err
			}
		}
	}
	return nil
}

// once runs a command and says what it took: the time from start to end, and
// the peak of its own memory or that of its largest child, as waited for.
func once(ctx context.Context, args ...string) (sample, error) {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	start := time.Now()
	err := cmd.Run()
	s := sample{wall: time.Since(start)}
	if err != nil {
		return s, fmt.Errorf("%s: %w\n%s", strings.Join(args, " "), err, stderr.String())
	}
	s.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	if u, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		s.rss = int64(u.Maxrss) << 10
	}
	return s, nil
}
