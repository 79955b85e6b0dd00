package convert

import (
	"context"

	"olmotool/formats"
	"olmotool/formats/olmo"
	"olmotool/formats/torch"
)

// Input is an open checkpoint that is to be written, or a part of what is. What
// is read of it is held against the checksums in it.
type Input struct {
	*olmo.Source
	Model *olmo.Model

	sums []*summed
}

// Open opens a checkpoint and makes sure that it is whole. Of the options From,
// IgnoreCRC and DryRun count, and with the last no checksums do.
func Open(ctx context.Context, path string, o Options) (*Input, error) {
	src, err := olmo.Open(path, o.From)
	if err != nil {
		return nil, err
	}
	in := &Input{Source: src}
	if err := in.check(ctx, o); err != nil {
		src.Close()
		return nil, inSource(src, err)
	}
	return in, nil
}

// Side describes the input.
func (in *Input) Side() Side { return sideOf(in.Path, in.Layout, in.Config, in.Tensors) }

func (in *Input) check(ctx context.Context, o Options) (err error) {
	for _, f := range in.Findings {
		if f.Severity == formats.Serious && !(f.Code == torch.BadCRC && o.IgnoreCRC) {
			// Going on would leave out a part of the source without a word, or
			// write what is damaged.
			return formats.Errorf(in.Path, f.Where, "%s", f.Message)
		}
	}
	if len(in.Tensors) == 0 {
		return formats.Errorf(in.Path, "", "found no tensors, expected at least one")
	}
	if !o.IgnoreCRC && !o.DryRun {
		if in.sums, err = checksums(ctx, in.Source); err != nil {
			return err
		}
	}
	in.Model, err = in.Source.Model()
	return err
}

// CheckSums compares the checksums of all that was read.
func (in *Input) CheckSums() error {
	for _, s := range in.sums {
		if err := s.check(); err != nil {
			return err
		}
	}
	return nil
}
