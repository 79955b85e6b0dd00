package weights

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
)

// summarise folds the diagnoses into stories: what is said of several tensors is
// said once.
func (c *comparison) summarise(ctx context.Context, found []finding) error {
	r := c.report
	renamed, err := c.renamed(ctx)
	if err != nil {
		return err
	}
	if n := len(r.Missing); n > 0 {
		r.Summary = append(r.Summary, fmt.Sprintf("CAND lacks %s: %s", plural(int64(n), "tensor"), listed(r.Missing)))
	}
	if n := len(r.Extra); n > 0 {
		r.Summary = append(r.Summary, fmt.Sprintf("CAND has %s too many: %s", plural(int64(n), "tensor"), listed(r.Extra)))
	}
	r.Summary = append(r.Summary, renamed...)
	var stories []string
	told := map[string][]int{}
	for i, f := range found {
		story := f.story
		if story == "" {
			story = f.say
		}
		if told[story] == nil {
			stories = append(stories, story)
		}
		told[story] = append(told[story], i)
	}
	for _, story := range stories {
		r.Summary = append(r.Summary, c.tell(story, told[story], found))
	}
	if r.MoreFailures > 0 {
		r.Summary = append(r.Summary, fmt.Sprintf("%d more tensors differ and were not looked into", r.MoreFailures))
	}
	return nil
}

// tell tells a story of some failures.
func (c *comparison) tell(story string, of []int, found []finding) string {
	names := make([]string, len(of))
	for i, k := range of {
		names[i] = c.failed[k].ref.Name
	}
	subject := c.subject(names)
	if len(of) == 1 {
		return subject + ": " + found[of[0]].say
	}
	if from, ok := strings.CutPrefix(story, copyOfLayer); ok && strings.HasPrefix(subject, "all ") {
		l, _ := split(names[0])
		return fmt.Sprintf("layer %d is a copy of REF's layer %s", l, from)
	}
	if !found[of[0]].vague {
		return subject + ": " + story
	}
	lo, hi := math.Inf(1), 0.0
	for _, k := range of {
		if m := c.failed[k].measure; m != nil && m.measured {
			lo, hi = min(lo, m.relRMS()), max(hi, m.relRMS())
		}
	}
	if lo > hi {
		return subject + ": " + story
	}
	return fmt.Sprintf("%s: %s (relative errors %.2g to %.2g)", subject, story, lo, hi)
}

// subject names tensors in as few words as will do.
func (c *comparison) subject(names []string) string {
	if len(names) > 1 && len(names) == len(c.ref.Tensors) {
		return fmt.Sprintf("all %d tensors", len(names))
	}
	var modules []string
	var layers []int
	for _, n := range names {
		l, m := split(n)
		if !slices.Contains(layers, l) {
			layers = append(layers, l)
		}
		if !slices.Contains(modules, m) {
			modules = append(modules, m)
		}
	}
	if layers[0] < 0 || len(names) != len(layers)*len(modules) || slices.Contains(layers, -1) {
		return listed(names)
	}
	slices.Sort(layers)
	what := strings.Join(modules, ", ")
	if len(modules) == c.modules(layers[0]) {
		what = fmt.Sprintf("all %d tensors", len(modules))
	} else if len(modules) > 4 {
		what = fmt.Sprintf("%d tensors (%s, …)", len(modules), strings.Join(modules[:3], ", "))
	}
	of := "layer"
	if len(layers) > 1 {
		of = "layers"
	}
	return fmt.Sprintf("%s of %s %s", what, of, runs(layers))
}

// modules returns how many tensors a layer of REF has.
func (c *comparison) modules(layer int) int {
	n := 0
	for _, t := range c.ref.Tensors {
		if l, _ := split(t.Name); l == layer {
			n++
		}
	}
	return n
}

// runs prints sorted numbers, those that follow each other as 3–7.
func runs(ns []int) string {
	var out []string
	for i := 0; i < len(ns); {
		j := i
		for j+1 < len(ns) && ns[j+1] == ns[j]+1 {
			j++
		}
		if i == j {
			out = append(out, fmt.Sprint(ns[i]))
		} else {
			out = append(out, fmt.Sprintf("%d–%d", ns[i], ns[j]))
		}
		i = j + 1
	}
	return strings.Join(out, ", ")
}

// listed prints the first names of a list, quoted if they come from nowhere else
// than a file.
func listed(names []string) string {
	const most = 4
	var out []string
	for _, n := range names[:min(len(names), most)] {
		out = append(out, fmt.Sprintf("%.120q", n))
	}
	if len(names) > most {
		out = append(out, fmt.Sprintf("… (%d in all)", len(names)))
	}
	return strings.Join(out, ", ")
}

// renamed looks for the values of missing tensors under other names.
func (c *comparison) renamed(ctx context.Context) ([]string, error) {
	if len(c.missing) == 0 || len(c.extra) == 0 {
		return nil, nil
	}
	missing := map[string]bool{}
	for _, t := range c.missing {
		missing[t.Name] = true
	}
	var out []string
	for _, t := range c.extra[:min(len(c.extra), MaxFailures)] {
		name, how, err := c.holder(ctx, t, t.Name)
		if err != nil {
			return nil, err
		}
		if missing[name] && how == exactly {
			out = append(out, fmt.Sprintf("CAND has REF's %q under the name %.120q", name, t.Name))
		}
	}
	return out, nil
}
