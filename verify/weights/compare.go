package weights

import (
	"context"
	"runtime"

	"olmotool/formats"
	"olmotool/formats/olmo"
)

// Options say how to compare.
type Options struct {
	Threads int // 0: all cores
	// Progress, if set, is told of each stage of long work.
	Progress func(stage string, total int64) (advance func(n int64))
}

// Compare compares CAND with REF. CAND may be flawed ([olmo.Source.Loose]): what
// it lacks, or has in another shape, is part of the answer. An error says that
// one of them cannot be read.
func Compare(ctx context.Context, ref, cand *olmo.Model, o Options) (*Report, error) {
	if o.Threads <= 0 {
		o.Threads = runtime.GOMAXPROCS(0)
	}
	c := &comparison{Options: o, ref: ref, cand: cand, names: refCandNames, report: newReport()}
	c.match()
	if err := c.scan(ctx); err != nil {
		return nil, err
	}
	if err := c.judge(ctx); err != nil {
		return nil, err
	}
	if err := c.explain(ctx); err != nil {
		return nil, err
	}
	c.compareConfigs()
	if err := c.compareTokenizers(); err != nil {
		return nil, err
	}
	c.compareGenerators()
	r := c.report
	r.Equal = len(r.Failures)+len(r.Missing)+len(r.Extra)+len(r.Config)+len(r.Tokenizer) == 0
	return r, nil
}

// comparison is one run.
type comparison struct {
	Options
	ref, cand *olmo.Model
	names     [2]string // how messages call them
	pairs     []*pair
	missing   []formats.Tensor
	extra     []formats.Tensor
	lone      []lone // of both
	failed    []*pair
	report    *Report
	others    others
}
