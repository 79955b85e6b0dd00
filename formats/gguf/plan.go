package gguf

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"

	"olmotool/formats"
)

// Options chooses what a plan leaves open.
type Options struct {
	// BigEndian writes for big-endian machines. The words of tensor data are
	// swapped on the way, so that segments have no Tensor.
	BigEndian bool
}

// Plan says what the bytes of a version 3 file with these key-values and
// tensors are. Nothing is left out or added: gguf-py leaves out keys whose
// value is empty, which is for the caller to do. Tensor data is aligned to
// general.alignment if that is set, otherwise to 32, and padded at the end.
//
// It fails on what a reader would refuse: a key or tensor name that occurs
// twice or is too long, a value or an element type that GGUF does not have,
// more than four dimensions.
func Plan(name string, kvs []KV, tensors []formats.Tensor, o Options) (*formats.FilePlan, error) {
	alignment, err := alignmentOf(kvs)
	if err != nil {
		return nil, err
	}
	if err := checkTensors(tensors); err != nil {
		return nil, err
	}
	var order byteOrder = binary.LittleEndian
	if o.BigEndian {
		order = binary.BigEndian
	}
	b := []byte(magic)
	b = order.AppendUint32(b, version)
	b = order.AppendUint64(b, uint64(len(tensors)))
	b = order.AppendUint64(b, uint64(len(kvs)))
	if b, err = appendKeys(b, order, kvs); err != nil {
		return nil, err
	}
	if b, err = appendTensors(b, order, tensors, alignment); err != nil {
		return nil, err
	}
	zeros := make([]byte, alignment)
	padding := func(n int64) []byte { return zeros[:-n&(alignment-1)] }
	b = append(b, padding(int64(len(b)))...)

	p := &formats.FilePlan{Name: name, Segments: []formats.Segment{plain(b)}}
	for _, t := range tensors {
		s := formats.Segment{Size: t.Bytes(), Data: t.Data, Tensor: &t}
		if o.BigEndian {
			s.Data, s.Tensor = swap(t).Data, nil
		}
		p.Segments = append(p.Segments, s)
		if z := padding(t.Bytes()); len(z) > 0 {
			p.Segments = append(p.Segments, plain(z))
		}
	}
	return p, nil
}

func plain(b []byte) formats.Segment {
	return formats.Segment{Size: int64(len(b)), Data: bytes.NewReader(b)}
}

func appendKeys(b []byte, order byteOrder, kvs []KV) ([]byte, error) {
	seen := map[string]bool{}
	for _, kv := range kvs {
		if err := checkKey(kv.Key); err != nil {
			return nil, fmt.Errorf("key %.80q: %w", kv.Key, err)
		}
		if seen[kv.Key] {
			return nil, fmt.Errorf("key %q: found a second one, expected one", kv.Key)
		}
		seen[kv.Key] = true
		var err error
		if b, err = appendValue(appendString(b, order, kv.Key), order, kv.Value); err != nil {
			return nil, fmt.Errorf("key %q: %w", kv.Key, err)
		}
	}
	return b, nil
}

// appendTensors appends the records of tensors that checkTensors has passed.
func appendTensors(b []byte, order byteOrder, tensors []formats.Tensor, alignment int64) ([]byte, error) {
	var offset int64
	for _, t := range tensors {
		b = appendString(b, order, t.Name)
		b = order.AppendUint32(b, uint32(len(t.Shape)))
		for _, n := range slices.Backward(t.Shape) {
			b = order.AppendUint64(b, uint64(n))
		}
		id, _ := TypeID(t.DType)
		b = order.AppendUint32(b, id)
		b = order.AppendUint64(b, uint64(offset))
		end, err := formats.AddChecked(offset, t.Bytes())
		if err == nil {
			offset, err = pad(end, alignment)
		}
		if err != nil {
			return nil, fmt.Errorf("tensor %q: %w", t.Name, err)
		}
	}
	return b, nil
}

// checkTensors returns why one of the tensors cannot be written.
func checkTensors(tensors []formats.Tensor) error {
	seen := map[string]bool{}
	for _, t := range tensors {
		err := checkTensor(t)
		if err == nil && seen[t.Name] {
			err = fmt.Errorf("found a second one, expected one")
		}
		if err != nil {
			return fmt.Errorf("tensor %.80q: %w", t.Name, err)
		}
		seen[t.Name] = true
	}
	return nil
}

func checkTensor(t formats.Tensor) error {
	if err := checkName(t.Name); err != nil {
		return err
	}
	if _, ok := TypeID(t.DType); !ok {
		return fmt.Errorf("found type %s, expected one that GGUF has", t.DType)
	}
	if len(t.Shape) > maxDims {
		return fmt.Errorf("found %d dimensions, expected at most %d", len(t.Shape), maxDims)
	}
	want, err := formats.BytesOf(t.DType, t.Shape)
	if err == nil && want != t.Bytes() {
		err = fmt.Errorf("found %d bytes, expected %d for %s %v", t.Bytes(), want, t.DType, t.Shape)
	}
	return err
}
