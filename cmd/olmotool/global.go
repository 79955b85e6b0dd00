package main

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"runtime"

	"github.com/spf13/cobra"

	"olmotool/formats"
	"olmotool/formats/olmo"
	"olmotool/internal/progress"
)

// maxThreads bounds --threads: each has buffers of some megabytes.
const maxThreads = 1024

// global holds the flags that mean the same everywhere.
type global struct {
	json       bool
	quiet      bool
	threads    int
	noProgress bool
	logLevel   string

	log *slog.Logger
}

func (g *global) addFlags(cmd *cobra.Command) {
	f := cmd.PersistentFlags()
	f.BoolVar(&g.json, "json", false, "write one JSON document to stdout")
	f.BoolVarP(&g.quiet, "quiet", "q", false, "write nothing but errors, and JSON where asked for")
	f.IntVar(&g.threads, "threads", 0, "use `N` threads; never changes the output (default: all cores)")
	f.BoolVar(&g.noProgress, "no-progress", false, "no progress line, even on a terminal")
	f.StringVar(&g.logLevel, "log-level", "warn", "log to stderr from `LEVEL` on: debug, info, warn or error")
	complete(cmd, "log-level", "debug", "info", "warn", "error")
}

// setup checks the global flags and makes them effective.
func (g *global) setup(stderr io.Writer) error {
	var level slog.Level
	if err := level.UnmarshalText([]byte(g.logLevel)); err != nil {
		return usageError("--log-level: found %q, expected debug, info, warn or error", g.logLevel)
	}
	if g.quiet {
		level = slog.LevelError
	}
	g.log = slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{
		Level: level,
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		},
	}))
	if g.threads < 0 || g.threads > maxThreads {
		return usageError("--threads: found %d, expected 1 to %d", g.threads, maxThreads)
	}
	if g.threads > 0 {
		runtime.GOMAXPROCS(g.threads)
	} else {
		g.threads = runtime.GOMAXPROCS(0)
	}
	return nil
}

// report logs findings.
func (g *global) report(fs []formats.Finding) {
	for _, f := range fs {
		level := slog.LevelInfo
		if f.Severity != formats.Info {
			level = slog.LevelWarn
		}
		g.log.Log(context.Background(), level, f.Message, "code", f.Code, "where", f.Where)
	}
}

// progress returns the callback of long work, a line on a terminal, and what
// ends it.
func (g *global) progress(stderr io.Writer) (start func(stage string, total int64) func(int64), done func()) {
	var bar *progress.Bar
	done = func() {
		bar.Done()
		bar = nil
	}
	return func(stage string, total int64) func(int64) {
		done()
		bar = progress.New(stderr, stage, total, !g.noProgress && !g.quiet)
		return bar.Add
	}, done
}

// print writes the answer of a command: doc if JSON is asked for, else what text
// prints, unless it should be quiet.
func (g *global) print(cmd *cobra.Command, doc any, text func(w io.Writer) error) error {
	w := bufio.NewWriter(cmd.OutOrStdout()) // keeps the first error for Flush
	switch {
	case g.json:
		if err := writeJSON(w, doc); err != nil {
			return err
		}
	case !g.quiet:
		if err := text(w); err != nil {
			return err
		}
	}
	return w.Flush()
}

// addFrom adds the flag --from of commands that read a checkpoint.
func addFrom(cmd *cobra.Command, from *string) {
	cmd.Flags().StringVar(from, "from", "", "take PATH for this `LAYOUT`, where it could be several")
	names, _ := olmo.Layouts()
	complete(cmd, "from", names...)
}

// complete offers fixed values for a flag.
func complete(cmd *cobra.Command, flag string, values ...string) {
	// The error is that of an unknown flag, which a test of the commands shows.
	_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
}
