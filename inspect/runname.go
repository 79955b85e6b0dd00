package inspect

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"olmotool/formats"
)

// The words of which the published directories and revisions are made:
// step928646-unsharded, stage1-step928646-tokens3896B,
// olmo-7b-1124_stage2_ingredient3/step11931-unsharded, stage2/souped,
// stage2-ingredient1+2-step23842.
var (
	stepWord       = regexp.MustCompile(`(?:^|[-_])step([0-9]{1,12})(?:$|[-_])`)
	stageWord      = regexp.MustCompile(`(?:^|[-_])stage([0-9])(?:$|[-_])`)
	ingredientWord = regexp.MustCompile(`(?:^|[-_])ingredient([0-9]{1,3}(?:\+[0-9]{1,3}){0,9})(?:$|[-_])`)
	soupWord       = regexp.MustCompile(`(?:^|[-_])soup(?:ed)?(?:$|[-_])`)
	tokensWord     = regexp.MustCompile(`(?:^|[-_])tokens([0-9]{1,9}[BT])(?:$|[-_])`)
	commitName     = regexp.MustCompile(`^[0-9a-f]{40}$`)
)

// nameDepth is how many directories above the checkpoint may speak of its run.
const nameDepth = 3

// readNames takes the words of a path, the innermost name first. Names further up
// speak of the checkpoint only if that one does: "step2" may be anybody's folder.
func (r *Report) readNames(path string) {
	before := r.Run
	for range nameDepth {
		r.readName(filepath.Base(path))
		if r.Run.same(before) {
			return
		}
		path = filepath.Dir(path)
	}
	r.Run.From = append(r.Run.From, "name")
}

// same reports whether two runs agree in what names say.
func (r Run) same(o Run) bool {
	return r.Step == o.Step && r.Stage == o.Stage && r.Ingredient == o.Ingredient && r.Tokens == o.Tokens
}

func (r *Report) readName(name string) {
	run := &r.Run
	if m := stepWord.FindStringSubmatch(name); m != nil && run.Step == nil {
		n, _ := strconv.ParseInt(m[1], 10, 64) // digits, and few
		run.Step = &n
		if strings.HasSuffix(name, "-tmp") {
			r.note(formats.Warning, "temporary-save", name, "the trainer names a save so until it is complete")
		}
	}
	if m := stageWord.FindStringSubmatch(name); m != nil && run.Stage == 0 {
		run.Stage, _ = strconv.ParseInt(m[1], 10, 64)
	}
	if m := ingredientWord.FindStringSubmatch(name); m != nil && run.Ingredient == "" {
		run.Ingredient = m[1]
	}
	if soupWord.MatchString(name) && run.Ingredient == "" {
		run.Ingredient = "soup"
	}
	if m := tokensWord.FindStringSubmatch(name); m != nil && run.Tokens == "" {
		run.Tokens = m[1]
	}
}

// readRevision recognises a snapshot in Hugging Face's cache: its directory is
// named by a commit, and files in refs/ give the commits of names.
func (r *Report) readRevision(path string) {
	for range nameDepth {
		up := filepath.Dir(path)
		if commit := filepath.Base(path); commitName.MatchString(commit) && filepath.Base(up) == "snapshots" {
			r.Run.Revision = commit
			for _, name := range refsTo(filepath.Join(filepath.Dir(up), "refs"), commit) {
				r.Run.Revision += " " + name
				r.readName(name)
			}
			r.Run.From = append(r.Run.From, "snapshot")
			return
		}
		path = up
	}
}

// refsTo returns the names in a cache's refs that stand for a commit.
func refsTo(dir, commit string) []string {
	d, err := os.Open(dir)
	if err != nil {
		return nil
	}
	defer d.Close()
	es, _ := d.ReadDir(maxRefs) // what cannot be read says nothing
	var names []string
	for _, e := range es {
		if b, err := readSmall(filepath.Join(dir, e.Name()), 64); err == nil && strings.TrimSpace(string(b)) == commit {
			names = append(names, e.Name())
		}
	}
	return names
}
