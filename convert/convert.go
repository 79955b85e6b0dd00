package convert

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"runtime"
	"time"

	"olmotool/formats"
	"olmotool/formats/olmo"
	"olmotool/verify"
)

// Result says what was made, or with DryRun what would be.
type Result struct {
	Source, Target Side
	Output         []OutputFile
	Digest         string // content digest of the output; empty with NoHash or DryRun
	Casts          Casts
	Verified       bool // the output was read back and proven
	// Forward is what the forward passes of source and output showed, with
	// VerifyForward.
	Forward    *verify.Report
	DryRun     bool
	Parameters int64
	Findings   []formats.Finding
	Seconds    float64
}

// Side is one end of a conversion.
type Side struct {
	Path, Layout string
	Model        string // model type; empty if none is known
	Tensors      int
	DTypes       map[formats.DType]int64 // bytes of tensors, by type
}

// OutputFile is a file of the output.
type OutputFile struct {
	Path   string
	Bytes  int64
	SHA256 string // hexadecimal; empty with NoHash or DryRun
}

// Casts counts the values that did not survive a change of type.
type Casts struct{ Overflow, Underflow, NaN int64 }

func (c *Casts) add(s *formats.CastStats) {
	if s == nil {
		return
	}
	c.Overflow += s.Overflow.Load()
	c.Underflow += s.Underflow.Load()
	c.NaN += s.NaN.Load()
}

// conversion is one run, from the open source on.
type conversion struct {
	Options
	model  *olmo.Model
	inputs []*Input
	plan   *olmo.Plan
	stats  formats.CastStats
	result Result
}

// Run converts. On any error, a cancelled ctx included, the destination is as it
// was before. Errors are of type [*UsageError], [*VerifyError], [*OutputError],
// or else about the input, most of these of type *formats.Error.
func Run(ctx context.Context, o Options) (*Result, error) {
	start := time.Now()
	if err := o.Check(); err != nil {
		return nil, err
	}
	in, err := Open(ctx, o.Src, o)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	r, err := Write(ctx, in.Model, []*Input{in}, o)
	if err != nil {
		return nil, err
	}
	r.Seconds = time.Since(start).Seconds()
	return r, nil
}

// Write is [Run] for a model that was made of these inputs, or is one of them;
// Src and From say nothing then.
func Write(ctx context.Context, m *olmo.Model, from []*Input, o Options) (*Result, error) {
	start := time.Now()
	dtype, err := o.settle()
	if err != nil {
		return nil, err
	}
	if o.Threads <= 0 {
		o.Threads = runtime.GOMAXPROCS(0)
	}
	c := &conversion{Options: o, model: m, inputs: from}
	if err := c.prepare(dtype); err != nil {
		return nil, inSource(m.Source, err)
	}
	if o.DryRun {
		err = c.rehearse()
	} else {
		err = c.write(ctx)
	}
	if err != nil {
		return nil, err
	}
	r := c.result
	r.Seconds = time.Since(start).Seconds()
	return &r, nil
}

// prepare lays the output out.
func (c *conversion) prepare(dtype formats.DType) error {
	src := c.model.Source
	po := olmo.PlanOptions{
		DType: dtype, Stats: &c.stats, MaxShard: c.MaxShard, Container: c.Container,
		Tokenizer: olmo.Beside{Dir: c.TokenizerDir}, SplitMaxBytes: c.SplitMaxBytes, SplitMaxTensors: c.SplitMaxTensors,
		Name: filepath.Base(c.Dst), EditKVs: editKVs(c.Set, c.Unset),
	}
	findings, err := c.metadata(&po)
	if err != nil {
		return err
	}
	if c.plan, err = c.model.Plan(c.To, po); err != nil {
		return err
	}
	c.addExtra()
	r := &c.result
	r.DryRun = c.DryRun
	r.Source = sideOf(src.Path, src.Layout, src.Config, src.Tensors)
	kept := src.Config
	if c.To == "safetensors" || c.To == "torch" {
		kept = nil // these hold tensors and nothing else
	}
	r.Target = sideOf(c.Dst, c.To, kept, c.plan.Tensors)
	for _, t := range c.plan.Tensors {
		r.Parameters += t.Elements()
	}
	for _, fs := range [][]formats.Finding{src.Findings, findings, c.plan.Findings} {
		r.Findings = append(r.Findings, fs...)
	}
	return nil
}

func sideOf(path, layout string, c *olmo.Config, ts []formats.Tensor) Side {
	s := Side{Path: path, Layout: layout, Tensors: len(ts), DTypes: map[formats.DType]int64{}}
	if c != nil {
		s.Model = c.ModelType
	}
	for _, t := range ts {
		s.DTypes[t.DType] += t.Bytes()
	}
	return s
}

// inSource makes an error about what a source holds name the source, unless it
// names a file already.
func inSource(src *olmo.Source, err error) error {
	var fe *formats.Error
	var pe *fs.PathError
	var ue *UsageError
	if errors.As(err, &fe) || errors.As(err, &pe) || errors.As(err, &ue) {
		return err
	}
	return formats.Errorf(src.Path, "", "%w", err)
}
