package verify

import (
	"bytes"
	"context"
	"encoding/binary"
	"path/filepath"
	"slices"

	"olmotool/accel"
	"olmotool/formats"
	"olmotool/formats/olmo"
	"olmotool/formats/safetensors"
	"olmotool/internal/atomicfile"
)

// Recorded is what [Logits] wrote.
type Recorded struct {
	Path   string `json:"output"`
	Bytes  int64  `json:"bytes"`
	Tokens int    `json:"tokens"`
	Vocab  int    `json:"vocab"`
}

// OutputError is an error about a file that was to be written.
type OutputError struct{ Err error }

func (e *OutputError) Error() string { return e.Err.Error() }

func (e *OutputError) Unwrap() error { return e.Err }

// Logits runs a model on o.Tokens and writes a golden file: input_ids and the
// logits of all positions, F32, or F64 with that arithmetic. With several
// sequences, which must be of one length, both have a dimension more. The file
// appears when it is complete; one that exists is replaced with force only.
// Memory is that of the activations, of o.Budget and of 256 MB of logits at most.
// The bytes do not depend on the number of threads.
func Logits(ctx context.Context, s *olmo.Source, path string, force bool, o Options) (*Recorded, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	m, err := modelOf(s)
	if err != nil {
		return nil, err
	}
	t, err := o.tokensFor(m)
	if err != nil {
		return nil, err
	}
	for i, seq := range t.Seqs {
		if n := len(t.Seqs[0]); len(seq) != n {
			return nil, formats.Errorf(t.From, "", "sequence %d: found %d tokens, expected %d as in the first: a golden file has rows of one length", i, len(seq), n)
		}
	}
	out, err := create(s, path, force, t.From)
	if err != nil {
		return nil, err
	}
	defer out.Abort()
	if o.Arithmetic == "f64" {
		return (&recorder[float64]{o, m, t, out, formats.F64}).record(ctx, path)
	}
	return (&recorder[float32]{o, m, t, out, formats.F32}).record(ctx, path)
}

// create begins the output, which must not be what is read.
func create(s *olmo.Source, path string, force bool, from string) (*atomicfile.Output, error) {
	protect := []string{from}
	for _, f := range s.Files {
		protect = append(protect, f.Path)
	}
	out, err := atomicfile.Create(path, atomicfile.Options{Force: force, Protect: protect})
	if err != nil {
		return nil, &OutputError{err}
	}
	return out, nil
}

// recordBytes is how many bytes of logits are in memory at a time. Tests cut
// finer.
var recordBytes int64 = 256 << 20

type recorder[T accel.Float] struct {
	Options
	model  *olmo.Model
	tokens Tokens
	out    *atomicfile.Output
	dtype  formats.DType // of T
}

func (r *recorder[T]) record(ctx context.Context, path string) (*Recorded, error) {
	p, err := newPass[T](r.model, r.Options, 1)
	if err != nil {
		return nil, err
	}
	defer p.Close()
	plan, err := r.plan(path)
	if err != nil {
		return nil, err
	}
	f, err := r.out.File("", plan.Size())
	if err != nil {
		return nil, &OutputError{err}
	}
	at, err := writePlan(f, plan)
	if err != nil {
		return nil, &OutputError{err}
	}
	x, err := r.run(ctx, p)
	if err != nil {
		return nil, err
	}
	row := r.model.Config.VocabSize * r.dtype.BlockBytes()
	rows := blocks(x.Rows, row, recordBytes)
	for lo := 0; lo < x.Rows; lo += rows {
		y, err := p.Logits(ctx, x.Slice(lo, min(lo+rows, x.Rows)))
		if err != nil {
			return nil, err
		}
		if err := writeFloats(f, at+int64(lo)*row, y.Data, r.Threads); err != nil {
			return nil, &OutputError{err}
		}
		dropLarge(r.model.Config)
	}
	if err := r.out.Commit(); err != nil {
		return nil, &OutputError{err}
	}
	return &Recorded{Path: path, Bytes: plan.Size(), Tokens: x.Rows, Vocab: int(r.model.Config.VocabSize)}, nil
}

// run returns the input of the head for all positions.
func (r *recorder[T]) run(ctx context.Context, p pass[T]) (accel.Matrix[T], error) {
	layers, size := r.layers(r.model.Config), layerBytes(r.model)
	advance := r.stage("forward pass", int64(layers)*size)
	x, err := p.Embed(ctx, r.tokens.Batch)
	for l := 0; err == nil && l < layers; l++ {
		if err = p.Block(ctx, l, r.tokens.Batch, x, nil); err == nil {
			advance(size)
		}
	}
	if err == nil {
		err = p.Norm(x)
	}
	return x, err
}

// plan lays the file out. The logits, which come last, are not there yet.
func (r *recorder[T]) plan(path string) (*formats.FilePlan, error) {
	shape := []int64{int64(len(r.tokens.Seqs)), int64(len(r.tokens.Seqs[0]))}
	if len(r.tokens.Seqs) == 1 {
		shape = shape[1:]
	}
	var raw []byte
	for _, s := range r.tokens.Seqs {
		for _, id := range s {
			raw = binary.LittleEndian.AppendUint64(raw, uint64(id))
		}
	}
	ids, err := formats.NewTensor(idsName, formats.I64, shape, bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	shape = append(slices.Clone(shape), r.model.Config.VocabSize)
	n, err := formats.BytesOf(r.dtype, shape)
	if err != nil {
		return nil, err
	}
	logits, err := formats.NewTensor(logitsName, r.dtype, shape, later(n))
	if err != nil {
		return nil, err
	}
	return safetensors.Plan(filepath.Base(path), []formats.Tensor{ids, logits}, map[string]string{"arithmetic": r.Arithmetic})
}
