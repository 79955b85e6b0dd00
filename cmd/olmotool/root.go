package main

import (
	"context"
	"fmt"
	"io"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// execute runs one command line and returns its exit code.
func execute(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) (code int) {
	defer func() {
		if p := recover(); p != nil {
			fmt.Fprintf(stderr, "%s\n", debug.Stack())
			printError(stderr, fmt.Errorf("internal error, please report it: %v", p))
			code = exitInput
		}
	}()
	started := false
	root := newRoot(&started)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	printError(stderr, err)
	if !started {
		return exitUsage // whatever fails before a command begins
	}
	return exitCode(err)
}

// newRoot returns the command line; started is set when a command begins.
func newRoot(started *bool) *cobra.Command {
	g := &global{}
	root := &cobra.Command{
		Use:   "olmotool",
		Short: "Convert, merge, inspect and prove the weights of OLMo models",
		Long: `olmotool converts the weights of OLMo models between the layouts that they
exist in, merges models, says what a checkpoint is, and proves that what came
out is the same model. It streams: memory does not grow with the model. Pickles
are read as data and never executed.
` + exitStatus,
		Example: `  olmotool convert OLMo-2-1124-7B OLMo-2-1124-7B.gguf --verify
  olmotool soup ingredient1 ingredient2 ingredient3 -o OLMo-2-7B
  olmotool inspect OLMo-2-1124-7B
  olmotool verify OLMo-2-1124-7B OLMo-2-1124-7B.gguf
  olmotool digest OLMo-2-1124-7B.gguf`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Version:       version(),
	}
	g.addFlags(root)
	root.SetVersionTemplate("olmotool {{.Version}}\n")
	root.AddCommand(newConvert(g), newDiff(g), newDigest(g), newInspect(g), newLogits(g), newScan(g), newSoup(g), newVerify(g), newVersion(g), newMan(root))
	for _, c := range root.Commands() {
		run := c.RunE
		c.RunE = func(cmd *cobra.Command, args []string) error {
			if err := g.setup(cmd.ErrOrStderr()); err != nil {
				return err
			}
			*started = true
			return run(cmd, args)
		}
	}
	return root
}
