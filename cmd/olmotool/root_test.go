package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// Every command has an example, says how it exits, and offers what its flags
// may be.
func TestCommands(t *testing.T) {
	root := newRoot(new(bool))
	choices := []string{"to", "from", "from-cand", "dtype", "container", "device", "rule", "verify", "log-level"}
	for _, c := range append(root.Commands(), root) {
		if c.Hidden {
			continue
		}
		if !strings.HasPrefix(c.Example, "  olmotool") {
			t.Errorf("%s: no example", c.Name())
		}
		for line := range strings.Lines(c.Example) {
			words := strings.Fields(line)
			again := newRoot(new(bool)) // flags that were parsed stay
			cmd, rest, err := again.Find(words[1:])
			if err != nil || cmd == again {
				t.Errorf("%s: example %q: %v", c.Name(), line, err)
				continue
			}
			if err := cmd.ParseFlags(rest); err != nil {
				t.Errorf("%s: example %q: %v", c.Name(), line, err)
			}
			if err := cmd.ValidateArgs(cmd.Flags().Args()); err != nil {
				t.Errorf("%s: example %q: %v", c.Name(), line, err)
			}
		}
		if !strings.Contains(c.Long, "\nEXIT STATUS\n") {
			t.Errorf("%s: no exit status", c.Name())
		}
		if c.Short == "" || strings.HasSuffix(c.Short, ".") {
			t.Errorf("%s: short text %q", c.Name(), c.Short)
		}
		for line := range strings.Lines(c.Long) {
			if n := len([]rune(line)); n > 82 && !strings.HasPrefix(line, "  ") {
				t.Errorf("%s: a line of %d characters: %s", c.Name(), n, line)
			}
		}
		for _, flag := range choices {
			if c.Flag(flag) == nil {
				continue
			}
			complete, ok := c.GetFlagCompletionFunc(flag)
			if !ok {
				t.Errorf("%s --%s: no completion", c.Name(), flag)
				continue
			}
			values, directive := complete(c, nil, "")
			if len(values) < 2 || directive != cobra.ShellCompDirectiveNoFileComp || slices.Contains(values, "") {
				t.Errorf("%s --%s: completes to %q", c.Name(), flag, values)
			}
		}
	}
}
