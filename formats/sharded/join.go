package sharded

import (
	"fmt"
	"slices"

	"olmotool/formats"
)

// joiner gathers the parts of tensors.
type joiner struct {
	parts  []*parts // in the order in which they were met
	byName map[string]*parts
	chunks int
}

// parts is what is known of a tensor.
type parts struct {
	name   string
	dtype  formats.DType
	shape  []int64
	from   string // the file that says so
	flat   bool   // the chunks are of the flattened tensor
	chunks []formats.Chunk
}

// tensor returns the tensor of that name. All files must say the same of it.
func (j *joiner) tensor(name string, d formats.DType, shape []int64, file string) (*parts, error) {
	if p, ok := j.byName[name]; ok {
		if p.dtype != d || !slices.Equal(p.shape, shape) {
			return nil, fmt.Errorf("found %s %v, expected %s %v as in %s: ranks of different runs?", d, shape, p.dtype, p.shape, p.from)
		}
		return p, nil
	}
	if len(j.parts) == maxTensors {
		return nil, fmt.Errorf("found more than %d tensors, expected at most that many", maxTensors)
	}
	if _, err := formats.BytesOf(d, shape); err != nil {
		return nil, err
	}
	if j.byName == nil {
		j.byName = map[string]*parts{}
	}
	p := &parts{name: name, dtype: d, shape: shape, from: file}
	j.parts = append(j.parts, p)
	j.byName[name] = p
	return p, nil
}

// add adds a part that begins at offset.
func (j *joiner) add(p *parts, offset []int64, t formats.Tensor) error {
	if j.chunks++; j.chunks > maxChunks {
		return fmt.Errorf("found more than %d parts of tensors, expected fewer", maxChunks)
	}
	p.chunks = append(p.chunks, formats.Chunk{Offset: offset, Tensor: t})
	return nil
}

// join returns the whole tensors; dir is where their parts lie.
func (j *joiner) join(dir string) ([]formats.Tensor, error) {
	if len(j.parts) == 0 {
		return nil, formats.Errorf(dir, "", "found no tensors, expected those of a model")
	}
	out := make([]formats.Tensor, len(j.parts))
	for i, p := range j.parts {
		shape := p.shape
		if p.flat {
			n, err := formats.ElementsOf(shape)
			if err != nil {
				return nil, err
			}
			shape = []int64{n}
		}
		t, err := formats.Assemble(p.name, p.dtype, shape, p.chunks)
		if err != nil {
			return nil, formats.Errorf(dir, "", "%w", err)
		}
		if t.Shape = p.shape; len(p.chunks) == 0 {
			t.Origin.File = p.from // it has no elements
		}
		out[i] = t
	}
	return out, nil
}
