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

// value reads what the model of one rank has by a name: the rank's pieces of a
// tensor, or a whole one, which all ranks have, so that the first counts.
func (l *legacy) value(f *rankFile, name string, v torch.Value) error {
	if !isSharded(v) {
		t, err := f.Tensor(name, v)
		if err != nil {
			return err
		}
		p, err := l.tensor(name, t.DType, t.Shape, f.Path)
		if err != nil || p.from != f.Path {
			return err
		}
		return l.joiner.add(p, make([]int64, len(t.Shape)), t)
	}
	s, err := readSharded(v)
	if err != nil {
		return err
	}
	if err := l.agree(f, s); err != nil {
		return err
	}
	p, err := l.tensor(name, s.dtype, s.shape, f.Path)
	if err != nil {
		return err
	}
	if p.from == f.Path {
		l.whole[name] = s.all
	} else if known := l.whole[name]; !samePieces(known, s.all) {
		return fmt.Errorf("found other pieces in its metadata, expected those that %s says: ranks of different runs?", p.from)
	}
	if s.group.replica() {
		return nil
	}
	for i, piece := range s.local {
		place := fmt.Sprintf("%s, piece %d", name, i)
		t, err := f.Tensor(place, piece.tensor)
		if err != nil {
			return err
		}
		if err := s.fits(piece, t); err != nil {
			return fmt.Errorf("piece %d: %w", i, err)
		}
		t.Origin.Name = name
		if err := l.joiner.add(p, piece.offset, t); err != nil {
			return err
		}
	}
	return nil
}

// agree checks a tensor against the run that the first one was of, and the
// number in the name of its file.
func (l *legacy) agree(f *rankFile, s *shardedTensor) error {
	world := s.group.globalWorld
	if world == 0 { // not said: as many as have pieces, or files
		world = int64(len(l.have))
		for _, p := range s.all {
			world = max(world, p.rank+1)
		}
	}
	if l.world == 0 {
		l.world = world
	}
	switch {
	case world != l.world:
		return fmt.Errorf("found it to be of a run of %d ranks, expected %d as %s says", world, l.world, l.first)
	case s.group.globalWorld > 0 && s.group.globalRank != f.rank:
		return fmt.Errorf("found it to be of rank %d, expected rank %d as in the name of the file", s.group.globalRank, f.rank)
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
