package verify

import (
	"encoding/binary"
	"math"
	"slices"

	"olmotool/accel"
	"olmotool/formats"
	"olmotool/formats/ggml"
	"olmotool/formats/safetensors"
	"olmotool/verify/forward"
)

// logitsName is the tensor of logits in golden files.
const logitsName = "logits"

// GoldenFile is logits that were recorded, and the token ids that they are of:
// a safetensors file with
//
//	input_ids  I64 or I32                [T] or [B, T]
//	logits     F32, F64, BF16 or F16     [T, V] or [B, T, V]
//
// Three lines of Python write one. It must be closed.
type GoldenFile struct {
	Path     string
	Batch    forward.Batch
	Vocab    int
	DType    formats.DType     // of the logits
	Metadata map[string]string // what the file says of itself, or nil

	logits formats.Tensor
	ck     *formats.Checkpoint
}

// OpenGolden opens a golden file. Shapes that do not fit each other, and logits
// that are no numbers, are a [*formats.Error] that names the tensor.
func OpenGolden(path string) (*GoldenFile, error) {
	ck, err := safetensors.Open(path)
	if err != nil {
		return nil, err
	}
	g, err := newGolden(ck)
	if err != nil {
		_ = ck.Close() // err is what matters
		return nil, err
	}
	return g, nil
}

func newGolden(ck *formats.Checkpoint) (*GoldenFile, error) {
	b, _, err := readIDs(ck)
	if err != nil {
		return nil, err
	}
	ids, err := tensorNamed(ck, idsName)
	if err != nil {
		return nil, err
	}
	l, err := tensorNamed(ck, logitsName)
	if err != nil {
		return nil, err
	}
	g := &GoldenFile{Path: ck.Path, Batch: b, DType: l.DType, Metadata: ck.Metadata, logits: l, ck: ck}
	if !l.DType.IsFloat() {
		return nil, g.errorf("found %s, expected F32, F64, BF16 or F16", l.DType)
	}
	n := len(ids.Shape)
	if len(l.Shape) != n+1 || !slices.Equal(l.Shape[:n], ids.Shape) {
		return nil, g.errorf("found shape %v, expected that of %s, %v, and the vocabulary", l.Shape, idsName, ids.Shape)
	}
	if v := l.Shape[n]; v < 2 || v > math.MaxInt32 {
		return nil, g.errorf("found shape %v, expected a vocabulary of 2 to %d", l.Shape, math.MaxInt32)
	}
	g.Vocab = int(l.Shape[n])
	return g, g.checkFinite()
}

// Close closes the file.
func (g *GoldenFile) Close() error { return g.ck.Close() }

func (g *GoldenFile) errorf(format string, args ...any) error {
	return formats.Errorf(g.Path, place(logitsName), format, args...)
}

// goldenPiece is how many logits are decoded at a time.
const goldenPiece = 1 << 16

// each calls f with all logits in order, from element lo on, n of them.
func (g *GoldenFile) each(lo, n int64, f func(at int64, x []float64) error) error {
	size := g.DType.BlockBytes()
	raw, x := make([]byte, goldenPiece*size), make([]float64, goldenPiece)
	for at := lo; at < lo+n; at += goldenPiece {
		k := min(goldenPiece, lo+n-at)
		if err := formats.ReadFull(g.logits.Data, raw[:k*size], at*size); err != nil {
			return g.errorf("element %d: %w", at, err)
		}
		decodeFloats(x[:k], raw, g.DType)
		if err := f(at, x[:k]); err != nil {
			return err
		}
	}
	return nil
}

// checkFinite reads all logits: a NaN is found before a model is run.
func (g *GoldenFile) checkFinite() error {
	return g.each(0, g.logits.Elements(), func(at int64, x []float64) error {
		for i, v := range x {
			if v-v != 0 {
				row, token := (at+int64(i))/int64(g.Vocab), (at+int64(i))%int64(g.Vocab)
				length := int64(len(g.Batch.Seqs[0]))
				return g.errorf("sequence %d, position %d, token %d: found %v, expected a finite number", row/length, row%length, token, v)
			}
		}
		return nil
	})
}

// rows returns the logits of rows [lo, hi).
func (g *GoldenFile) rows(lo, hi int) (accel.Matrix[float64], error) {
	m := accel.NewMatrix[float64](hi-lo, g.Vocab)
	first := int64(lo) * int64(g.Vocab)
	err := g.each(first, int64(len(m.Data)), func(at int64, x []float64) error {
		copy(m.Data[at-first:], x)
		return nil
	})
	return m, err
}

// decodeFloats reads len(x) numbers of a plain float type.
func decodeFloats(x []float64, raw []byte, d formats.DType) {
	if d == formats.F64 {
		for i := range x {
			x[i] = math.Float64frombits(binary.LittleEndian.Uint64(raw[8*i:]))
		}
		return
	}
	f := make([]float32, len(x))
	decode := map[formats.DType]func([]float32, []byte){formats.F32: ggml.DecodeF32, formats.F16: ggml.DecodeF16, formats.BF16: ggml.DecodeBF16}[d]
	decode(f, raw[:int64(len(x))*d.BlockBytes()])
	for i, v := range f {
		x[i] = float64(v)
	}
}
