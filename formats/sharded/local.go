package sharded

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v4"

	"olmotool/formats"
	"olmotool/formats/torch"
)

// localMetadata says how many ranks there were.
const localMetadata = "metadata.yaml"

// OpenLocal describes the model in a directory of metadata.yaml, model/rank0.pt,
// model/rank1.pt …: of the trainer's setting local. Every file is the pickle of
// what a rank holds of FSDP's flat parameters, and how they are made up. Errors
// about the content are *formats.Error.
func OpenLocal(dir string) (*formats.Checkpoint, error) {
	world, err := worldSize(filepath.Join(dir, localMetadata))
	if err != nil {
		return nil, err
	}
	r, err := findRanks(filepath.Join(dir, "model"), "rank%d.pt")
	if err != nil {
		return nil, err
	}
	if err := r.complete(world, localMetadata); err != nil {
		return nil, err
	}
	l := &local{ranks: r}
	c, err := l.open(dir)
	if err != nil {
		_ = r.pool.Close() // err is what matters
		return nil, err
	}
	return c, nil
}

// worldSize reads metadata.yaml: {world_size: n}.
func worldSize(file string) (int64, error) {
	f, size, err := formats.OpenRegular(file)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	const most = 4 << 10 // it has one line
	if size > most {
		return 0, formats.Errorf(file, "", "found %d bytes, expected at most %d", size, most)
	}
	text, err := io.ReadAll(io.LimitReader(f, most))
	if err != nil {
		return 0, formats.Errorf(file, "", "%w", err)
	}
	var m struct {
		WorldSize *int64 `yaml:"world_size"`
	}
	if err := yaml.Load(text, &m); err != nil {
		return 0, formats.Errorf(file, "", "found YAML that cannot be read: %.200s", strings.Join(strings.Fields(err.Error()), " "))
	}
	if m.WorldSize == nil || *m.WorldSize < 1 || *m.WorldSize > maxRanks {
		return 0, formats.Errorf(file, "world_size", "found no number from 1 to %d, expected one", maxRanks)
	}
	return *m.WorldSize, nil
}

// local is a checkpoint of which the ranks are read one after the other.
type local struct {
	*ranks
	joiner
	found
	nHandles int
}

func (l *local) open(dir string) (*formats.Checkpoint, error) {
	for i, rank := range l.have {
		f, err := l.ranks.open(rank)
		if err != nil {
			return nil, err
		}
		l.found.add(f.File)
		n, err := l.modules(f)
		if err != nil {
			return nil, placed(err, f.Path, "modules")
		}
		if i == 0 {
			l.nHandles = n
		} else if n != l.nHandles {
			return nil, formats.Errorf(f.Path, "modules", "found %d tensors, expected %d as in %s: ranks of different runs?", n, l.nHandles, l.name(l.have[0]))
		}
	}
	c := &formats.Checkpoint{Path: dir, Files: l.pool.All(), Findings: l.findings(), Closers: []io.Closer{l.pool}}
	var err error
	c.Tensors, err = l.join(l.dir)
	return c, err
}

// modules reads the modules that FSDP wraps, each of which has a flat parameter,
// or none, and returns how many tensors they are made up of.
func (l *local) modules(f *rankFile) (tensors int, err error) {
	modules, err := itemsOf(f.root, "modules")
	if err != nil {
		return 0, err
	}
	for i, v := range modules {
		m, ok := v.(*torch.Dict)
		if !ok {
			return 0, fmt.Errorf("module %d: found no dict, expected one", i)
		}
		v, _ := m.Get("name")
		name, ok := v.(string)
		if !ok {
			return 0, fmt.Errorf("module %d: found no name, expected one", i)
		}
		handles, err := itemsOf(m, "handles")
		if err != nil {
			return 0, fmt.Errorf("module %.120q: %w", name, err)
		}
		for _, v := range handles {
			d, ok := v.(*torch.Dict)
			if !ok {
				return 0, fmt.Errorf("module %.120q: found no dict as a handle, expected one", name)
			}
			n, err := l.handle(f, name, d)
			if err != nil {
				return 0, placed(err, f.Path, fmt.Sprintf("module %.120q", name))
			}
			tensors += n
		}
	}
	return tensors, nil
}

// handle gathers what a rank has of the tensors that a flat parameter is made of.
func (l *local) handle(f *rankFile, module string, d *torch.Dict) (tensors int, err error) {
	flat, err := readFlatParam(d)
	if err != nil {
		return 0, err
	}
	v, _ := d.Get("flat_param.data")
	data, err := f.Tensor(module, v)
	if err != nil {
		return 0, err
	}
	if len(data.Shape) != 1 {
		return 0, fmt.Errorf("found data of %v, expected one dimension", data.Shape)
	}
	if err := flat.within(data.Shape[0]); err != nil {
		return 0, err
	}
	for i, name := range flat.names {
		name = fullName(module, name)
		p, err := l.tensor(name, data.DType, flat.shapes[i], f.Path)
		if err != nil {
			return 0, formats.Errorf(f.Path, fmt.Sprintf("tensor %.120q", name), "%w", err)
		}
		p.flat = true
		r := flat.ranges[i]
		if r.n == 0 {
			continue
		}
		piece, err := formats.Rows(data, r.at, r.at+r.n)
		if err != nil {
			return 0, err
		}
		piece.Origin.Name = name
		if err := l.joiner.add(p, []int64{r.from}, piece); err != nil {
			return 0, err
		}
	}
	return len(flat.names), nil
}

// wrapper is what FSDP puts into the names of modules that it wraps.
const wrapper = "_fsdp_wrapped_module."

// fullName returns the name of a tensor in the model.
func fullName(module, name string) string {
	module = strings.TrimSuffix(strings.ReplaceAll(module+".", wrapper, ""), ".")
	if module != "" {
		name = module + "." + name
	}
	return strings.ReplaceAll(name, wrapper, "")
}
