package inspect

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"olmotool/formats"
	"olmotool/formats/olmo"
)

// CheckOptions say what is read.
type CheckOptions struct {
	Threads int // at least 1; never changes the answer
	// Tensors limits what is read to these; nil: everything, and what lies between
	// tensors.
	Tensors []formats.Tensor
	// Progress, if set, is told how many bytes were read, from several goroutines.
	Progress func(int64)
}

// Checked is what was found by reading everything.
type Checked struct {
	Tensors   int   `json:"tensors"`
	Bytes     int64 `json:"bytes"`     // of those tensors
	Checksums int   `json:"checksums"` // CRC-32 of members of zip archives that were compared
	SHA256    int   `json:"sha256"`    // files whose SHA-256 something beside them gives
	// NotFinite are the tensors with values that are not finite, in their order.
	NotFinite []NotFinite `json:"not_finite"`
	// Unchecked counts the tensors of types in which finite values are not told
	// from others here; their bytes were read.
	Unchecked int               `json:"unchecked"`
	Findings  []formats.Finding `json:"findings"`
}

// NotFinite says which values of a tensor are not finite. For a block-quantised
// type, blocks are counted: those with such a scale.
type NotFinite struct {
	Name  string `json:"name"` // as it is stored
	NaN   int64  `json:"nan"`
	Inf   int64  `json:"inf"`
	First int64  `json:"first"` // the index of the first, in row-major order
}

// Check reads every byte of a checkpoint's tensors: whether values are finite,
// whether checksums are right where the container, a provenance file or the cache
// of Hugging Face has some, and whether bytes that belong to no tensor hold
// anything. What is wrong is a finding; what cannot be read is an error.
func Check(ctx context.Context, src *olmo.Source, o CheckOptions) (*Checked, error) {
	k := &checker{src: src, o: o, sums: map[string]*archiveSums{}}
	defer k.close()
	if err := k.plan(); err != nil {
		return nil, err
	}
	if err := k.run(ctx); err != nil {
		return nil, err
	}
	return k.result(), nil
}

// checker is a check under way.
type checker struct {
	src     *olmo.Source
	o       CheckOptions
	tensors []formats.Tensor
	sums    map[string]*archiveSums // by file
	tasks   []task

	mu    sync.Mutex
	state []tensorState // of tensors
	out   Checked
	late  []ordered // findings of tasks
}

// task is a part of the work that one goroutine does.
type task struct {
	size int64
	run  func(ctx context.Context, buf []byte) error
}

// ordered is a finding and its place among the others.
type ordered struct {
	task int
	formats.Finding
}

const (
	// checkBuffer is read at once: it stays in a core's cache while it is looked
	// at.
	checkBuffer = 512 << 10
	// checkPart is how much of a tensor is one task, so that all threads have some.
	checkPart = 16 << 20
)

func (k *checker) plan() error {
	k.tensors = k.o.Tensors
	if k.tensors == nil {
		k.tensors = k.src.Tensors
	}
	k.state = make([]tensorState, len(k.tensors))
	for _, f := range k.src.Files {
		if err := k.openSums(f.Path); err != nil {
			return err
		}
	}
	for i, t := range k.tensors {
		k.out.Tensors++
		k.out.Bytes += t.Bytes()
		k.planTensor(i, t)
	}
	if k.o.Tensors == nil {
		k.planMembers()
		k.planGaps()
		return k.planHashes()
	}
	return nil
}

// planTensor makes the tasks of a tensor: one if its checksum is to be compared.
func (k *checker) planTensor(i int, t formats.Tensor) {
	size := t.Bytes()
	if sum, ok := k.sumOf(t); ok {
		k.add(size, func(ctx context.Context, buf []byte) error { return k.checkSummed(ctx, buf, i, t, sum) })
		return
	}
	part := checkPart - checkPart%t.DType.BlockBytes()
	for lo := int64(0); lo < size; lo += part {
		hi := min(lo+part, size)
		k.add(hi-lo, func(ctx context.Context, buf []byte) error { return k.checkRange(ctx, buf, i, t, lo, hi, nil) })
	}
}

func (k *checker) add(size int64, run func(context.Context, []byte) error) {
	k.tasks = append(k.tasks, task{size, run})
}

// run does the tasks, the largest first, and returns the error of the first, in
// the order in which they were made, that has one.
func (k *checker) run(ctx context.Context) error {
	order := make([]int, len(k.tasks))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return -cmp.Compare(k.tasks[a].size, k.tasks[b].size) })
	errs := make([]error, len(k.tasks))
	next := make(chan int)
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		defer close(next)
		for _, i := range order {
			select {
			case next <- i:
			case <-gctx.Done():
				return nil
			}
		}
		return nil
	})
	for range max(k.o.Threads, 1) {
		g.Go(func() error {
			buf := make([]byte, checkBuffer)
			for i := range next {
				errs[i] = protect(func() error { return k.tasks[i].run(gctx, buf) })
				if errs[i] != nil {
					return errs[i]
				}
			}
			return nil
		})
	}
	stopped := g.Wait()
	if stopped == nil || ctx.Err() != nil {
		return ctx.Err()
	}
	for _, err := range errs {
		if err != nil && !errors.Is(err, context.Canceled) {
			return err
		}
	}
	return stopped
}

// protect turns a panic into an error: a goroutine's would end the program.
func protect(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("internal error, please report it: %v", p)
		}
	}()
	return f()
}
