package safetensors

import (
	"errors"
	"fmt"
	"math"
	"strconv"

	"olmotool/formats"
	"olmotool/internal/ordjson"
)

// info is the description of one tensor.
type info struct {
	name       string
	dtype      formats.DType
	shape      []int64
	begin, end int64 // of its bytes, from the end of the header
}

// readInfo reads the description of a tensor.
func (p *parser) readInfo(t *info) error {
	p.Peek()
	start := p.Pos()
	var dtype, shape, offsets bool // seen
	once := func(seen *bool, key string, at int) error {
		if *seen {
			return ordjson.Duplicate(key, at)
		}
		*seen = true
		return nil
	}
	err := p.Object(func(key string, at int) error {
		switch key {
		case "dtype":
			if err := once(&dtype, key, at); err != nil {
				return err
			}
			return p.readDType(t)
		case "shape":
			if err := once(&shape, key, at); err != nil {
				return err
			}
			return p.readShape(t)
		case "data_offsets":
			if err := once(&offsets, key, at); err != nil {
				return err
			}
			return p.readOffsets(t)
		}
		if p.unknownFields++; p.unknownFields == 1 {
			p.firstUnknown = fmt.Sprintf("%.40q of tensor %.120q", key, t.name)
		}
		return p.Skip()
	})
	switch {
	case err != nil:
		return err
	case !dtype:
		return fail(start, "found no dtype, expected one")
	case !shape:
		return fail(start, "found no shape, expected one")
	case !offsets:
		return fail(start, "found no data_offsets, expected them")
	}
	return nil
}

func (p *parser) readDType(t *info) error {
	p.Peek()
	at := p.Pos()
	name, err := p.String()
	if err != nil {
		return err
	}
	var ok bool
	if t.dtype, ok = dtypes[name]; !ok {
		return fail(at, "found dtype %.40q, expected one of the format's, such as \"F32\" or \"BF16\"", name)
	}
	return nil
}

func (p *parser) readShape(t *info) error {
	t.shape = []int64{}
	return p.Array(func(i int) error {
		if i == maxDims {
			return fail(p.Pos(), "found more than %d dimensions, expected at most that many", maxDims)
		}
		n, err := p.integer("dimension")
		t.shape = append(t.shape, n)
		return err
	})
}

func (p *parser) readOffsets(t *info) error {
	p.Peek()
	at, count := p.Pos(), 0
	err := p.Array(func(i int) error {
		n, err := p.integer("offset")
		switch count++; i {
		case 0:
			t.begin = n
		case 1:
			t.end = n
		default:
			return fail(at, "found more than two data_offsets, expected two")
		}
		return err
	})
	switch {
	case err != nil:
		return err
	case count != 2:
		return fail(at, "found %d data_offsets, expected two", count)
	case t.end < t.begin:
		return fail(at, "found data_offsets [%d,%d], expected the end not before the beginning", t.begin, t.end)
	}
	return nil
}

// integer reads a non-negative integer, written in digits alone and exactly.
func (p *parser) integer(what string) (int64, error) {
	p.Peek()
	at := p.Pos()
	text, err := p.Number()
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseUint(text, 10, 64)
	switch {
	case errors.Is(err, strconv.ErrSyntax):
		return 0, fail(at, "found %s %.40s, expected an integer from 0, written in digits", what, text)
	case err != nil || n > math.MaxInt64:
		return 0, fail(at, "found %s %.40s, expected at most %d", what, text, int64(math.MaxInt64))
	}
	return int64(n), nil
}
