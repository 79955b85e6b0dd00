package torch

import (
	"errors"
	"fmt"

	"olmotool/formats"
)

// findTensors walks the root and describes the tensors in it.
func (f *File) findTensors() error {
	seen := map[string]bool{}
	skipped := map[unsupported]*skip{}
	var order []unsupported
	err := Leaves(f.Root, func(path []Value, leaf Value) error {
		if !isTensor(leaf) {
			return nil
		}
		name, err := joinPath(path)
		if err != nil {
			return err
		}
		place := fmt.Sprintf("tensor %q", name)
		if seen[name] {
			return formats.Errorf(f.Path, place, "found the name twice, expected each name once")
		}
		if len(seen) == maxTensors {
			return fmt.Errorf("found more than %d tensors, expected at most that", maxTensors)
		}
		seen[name] = true
		t, view, err := f.tensor(name, leaf)
		var reason unsupported
		switch {
		case errors.As(err, &reason):
			if f.refused == nil {
				f.refused = formats.Errorf(f.Path, place, "%w", err)
			}
			if skipped[reason] == nil {
				skipped[reason] = &skip{first: name}
				order = append(order, reason)
			}
			skipped[reason].n++
			return nil
		case err != nil:
			return formats.Errorf(f.Path, place, "%w", err)
		}
		f.Tensors = append(f.Tensors, t)
		f.views = append(f.views, view)
		return nil
	})
	var known *formats.Error
	if err != nil && !errors.As(err, &known) {
		err = formats.Errorf(f.Path, "", "%w", err)
	}
	for i, reason := range order {
		if i == maxListed {
			break
		}
		s := skipped[reason]
		more := ""
		if s.n > 1 {
			more = fmt.Sprintf(" (and %d more)", s.n-1)
		}
		f.note(formats.Serious, "unsupported-tensor", fmt.Sprintf("tensor %q", s.first), "%v%s", reason, more)
	}
	return err
}

// skip counts the tensors that are not read for one reason.
type skip struct {
	first string
	n     int
}

func (f *File) tensor(name string, v Value) (formats.Tensor, *tensorView, error) {
	view, err := rebuild(v, 0)
	if err != nil {
		return formats.Tensor{}, nil, err
	}
	view.object = v.(*Object)
	t, err := view.tensor(name, f.Path)
	return t, view, err
}
