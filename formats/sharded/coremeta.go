package sharded

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"

	"olmotool/formats"
	"olmotool/internal/ordjson"
)

// maxCoreMetadata bounds metadata.json, in bytes: a model of 300 tensors on a
// thousand ranks has 40 million.
const maxCoreMetadata = 512 << 20

// readCoreMetadata reads metadata.json.
func readCoreMetadata(file string) ([]coreTensor, error) {
	f, size, err := formats.OpenRegular(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if size > maxCoreMetadata {
		return nil, formats.Errorf(file, "", "found %d bytes, expected at most %d", size, maxCoreMetadata)
	}
	var text strings.Builder
	if _, err := io.Copy(&text, io.LimitReader(f, maxCoreMetadata)); err != nil {
		return nil, formats.Errorf(file, "", "%w", err)
	}
	return parseCoreMetadata(text.String(), file)
}

func parseCoreMetadata(text, file string) ([]coreTensor, error) {
	s, err := ordjson.NewScanner(text)
	if err == nil {
		p := coreParser{Scanner: s, seen: map[string]bool{}}
		if err = p.members(map[string]func() error{"tensors": p.tensors}, "tensors"); err == nil {
			err = p.End()
		}
		if err == nil {
			return p.list, nil
		}
	}
	if syntax := (*ordjson.SyntaxError)(nil); errors.As(err, &syntax) {
		return nil, formats.Errorf(file, fmt.Sprintf("byte %d", syntax.Offset), "%s", syntax.Msg)
	}
	return nil, formats.Errorf(file, "", "%w", err)
}

type coreParser struct {
	*ordjson.Scanner
	list   []coreTensor
	seen   map[string]bool
	ranges int // of all tensors
}

func (p *coreParser) fail(at int, format string, args ...any) error {
	return &ordjson.SyntaxError{Offset: int64(at), Msg: fmt.Sprintf(format, args...)}
}

// members reads an object. Each of its members is read by the function of that
// name; others, and null, are passed over. Those that are needed must be there.
func (p *coreParser) members(read map[string]func() error, needed ...string) error {
	p.Peek()
	start, seen := p.Pos(), map[string]bool{}
	err := p.Object(func(key string, at int) error {
		f, ok := read[key]
		if !ok || p.Peek() == 'n' {
			return p.Skip()
		}
		if seen[key] {
			return ordjson.Duplicate(key, at)
		}
		seen[key] = true
		return f()
	})
	for _, key := range needed {
		if err == nil && !seen[key] {
			err = p.fail(start, "found no %s, expected it", key)
		}
	}
	return err
}

func (p *coreParser) tensors() error {
	return p.Object(func(name string, at int) error {
		if p.seen[name] {
			return ordjson.Duplicate(name, at)
		}
		p.seen[name] = true
		if len(p.list) == maxTensors {
			return p.fail(at, "found more than %d tensors, expected at most that many", maxTensors)
		}
		t := coreTensor{name: name, sharded: true}
		err := p.members(map[string]func() error{
			"shape":                      func() (err error) { t.shape, err = p.numbers(maxDims); return err },
			"is_sharded":                 func() (err error) { t.sharded, err = p.boolean(); return err },
			"dtype":                      func() (err error) { t.dtype, err = p.dtype(); return err },
			"shard_spec_per_file":        func() error { return p.files(&t, p.spec) },
			"flattened_offsets_per_file": func() error { return p.files(&t, p.offsets) }, // of the first releases
		}, "shape", "dtype")
		p.list = append(p.list, t)
		return err
	})
}

// files reads what each file has of a tensor.
func (p *coreParser) files(t *coreTensor, read func(*coreSpec) error) error {
	seen := map[string]bool{}
	return p.Object(func(file string, at int) error {
		if seen[file] {
			return ordjson.Duplicate(file, at)
		}
		seen[file] = true
		if file != filepath.Base(file) || !filepath.IsLocal(file) || strings.ContainsAny(file, "\\:\x00") || !strings.HasSuffix(file, ".safetensors") {
			return p.fail(at, "found the file %.200q, expected the name of a safetensors file in the same directory", file)
		}
		if len(seen) > maxRanks {
			return p.fail(at, "found more than %d files, expected at most that many", maxRanks)
		}
		s := coreSpec{file: file}
		err := read(&s)
		t.specs = append(t.specs, s)
		return err
	})
}

func (p *coreParser) spec(s *coreSpec) error {
	p.Peek()
	start := p.Pos()
	err := p.members(map[string]func() error{
		"flattened_offsets": func() error { return p.offsets(s) },
		"local_shape":       func() (err error) { s.shape, err = p.numbers(maxDims); return err },
		"global_offset":     func() (err error) { s.offset, err = p.numbers(maxDims); return err },
	})
	switch {
	case err != nil:
		return err
	case s.box() != (s.offset != nil), s.box() == (s.ranges != nil):
		return p.fail(start, "found no flattened_offsets, or no local_shape and global_offset, expected the one or the other")
	}
	return nil
}

// offsets reads ranges: [[from, to], …], or [from, to] as the first releases
// wrote it.
func (p *coreParser) offsets(s *coreSpec) error {
	s.ranges = [][2]int64{}
	var one []int64
	p.Peek()
	start := p.Pos()
	err := p.Array(func(i int) error {
		if p.Peek() != '[' {
			n, err := p.integer()
			if one = append(one, n); len(one) > 2 {
				return p.fail(start, "found more than two numbers, expected two")
			}
			return err
		}
		at := p.Pos()
		if p.ranges++; p.ranges > maxChunks {
			return p.fail(at, "found more than %d ranges, expected at most that many", maxChunks)
		}
		ns, err := p.numbers(2)
		if err == nil && len(ns) != 2 {
			err = p.fail(at, "found %d numbers, expected two", len(ns))
		}
		if err == nil {
			s.ranges = append(s.ranges, [2]int64{ns[0], ns[1]})
		}
		return err
	})
	switch {
	case err != nil:
		return err
	case len(one) == 2 && len(s.ranges) == 0:
		s.ranges = append(s.ranges, [2]int64{one[0], one[1]})
	case len(one) > 0:
		return p.fail(start, "found numbers that are no pair, expected pairs of them")
	}
	return nil
}

func (p *coreParser) dtype() (formats.DType, error) {
	p.Peek()
	at := p.Pos()
	name, err := p.String()
	if err != nil {
		return formats.InvalidDType, err
	}
	d, err := formats.ParseDType(name)
	if err != nil {
		return d, p.fail(at, "found the dtype %.40q, expected one of safetensors'", name)
	}
	return d, nil
}

func (p *coreParser) boolean() (bool, error) {
	p.Peek()
	at := p.Pos()
	v, err := p.Value()
	b, ok := v.(bool)
	if err == nil && !ok {
		err = p.fail(at, "found no true or false, expected one")
	}
	return b, err
}

func (p *coreParser) numbers(most int) ([]int64, error) {
	ns := []int64{}
	err := p.Array(func(i int) error {
		if i == most {
			return p.fail(p.Pos(), "found more than %d numbers, expected at most that many", most)
		}
		n, err := p.integer()
		ns = append(ns, n)
		return err
	})
	return ns, err
}

func (p *coreParser) integer() (int64, error) {
	p.Peek()
	at := p.Pos()
	text, err := p.Number()
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return 0, p.fail(at, "found %.40s, expected an integer of at least 0", text)
	}
	return n, nil
}
