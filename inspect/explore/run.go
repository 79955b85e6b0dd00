package explore

import (
	"context"
	"errors"
	"io"

	tea "charm.land/bubbletea/v2"

	"olmotool/formats"
)

// Options say how to explore.
type Options struct {
	Summary string // of the checkpoint, beside its name
	Threads int    // for statistics; 0: one

	// In and Out are the terminal; nil: that of the process.
	In  io.Reader
	Out io.Writer
}

// Run shows tensors until the user has seen enough or ctx is done. The label is
// what the whole of them is called. Of data that cannot be read the reason is
// shown in their place; errors are of the terminal, or that of ctx.
func Run(ctx context.Context, label string, ts []formats.Tensor, o Options) error {
	inner, cancel := context.WithCancel(ctx)
	defer cancel() // of what is computed beside
	options := []tea.ProgramOption{tea.WithContext(ctx)}
	if o.In != nil {
		options = append(options, tea.WithInput(o.In))
	}
	if o.Out != nil {
		options = append(options, tea.WithOutput(o.Out))
	}
	_, err := tea.NewProgram(newState(inner, label, ts, o), options...).Run()
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, tea.ErrInterrupted):
		return context.Canceled
	}
	return err
}

// given reports whether an error is of what was given up.
func given(err error) bool { return errors.Is(err, context.Canceled) }
