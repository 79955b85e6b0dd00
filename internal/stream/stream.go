// Package stream carries out file plans: it reads the bytes that a
// [formats.FilePlan] promises and writes them where they belong, at the speed
// of the disk, in memory that does not depend on their size.
//
// [Write] is all of it. It cuts the plans into jobs of at most 4 MiB, which
// workers take in order: read (this is where casts and other views compute),
// show to the tap, write at the planned offset. What must happen in the order
// of the file, SHA-256 and the sums of the plan, follows behind, one file at a
// time by whichever worker completes the next bytes, so that no thread only
// waits. Where nobody wants to see the bytes and they lie in plain files, the
// kernel copies them.
//
// The output depends on the plans alone, never on the number of threads. Memory
// is (threads + 2) · 4 MiB of buffers and what the views use.
package stream

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"olmotool/formats"
)

// Sink makes the files to write to; *atomicfile.Output is one. It closes them.
type Sink interface {
	File(name string, size int64) (*os.File, error)
}

// Options of a [Write]. The functions are called from several goroutines at
// once.
type Options struct {
	// Threads is the number of workers; all cores when it is not positive.
	Threads int

	// Hash asks for the SHA-256 of every file.
	Hash bool

	// Tap, if set, is shown the bytes of every segment that is a tensor, in
	// pieces and in no particular order: p holds the bytes of t at off, which
	// is a multiple of [PieceBytes], and is that long unless the tensor ends.
	// The tap must not keep or change p.
	Tap func(t *formats.Tensor, off int64, p []byte) error

	// Progress, if set, is told the number of bytes after each write.
	Progress func(n int64)
}

// FileResult is a file that was written.
type FileResult struct {
	Name   string // as in the plan
	Bytes  int64
	SHA256 string // in hexadecimal; empty if it was not asked for
}

// PieceBytes is the size of the pieces that a tap sees. It is large enough to
// make system calls cheap and small enough that the buffers of many workers
// stay in the processor's caches, where the hashes find the bytes again.
const PieceBytes = 4 << 20

// tuning holds the sizes that tests make small, and the call that they make
// fail.
type tuning struct {
	piece   int64 // bytes of a job that passes through a buffer
	copy    int64 // bytes of a job that the kernel copies
	copyMin int64 // segments smaller than this are batched instead
	flush   int64 // how often the system is told to begin writing to disk

	copyRange func(dst *os.File, dstOff int64, src *os.File, srcOff, n int64) (int64, error)
}

var standard = tuning{piece: PieceBytes, copy: 16 << 20, copyMin: 1 << 20, flush: 64 << 20, copyRange: copyRange}

// Write carries out the plans and returns one result for each, in their order.
// All files are made before the first byte is read, so that a sink which
// reserves space finds a full disk early. The first error stops all work;
// errors of the input are of type [*formats.Error] where the tensor knows the
// file that it came from. Files are complete but not flushed when Write
// returns.
func Write(ctx context.Context, out Sink, plans []*formats.FilePlan, o Options) ([]FileResult, error) {
	return write(ctx, out, plans, o, standard)
}

func write(ctx context.Context, out Sink, plans []*formats.FilePlan, o Options, tune tuning) ([]FileResult, error) {
	if o.Threads <= 0 {
		o.Threads = runtime.GOMAXPROCS(0)
	}
	w := &writer{Options: o, tuning: tune, buffers: make(chan []byte, o.Threads+2)}
	for range cap(w.buffers) {
		w.buffers <- nil // allocated at first use
	}
	results := make([]FileResult, len(plans))
	for i, p := range plans {
		size, err := checkPlan(p)
		if err != nil {
			return nil, err
		}
		results[i] = FileResult{Name: p.Name, Bytes: size}
	}
	for i, p := range plans {
		f, err := out.File(p.Name, results[i].Bytes)
		if err != nil {
			return nil, err
		}
		w.files = append(w.files, newFile(p, f, o.Hash))
	}
	w.cut = cutter{files: w.files, tuning: tune, mayCopy: w.mayCopy}

	g, ctx := errgroup.WithContext(ctx)
	for range o.Threads {
		g.Go(func() error { return w.work(ctx) })
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	for i, f := range w.files {
		if f.hash != nil {
			results[i].SHA256 = hex.EncodeToString(f.hash.Sum(nil))
		}
	}
	return results, nil
}

// checkPlan returns the size of a file after checking the plan's arithmetic.
func checkPlan(p *formats.FilePlan) (int64, error) {
	var size int64
	for i, s := range p.Segments {
		if (s.Data == nil) == (s.Late == nil) {
			return 0, fmt.Errorf("%s: segment %d has both or neither of data and late data", p.Name, i)
		}
		var err error
		if size, err = formats.AddChecked(size, s.Size); err != nil {
			return 0, fmt.Errorf("%s: segment %d: %w", p.Name, i, err)
		}
	}
	return size, nil
}

// file is an output file in the making.
type file struct {
	plan *formats.FilePlan
	name string // for messages
	f    *os.File

	ordered bool      // whether something follows the bytes in their order
	hash    hash.Hash // or nil

	mu    sync.Mutex
	ready map[int]*job // done out of order
	next  int          // the job that order waits for
	busy  bool         // whether some worker follows the order now
}

func newFile(p *formats.FilePlan, f *os.File, hash bool) *file {
	x := &file{plan: p, name: p.Name, f: f, ready: make(map[int]*job)}
	if x.name == "" {
		x.name = filepath.Base(f.Name())
	}
	if hash {
		x.hash = sha256.New()
		x.ordered = true
	}
	for _, s := range p.Segments {
		if s.Late != nil || s.Sum != nil {
			x.ordered = true
		}
	}
	return x
}

// writer is the state that the workers share.
type writer struct {
	Options
	tuning
	files   []*file
	buffers chan []byte

	mu  sync.Mutex // held while a job is taken and its buffer awaited
	cut cutter

	noCopy atomic.Bool // set when the kernel does not copy between these files
}
