package sharded

import (
	"fmt"

	"olmotool/formats/torch"
)

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
