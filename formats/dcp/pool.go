package dcp

import (
	"container/list"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"olmotool/formats"
	"olmotool/formats/shards"
)

// maxOpen is how many files a checkpoint keeps open: half of the 1024 that Linux
// lets a process have at the least, and more than most runs have processes.
// Reading tensor by tensor goes through all files in turn.
const maxOpen = 512

// pool opens the files of a directory as they are read, and closes those that
// were not for the longest time.
type pool struct {
	dir  string
	like alike

	mu     sync.Mutex
	files  map[string]*pooled
	recent list.List // of *pooled that are open, the last used first
	closed bool
}

// pooled is a file of the pool.
type pooled struct {
	pool  *pool
	path  string
	size  int64
	holds Part

	file  *os.File
	users int // reads in progress
	at    *list.Element
}

// get returns a file of the directory by its relative path, and makes sure that
// it is a regular one, and within the directory.
func (p *pool) get(relative string) (*pooled, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if f, ok := p.files[relative]; ok {
		return f, nil
	}
	path := filepath.Join(p.dir, filepath.FromSlash(relative))
	fi, err := os.Lstat(path)
	if err == nil && fi.Mode()&fs.ModeSymlink != 0 {
		fi, err = shards.FollowLink(filepath.Dir(path), path)
	}
	if err != nil {
		return nil, err
	}
	if !fi.Mode().IsRegular() {
		return nil, formats.Errorf(path, "", "found no regular file, expected one")
	}
	f := &pooled{pool: p, path: path, size: fi.Size(), holds: Part{Path: path}}
	if p.files == nil {
		p.files = map[string]*pooled{}
	}
	p.files[relative] = f
	return f, nil
}

// ReadAt reads of the file, which is opened if it is not.
func (f *pooled) ReadAt(b []byte, off int64) (int, error) {
	file, err := f.acquire()
	if err != nil {
		return 0, err
	}
	defer f.release()
	return file.ReadAt(b, off)
}

var _ io.ReaderAt = (*pooled)(nil)

func (f *pooled) acquire() (*os.File, error) {
	p := f.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, fs.ErrClosed
	}
	if f.file == nil {
		p.makeRoom()
		file, size, err := formats.OpenRegular(f.path)
		if err != nil {
			return nil, err
		}
		if size != f.size {
			file.Close()
			return nil, formats.Errorf(f.path, "", "found %d bytes, expected %d as before", size, f.size)
		}
		f.file, f.at = file, p.recent.PushFront(f)
	}
	p.recent.MoveToFront(f.at)
	f.users++
	return f.file, nil
}

func (f *pooled) release() {
	f.pool.mu.Lock()
	defer f.pool.mu.Unlock()
	f.users--
}

// makeRoom closes the files that nobody reads, the longest unused first, until
// one more may be open.
func (p *pool) makeRoom() {
	for e := p.recent.Back(); e != nil && p.recent.Len() >= maxOpen; {
		f, before := e.Value.(*pooled), e.Prev()
		if f.users == 0 {
			f.close()
		}
		e = before
	}
}

func (f *pooled) close() {
	f.file.Close() // only read from
	f.pool.recent.Remove(f.at)
	f.file, f.at = nil, nil
}

// Close closes all files; nobody may read any more.
func (p *pool) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.recent.Len() > 0 {
		p.recent.Front().Value.(*pooled).close()
	}
	p.closed = true
	return nil
}
