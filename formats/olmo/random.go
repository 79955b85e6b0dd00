package olmo

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"

	"olmotool/formats"
	"olmotool/formats/random"
)

const randomPrefix = "random:"

// shape is a released size of OLMo 2, or the tiny one of tests.
type shape struct {
	hidden, layers, heads, kvHeads, ff, vocab, context int64
}

var shapes = map[string]shape{
	"tiny": {64, 2, 4, 2, 96, 576, 256},
	"1b":   {2048, 16, 16, 16, 8192, 100352, 4096},
	"7b":   {4096, 32, 32, 32, 11008, 100352, 4096},
	"13b":  {5120, 40, 40, 40, 13824, 100352, 4096},
	"32b":  {5120, 64, 40, 8, 27648, 100352, 4096},
}

func (s shape) config() *Config {
	c := &Config{
		ModelType: OLMo2, VocabSize: s.vocab, HiddenSize: s.hidden, IntermediateSize: s.ff, NumHiddenLayers: s.layers,
		NumAttentionHeads: s.heads, NumKeyValueHeads: s.kvHeads, MaxPositionEmbeddings: s.context,
		RMSNormEps: 1e-6, HiddenAct: "silu", InitializerRange: 0.02,
		Rope: Rope{Type: "default", Theta: 500000}, EOSTokenID: []int64{100257}, PadTokenID: new(int64(100277)),
	}
	if s.vocab < *c.PadTokenID {
		c.EOSTokenID, c.PadTokenID = []int64{513}, new(int64(533)) // those of testdata/tokenizers/dolma2-tiny
	}
	c.setDefaults()
	return c
}

// openRandom makes up a checkpoint: SHAPE[,seed=N][,dtype=D], where SHAPE is a
// key of shapes or the path of a config.json. Weights are normal with the
// config's initializer_range, norms around 1; nothing is stored, and each value
// follows from the seed, the tensor's name and the index alone (package random).
func openRandom(spec string) (*Source, error) {
	path := randomPrefix + spec
	seed, dtype := uint64(0), formats.BF16
	seen := map[string]bool{}
	for {
		i := strings.LastIndexByte(spec, ',')
		if i < 0 {
			break
		}
		key, value, _ := strings.Cut(spec[i+1:], "=")
		var err error
		switch {
		case key == "seed" && !seen[key]:
			seed, err = strconv.ParseUint(value, 10, 64)
		case key == "dtype" && !seen[key]:
			dtype, err = formats.ParseDType(value)
		default:
			err = fmt.Errorf("found %q, expected seed=N and dtype=D, each at most once", spec[i+1:])
		}
		if err == nil && !dtype.IsFloat() {
			err = fmt.Errorf("found %q, expected f32, f16, bf16 or f64", value)
		}
		if err != nil {
			return nil, formats.Errorf(path, "", "%w", err)
		}
		seen[key] = true
		spec = spec[:i]
	}
	var beside Beside
	s, ok := shapes[spec]
	c := s.config()
	if !ok {
		b, err := readBounded(spec)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, formats.Errorf(path, "", "found shape %q, expected tiny, 1b, 7b, 13b, 32b or the path of a config.json", spec)
		}
		if err != nil {
			return nil, err
		}
		if c, err = ParseHFConfig(b, spec); err != nil {
			return nil, sniffed(err, "JSON")
		}
		beside.Dir = filepath.Dir(spec)
		c.HF, c.hfText = nil, nil // its torch_dtype need not be ours
	}
	ck := &formats.Checkpoint{Path: path}
	for _, s := range c.Tensors() {
		o := random.Options{Std: float32(c.InitializerRange)}
		if len(s.Shape) == 1 {
			o.Mean = 1
		}
		t, err := randomTensor(s, seed, dtype, o)
		if err != nil {
			return nil, formats.Errorf(path, fmt.Sprintf("tensor %q", s.Name), "%w", err)
		}
		t.Origin = formats.Origin{Name: s.Name, File: path, Offset: -1}
		ck.Tensors = append(ck.Tensors, t)
	}
	return &Source{Checkpoint: ck, Layout: layoutHF, layout: hfLayout, Config: c, Beside: beside}, nil
}

func randomTensor(s Spec, seed uint64, d formats.DType, o random.Options) (formats.Tensor, error) {
	n, err := formats.ElementsOf(s.Shape)
	if err != nil {
		return formats.Tensor{}, err
	}
	data, err := random.Data(seed, s.Name, d, n, o)
	if err != nil {
		return formats.Tensor{}, err
	}
	return formats.NewTensor(s.Name, d, s.Shape, data)
}
