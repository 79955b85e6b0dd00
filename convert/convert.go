package convert

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"olmotool/convert/ggufmeta"
	"olmotool/formats"
	"olmotool/formats/digest"
	"olmotool/formats/gguf"
	"olmotool/formats/olmo"
	"olmotool/internal/atomicfile"
	"olmotool/internal/stream"
)

// Result says what was made, or with DryRun what would be.
type Result struct {
	Source     Side
	Target     Side
	Output     []OutputFile
	Digest     string // content digest of the output; empty with NoHash
	Casts      Casts
	Verified   int // tensors proven equal; 0 if not asked for
	Findings   []formats.Finding
	Seconds    float64
	DryRun     bool
	Parameters int64
}

// Side is one end of a conversion.
type Side struct {
	Path, Layout string
	Model        string // model type; empty if none is known
	Tensors      int
	Bytes        int64                   // of tensors
	DTypes       map[formats.DType]int64 // bytes by type
}

// OutputFile is a file of the output.
type OutputFile struct {
	Path   string
	Bytes  int64
	SHA256 string // hexadecimal; empty with NoHash or DryRun
}

// Casts counts the values that did not survive a change of type.
type Casts struct{ Overflow, Underflow, NaN int64 }

// Run converts. On any error, a cancelled ctx included, the destination is as it
// was before.
func Run(ctx context.Context, o Options) (*Result, error) {
	start := time.Now()
	dtype, err := ParseDType(o.DType)
	if err != nil {
		return nil, err
	}
	if o.Threads <= 0 {
		o.Threads = runtime.GOMAXPROCS(0)
	}
	src, err := olmo.Open(o.Src, o.From)
	if err != nil {
		return nil, err
	}
	defer src.Close()
	m, err := src.Model()
	if err != nil {
		return nil, err
	}
	if err := o.target(src); err != nil {
		return nil, err
	}
	stats := new(formats.CastStats)
	plan, findings, err := o.plan(m, dtype, stats)
	if err != nil {
		return nil, inSource(src, err)
	}
	r := &Result{
		Source:   sideOf(src.Path, src.Layout, m.Config, src.Tensors),
		Target:   sideOf(o.Dst, o.To, m.Config, plan.Tensors),
		Findings: append(append(src.Findings, findings...), plan.Findings...),
		DryRun:   o.DryRun,
	}
	for _, t := range plan.Tensors {
		r.Parameters += t.Elements()
	}
	if o.DryRun {
		for _, f := range plan.Files {
			r.Output = append(r.Output, OutputFile{Path: o.outputPath(plan, f.Name), Bytes: f.Size()})
		}
		r.Seconds = time.Since(start).Seconds()
		return r, nil
	}
	if err := o.write(ctx, m, plan, stats, r); err != nil {
		return nil, err
	}
	r.Seconds = time.Since(start).Seconds()
	return r, nil
}

// target settles the layout and the path of the output.
func (o *Options) target(src *olmo.Source) error {
	if o.Dst == "" {
		return usagef("no destination given")
	}
	if o.To == "" {
		o.To = layoutOf(o.Dst)
	}
	if o.To == "gguf" {
		if fi, err := os.Stat(o.Dst); err == nil && fi.IsDir() {
			return usagef("%s: found a directory, expected the name of a .gguf file", o.Dst)
		}
	} else if len(o.Set)+len(o.Unset) > 0 || o.SplitMaxBytes > 0 || o.SplitMaxTensors > 0 {
		return usagef("--set, --unset and --split-max-… are for GGUF, not for layout %s", o.To)
	}
	return nil
}

// plan lays the output out.
func (o *Options) plan(m *olmo.Model, dtype formats.DType, stats *formats.CastStats) (*olmo.Plan, []formats.Finding, error) {
	po := olmo.PlanOptions{
		DType: dtype, Stats: stats, MaxShard: o.MaxShard, Container: o.Container,
		Tokenizer: olmo.Beside{Dir: o.TokenizerDir}, SplitMaxBytes: o.SplitMaxBytes, SplitMaxTensors: o.SplitMaxTensors,
		Name: filepath.Base(o.Dst), EditKVs: editKVs(o.Set, o.Unset),
	}
	var findings []formats.Finding
	if o.To == "gguf" && m.Config != nil && m.Source.KVs == nil {
		var err error
		if po.General, po.TokenizerKVs, findings, err = o.metadata(m); err != nil {
			return nil, nil, err
		}
	}
	p, err := m.Plan(o.To, po)
	return p, findings, err
}

// metadata makes the key-values of a GGUF that do not follow from the config.
func (o *Options) metadata(m *olmo.Model) (general, tokenizer []gguf.KV, findings []formats.Finding, err error) {
	dir := strings.TrimPrefix(m.Source.Path, "random:")
	if abs, err := filepath.Abs(dir); err == nil {
		dir = abs
	}
	beside, tok := m.Source.Beside, m.Source.Beside
	if o.TokenizerDir != "" {
		tok = olmo.Beside{Dir: o.TokenizerDir}
	}
	cfg := m.Config.HFObject()
	opts := ggufmeta.Options{ModelName: o.ModelName, Metadata: o.Metadata, PreTokenizer: o.PreTokenizer}
	for _, t := range m.Tensors {
		opts.Parameters += t.Elements()
	}
	source := func(b olmo.Beside) ggufmeta.Source {
		return ggufmeta.Source{
			DirName: filepath.Base(dir), Config: cfg, Read: b.Read,
			List: b.ListDir, Path: func(name string) string { return filepath.Join(b.Dir, name) },
		}
	}
	general, err = ggufmeta.General(source(beside), opts, m.Config.GGUFArch())
	if err != nil {
		return nil, nil, nil, err
	}
	tokenizer, findings, err = ggufmeta.Tokenizer(source(tok), opts, int(m.Config.VocabSize))
	if errors.Is(err, ggufmeta.ErrNoTokenizer) {
		err = fmt.Errorf("found no tokenizer.json beside the weights, expected one: name its directory with --tokenizer")
	}
	return general, tokenizer, findings, err
}

// write carries the plan out.
func (o *Options) write(ctx context.Context, m *olmo.Model, plan *olmo.Plan, stats *formats.CastStats, r *Result) error {
	staged, err := o.create(m.Source, plan)
	if err != nil {
		return err
	}
	defer staged.Abort()
	out := sink{staged, !plan.Dir && len(plan.Files) == 1 && !o.Provenance}

	var hs []*digest.Hasher
	taps := map[string]*digest.Hasher{}
	if !o.NoHash {
		for _, t := range plan.Tensors {
			h, err := digest.NewHasher(t, false)
			if err != nil {
				return err
			}
			hs = append(hs, h)
		}
		taps = tapped(plan, hs)
	}
	so := stream.Options{Threads: o.Threads, Hash: !o.NoHash, Progress: o.stage("writing", plan.Files)}
	if !o.NoHash {
		so.Tap = func(t *formats.Tensor, off int64, p []byte) error {
			if h := taps[t.Name]; h != nil {
				return h.Write(off, p)
			}
			return nil
		}
	}
	files, err := stream.Write(ctx, out, plan.Files, so)
	if err != nil {
		return err
	}
	r.Casts = Casts{stats.Overflow.Load(), stats.Underflow.Load(), stats.NaN.Load()}
	for _, f := range files {
		r.Output = append(r.Output, OutputFile{o.outputPath(plan, f.Name), f.Bytes, f.SHA256})
	}
	if !o.NoHash {
		var rest []*digest.Hasher
		for _, h := range hs {
			if taps[h.Name()] == nil {
				rest = append(rest, h)
			}
		}
		do := digest.Options{Threads: o.Threads, Tied: olmo.Tied()}
		if err := digest.Hash(ctx, rest, do); err != nil {
			return err
		}
		r.Digest = digest.Combine(hs, do).Model
	}
	if o.Verify {
		if err := o.verify(ctx, m, plan, out, r); err != nil {
			return err
		}
	}
	if o.Provenance {
		if err := o.provenance(out, plan, r); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return out.Commit()
}

// tapped returns the hashers whose bytes pass by while the plan is written,
// whole and unchanged.
func tapped(plan *olmo.Plan, hs []*digest.Hasher) map[string]*digest.Hasher {
	passes := map[string]bool{}
	for _, f := range plan.Files {
		for _, s := range f.Segments {
			if s.Tensor != nil {
				passes[s.Tensor.Name] = true
			}
		}
	}
	taps := map[string]*digest.Hasher{}
	for _, h := range hs {
		if h.Direct() && passes[h.Name()] {
			taps[h.Name()] = h
		}
	}
	return taps
}

// create makes the temporary output. The source must survive it.
func (o *Options) create(src *olmo.Source, plan *olmo.Plan) (*atomicfile.Output, error) {
	ao := atomicfile.Options{Force: o.Force}
	for _, f := range src.Files {
		ao.Protect = append(ao.Protect, f.Path)
	}
	if plan.Dir {
		return atomicfile.CreateDir(o.Dst, ao)
	}
	var names []string
	for _, f := range plan.Files {
		names = append(names, f.Name)
	}
	if o.Provenance {
		names = append(names, names[0]+provenanceExt)
	}
	if len(names) == 1 {
		return atomicfile.Create(o.Dst, ao)
	}
	return atomicfile.CreateSet(filepath.Dir(o.Dst), names, ao)
}

// sink is a staged output as the stream writes to it, by the names of the plan.
type sink struct {
	*atomicfile.Output
	single bool
}

func (s sink) name(name string) string {
	if s.single {
		return "" // the only file of an output has no name in it
	}
	return name
}

// File makes a file of the output.
func (s sink) File(name string, size int64) (*os.File, error) {
	return s.Output.File(s.name(name), size)
}

// Staged returns where a file of the output can be read before it is put in place.
func (s sink) Staged(name string) string { return s.Output.Staged(s.name(name)) }

// outputPath is where a file of the plan will be.
func (o *Options) outputPath(plan *olmo.Plan, name string) string {
	if plan.Dir {
		return filepath.Join(o.Dst, filepath.FromSlash(name))
	}
	return filepath.Join(filepath.Dir(o.Dst), name)
}

// stage tells Progress that a stage over these files begins.
func (o *Options) stage(name string, files []*formats.FilePlan) func(int64) {
	if o.Progress == nil {
		return nil
	}
	var total int64
	for _, f := range files {
		total += f.Size()
	}
	return o.Progress(name, total)
}

func sideOf(path, layout string, c *olmo.Config, ts []formats.Tensor) Side {
	s := Side{Path: path, Layout: layout, Tensors: len(ts), DTypes: map[formats.DType]int64{}}
	if c != nil {
		s.Model = c.ModelType
	}
	for _, t := range ts {
		s.Bytes += t.Bytes()
		s.DTypes[t.DType] += t.Bytes()
	}
	return s
}

// inSource makes an error about what a source holds name the source.
func inSource(src *olmo.Source, err error) error {
	var fe *formats.Error
	var ue *UsageError
	if errors.As(err, &fe) || errors.As(err, &ue) {
		return err
	}
	return formats.Errorf(src.Path, "", "%w", err)
}
