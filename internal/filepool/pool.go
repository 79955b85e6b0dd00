// Package filepool reads the many files of one directory, of which it keeps only
// some open.
package filepool

import (
	"container/list"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"olmotool/formats"
	"olmotool/formats/shards"
)

// maxOpen is how many files a pool keeps open: half of the 1024 that Linux lets a
// process have at the least. Reading tensor by tensor goes through all files in
// turn, so that as many as there are ranks is best.
const maxOpen = 512

// Pool opens the files of a directory as they are read, and closes those that
// were not for the longest time.
type Pool struct {
	dir string

	mu     sync.Mutex
	files  map[string]*File
	recent list.List // of *File that are open, the last used first
	closed bool
}

// New returns the pool of a directory, with no file open. The caller closes it.
func New(dir string) *Pool { return &Pool{dir: dir, files: map[string]*File{}} }

// File is a file of the pool, which may be closed between two reads.
type File struct {
	Path string
	Size int64 // when it was asked for

	pool *Pool

	file  *os.File
	users int // reads in progress
	at    *list.Element
}

// Get returns a file of the directory by its relative path, and makes sure that
// it is a regular one, and within the directory.
func (p *Pool) Get(relative string) (*File, error) {
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
	f := &File{pool: p, Path: path, Size: fi.Size()}
	p.files[relative] = f
	return f, nil
}

// ReadAt reads of the file, which is opened if it is not.
func (f *File) ReadAt(b []byte, off int64) (int, error) {
	file, err := f.acquire()
	if err != nil {
		return 0, err
	}
	defer f.release()
	return file.ReadAt(b, off)
}

var _ io.ReaderAt = (*File)(nil)

func (f *File) acquire() (*os.File, error) {
	p := f.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, fs.ErrClosed
	}
	if f.file == nil {
		p.makeRoom()
		file, size, err := formats.OpenRegular(f.Path)
		if err != nil {
			return nil, err
		}
		if size != f.Size {
			file.Close()
			return nil, formats.Errorf(f.Path, "", "found %d bytes, expected %d as before", size, f.Size)
		}
		f.file, f.at = file, p.recent.PushFront(f)
	}
	p.recent.MoveToFront(f.at)
	f.users++
	return f.file, nil
}

func (f *File) release() {
	f.pool.mu.Lock()
	defer f.pool.mu.Unlock()
	f.users--
}

// Pinned returns the file itself if it stays open until the pool is closed: if all
// that were asked for may be open at a time. Ask for all of them before.
func (f *File) Pinned() (*os.File, bool) {
	f.pool.mu.Lock()
	few := len(f.pool.files) <= maxOpen
	f.pool.mu.Unlock()
	if !few {
		return nil, false
	}
	file, err := f.acquire()
	if err != nil {
		return nil, false // reading tells why
	}
	f.release()
	return file, true
}

// All returns the files that were asked for, by their paths.
func (p *Pool) All() []formats.File {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := make([]formats.File, 0, len(p.files))
	for _, f := range p.files {
		all = append(all, formats.File{Path: f.Path, Bytes: f.Size})
	}
	slices.SortFunc(all, func(a, b formats.File) int { return strings.Compare(a.Path, b.Path) })
	return all
}

// makeRoom closes the files that nobody reads, the longest unused first, until
// one more may be open.
func (p *Pool) makeRoom() {
	for e := p.recent.Back(); e != nil && p.recent.Len() >= maxOpen; {
		f, before := e.Value.(*File), e.Prev()
		if f.users == 0 {
			f.close()
		}
		e = before
	}
}

func (f *File) close() {
	f.file.Close() // only read from
	f.pool.recent.Remove(f.at)
	f.file, f.at = nil, nil
}

// Close closes all files; nobody may read any more.
func (p *Pool) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.recent.Len() > 0 {
		p.recent.Front().Value.(*File).close()
	}
	p.closed = true
	return nil
}
