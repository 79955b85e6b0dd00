package soup

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"

	"olmotool/formats"
)

// Step is a checkpoint of a run.
type Step struct {
	Step int64
	Path string
}

// Steps say which checkpoints of a run are wanted.
type Steps struct {
	From, To int64 // steps, both included; To 0: to the end
	// Every is the least number of steps between two: the first is the oldest, or
	// with Last the newest; 0: all.
	Every int64
	Last  int // so many of the newest; 0: all
}

// maxEntries bounds how many entries of a directory are looked at.
const maxEntries = 1 << 20

// stepName matches the directories of OLMo's trainers and of transformers'. The
// names of OLMo's releases say the stage, the ingredient and the tokens too.
var stepName = regexp.MustCompile(`^(?:(stage[0-9]+(?:-ingredient[0-9]+)?)-)?step([0-9]{1,18})(-unsharded|-hf)?(?:-tokens[0-9]+B)?$|^checkpoint-([0-9]{1,18})$`)

// SelectRun returns the checkpoints of a run that are wanted, oldest first. dir
// has a directory for each: stepN, stepN-unsharded, stage1-stepN-tokensTB or
// checkpoint-N. Where a step is there sharded and unsharded, the latter is taken.
func SelectRun(dir string, want Steps) ([]Step, error) {
	if want.From < 0 || want.To < 0 || want.Every < 0 || want.Last < 0 || want.To != 0 && want.From > want.To {
		return nil, usagef("found steps %d to %d, every %d, the last %d, expected a range", want.From, want.To, want.Every, want.Last)
	}
	steps, err := findSteps(dir)
	if err != nil {
		return nil, err
	}
	n := len(steps)
	if n == 0 {
		return nil, formats.Errorf(dir, "", "found no checkpoint, expected directories named stepN, stepN-unsharded, stage1-stepN-tokensTB or checkpoint-N")
	}
	oldest, newest := steps[0].Step, steps[n-1].Step
	steps = slices.DeleteFunc(steps, func(s Step) bool { return s.Step < want.From || want.To != 0 && s.Step > want.To })
	steps = spaced(steps, want)
	switch k := len(steps); {
	case k == 0:
		return nil, formats.Errorf(dir, "", "found %d checkpoints of steps %d to %d, expected one of those asked for", n, oldest, newest)
	case want.Last > k:
		return nil, formats.Errorf(dir, "", "found %d checkpoints to choose from, expected the last %d", k, want.Last)
	case want.Last > 0:
		steps = steps[k-want.Last:]
	}
	return steps, nil
}

// spaced leaves out checkpoints that are too near to the one before, or with Last
// to the one after.
func spaced(steps []Step, want Steps) []Step {
	if want.Last > 0 {
		slices.Reverse(steps)
	}
	var out []Step
	for _, s := range steps {
		if k := len(out); k == 0 || max(s.Step-out[k-1].Step, out[k-1].Step-s.Step) >= want.Every {
			out = append(out, s)
		}
	}
	if want.Last > 0 {
		slices.Reverse(out)
	}
	return out
}

// findSteps lists all checkpoints of a run, oldest first.
func findSteps(dir string) ([]Step, error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, noDir(dir, err)
	}
	defer f.Close()
	es, err := f.ReadDir(maxEntries)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, noDir(dir, err)
	}
	type found struct {
		Step
		name, stage string
		unsharded   bool
	}
	var all []found
	for _, e := range es {
		p := stepName.FindStringSubmatch(e.Name())
		if p == nil {
			continue
		}
		path := filepath.Join(dir, e.Name())
		if fi, err := os.Stat(path); err != nil || !fi.IsDir() {
			continue
		}
		step, err := strconv.ParseInt(p[2]+p[4], 10, 64)
		if err != nil {
			return nil, err
		}
		all = append(all, found{Step{step, path}, e.Name(), p[1], p[3] == "-unsharded"})
	}
	slices.SortFunc(all, func(a, b found) int {
		return cmp.Or(cmp.Compare(a.Step.Step, b.Step.Step), cmp.Compare(a.name, b.name))
	})
	var out []Step
	for i, s := range all {
		if s.stage != all[0].stage {
			return nil, formats.Errorf(dir, "", "found %q and %q, expected checkpoints of one run", all[0].name, s.name)
		}
		if i == 0 || s.Step.Step != all[i-1].Step.Step {
			out = append(out, s.Step)
			continue
		}
		if s.unsharded == all[i-1].unsharded || i > 1 && all[i-2].Step.Step == s.Step.Step {
			return nil, formats.Errorf(dir, "", "found both %q and %q, expected one directory for a step", all[i-1].name, s.name)
		}
		if s.unsharded {
			out[len(out)-1] = s.Step
		}
	}
	return out, nil
}

// noDir words an error of the file system like all others.
func noDir(dir string, err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return &formats.Error{File: dir, Msg: fmt.Sprint(pe.Err), Err: err}
	}
	return err
}
