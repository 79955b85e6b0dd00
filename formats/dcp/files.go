package dcp

import "olmotool/internal/filepool"

// files are those that the items of a checkpoint lie in.
type files struct {
	*filepool.Pool
	like alike
	all  map[string]*dataFile
}

// dataFile is one of them, with what .metadata says of it.
type dataFile struct {
	*filepool.File
	holds Part
	like  *alike // of all of them
}

func newFiles(dir string) *files {
	return &files{Pool: filepool.New(dir), all: map[string]*dataFile{}}
}

// get returns a file by its path in the directory.
func (p *files) get(relative string) (*dataFile, error) {
	if f, ok := p.all[relative]; ok {
		return f, nil
	}
	x, err := p.Get(relative)
	if err != nil {
		return nil, err
	}
	f := &dataFile{x, Part{Path: x.Path}, &p.like}
	p.all[relative] = f
	return f, nil
}
