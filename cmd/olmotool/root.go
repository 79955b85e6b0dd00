package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"olmotool/formats"
	"olmotool/internal/progress"
)

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
	f.BoolVar(&g.json, "json", false, "write one JSON document to stdout; logs stay on stderr")
	f.BoolVarP(&g.quiet, "quiet", "q", false, "write nothing but errors, and JSON where asked for")
	f.IntVar(&g.threads, "threads", 0, "number of threads; never changes the output (default: all cores)")
	f.BoolVar(&g.noProgress, "no-progress", false, "no progress line, even on a terminal")
	f.StringVar(&g.logLevel, "log-level", "warn", "debug, info, warn or error")
	complete(cmd, "log-level", "debug", "info", "warn", "error")
}

// setup checks the global flags and makes them effective.
func (g *global) setup(stderr io.Writer) error {
	var level slog.Level
	if err := level.UnmarshalText([]byte(g.logLevel)); err != nil {
		return usageError("--log-level %s: expected debug, info, warn or error", g.logLevel)
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
	if g.threads < 0 {
		return usageError("--threads %d: expected a positive number", g.threads)
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

// progress returns the callback of long work: a line on a terminal.
func (g *global) progress(stderr io.Writer) (func(stage string, total int64) func(int64), func()) {
	f, ok := stderr.(*os.File)
	enabled := ok && !g.noProgress && !g.quiet && term.IsTerminal(int(f.Fd()))
	var bar *progress.Bar
	done := func() {
		if bar != nil {
			bar.Done()
			bar = nil
		}
	}
	return func(stage string, total int64) func(int64) {
		done()
		bar = progress.New(stderr, stage, total, enabled)
		return bar.Add
	}, done
}

func usageError(format string, args ...any) error { return &usage{fmt.Errorf(format, args...)} }

// usage is an error in how the command was called.
type usage struct{ error }

func (u *usage) Unwrap() error { return u.error }

// execute runs one command line and returns its exit code.
func execute(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	g := &global{}
	started := false
	root := &cobra.Command{
		Use:   "olmotool",
		Short: "Convert, inspect and prove the weights of OLMo models",
		Long: `olmotool converts the weights of OLMo models between every layout that they
exist in, says what a checkpoint is, and proves that what came out is the same
model. It streams: memory does not grow with the model. Pickles are read as
data and never executed.
` + exitStatus,
		SilenceErrors: true,
		SilenceUsage:  true,
		Version:       version(),
	}
	g.addFlags(root)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.SetVersionTemplate("olmotool {{.Version}}\n")
	root.AddCommand(newConvert(g), newDigest(g), newInspect(g), newVersion(), newMan(root))
	// Whatever fails before a command begins is usage.
	for _, c := range root.Commands() {
		if run := c.RunE; run != nil {
			c.RunE = func(cmd *cobra.Command, args []string) error {
				if err := g.setup(cmd.ErrOrStderr()); err != nil {
					return err
				}
				started = true
				return run(cmd, args)
			}
		}
	}
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	printError(stderr, err)
	var u *usage
	if !started || errors.As(err, &u) {
		return exitUsage
	}
	return exitCode(err)
}

// version is that of the module, or the revision it was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return "devel-" + s.Value[:12]
		}
	}
	return "devel"
}

func newVersion() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			fmt.Fprintf(cmd.OutOrStdout(), "olmotool %s %s %s/%s\n", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return nil
		},
	}
}

// complete offers fixed values for a flag.
func complete(cmd *cobra.Command, flag string, values ...string) {
	// The error is that of an unknown flag, which a test of the commands shows.
	_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
}
