package sharded

import (
	"errors"
	"fmt"
	"io"

	"olmotool/formats"
	"olmotool/formats/torch"
)

// OpenLegacy describes the model in a directory of rank0.pt, rank1.pt …: of the
// trainer's setting torch_legacy, its default. Every file is the pickle of a dict:
// the model and the optimizer as FSDP gives them sharded, and what the trainer
// remembers. Errors about the content are *formats.Error.
func OpenLegacy(dir string) (*formats.Checkpoint, error) {
	r, err := findRanks(dir, "rank%d.pt")
	if err != nil {
		return nil, err
	}
	l := &legacy{ranks: r}
	for _, rank := range r.have {
		if err := l.read(rank); err != nil {
			_ = r.pool.Close() // err is what matters
			return nil, err
		}
	}
	c := &formats.Checkpoint{Path: dir, Files: r.pool.All(), Findings: l.findings(), Closers: []io.Closer{r.pool}}
	if c.Tensors, err = l.join(dir); err != nil {
		_ = r.pool.Close() // err is what matters
		return nil, err
	}
	if l.optimTensors > 0 {
		c.Findings = append(c.Findings, formats.Finding{
			Severity: formats.Info, Code: "optimizer", Where: dir,
			Message: fmt.Sprintf("%d tensors of the optimizer, %d bytes: not read", l.optimTensors, l.optimBytes),
		})
	}
	return c, nil
}

// legacy is a checkpoint of which the ranks are read one after the other.
type legacy struct {
	*ranks
	joiner
	found
	whole map[string][]piece // of each tensor in pieces: all of them, as every rank knows them

	first    string // the file that was read first
	world    int64
	step     int64
	hasStep  bool
	nTensors int

	optimTensors, optimBytes int64
}

func (l *legacy) read(rank int64) error {
	f, err := l.open(rank)
	if err != nil {
		return err
	}
	return l.take(f)
}

// take takes what a rank has of the model.
func (l *legacy) take(f *rankFile) error {
	l.found.add(f.File)
	v, _ := f.root.Get("model")
	model, ok := v.(*torch.Dict)
	if !ok {
		return formats.Errorf(f.Path, "", "found no dict model, expected one")
	}
	started := l.first != ""
	if !started {
		l.first, l.whole, l.nTensors = f.Path, map[string][]piece{}, len(model.Items)
	} else if len(model.Items) != l.nTensors {
		return formats.Errorf(f.Path, "model", "found %d tensors, expected %d as in %s: ranks of different runs?", len(model.Items), l.nTensors, l.first)
	}
	if err := l.sameStep(f, started); err != nil {
		return err
	}
	for _, it := range model.Items {
		name, ok := it.Key.(string)
		if !ok {
			return formats.Errorf(f.Path, "model", "found a key that is no text, expected the name of a tensor")
		}
		if err := l.value(f, name, it.Value); err != nil {
			return placed(err, f.Path, fmt.Sprintf("tensor %.120q", name))
		}
	}
	if !started {
		if l.world == 0 { // no tensor is in pieces
			l.world = int64(len(l.have))
		}
		if err := l.complete(l.world, l.first); err != nil {
			return err
		}
	}
	if f.rank == 0 {
		l.optimizer(f)
	}
	return nil
}

// placed says where an error occurred, if it does not say so itself.
func placed(err error, file, place string) error {
	if known := (*formats.Error)(nil); errors.As(err, &known) {
		return err
	}
	return formats.Errorf(file, place, "%w", err)
}

// sameStep makes sure that the ranks were saved at the same step.
func (l *legacy) sameStep(f *rankFile, started bool) error {
	v, _ := f.root.Get("global_step")
	step, ok := v.(int64)
	if !started {
		l.step, l.hasStep = step, ok
	}
	if step != l.step || ok != l.hasStep {
		return formats.Errorf(f.Path, "global_step", "found %d, expected %d as in %s: ranks of different steps?", step, l.step, l.first)
	}
	return nil
}

// optimizer counts what the optimizer has, whole: from the metadata of one rank.
func (l *legacy) optimizer(f *rankFile) {
	v, ok := f.root.Get("optim")
	if !ok {
		return
	}
	// What cannot be counted is no error: it is not read.
	_ = torch.Leaves(v, func(_ []torch.Value, leaf torch.Value) error {
		var n int64
		if isSharded(leaf) {
			s, err := readSharded(leaf)
			if err != nil {
				return nil
			}
			if n, err = formats.BytesOf(s.dtype, s.shape); err != nil {
				return nil
			}
		} else if t, err := f.Tensor("", leaf); err == nil {
			n = t.Bytes()
		} else {
			return nil
		}
		l.optimTensors++
		l.optimBytes += min(n, 1<<62-l.optimBytes)
		return nil
	})
}
