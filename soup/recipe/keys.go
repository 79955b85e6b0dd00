package recipe

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// key is one of the keys that a mapping may have.
type key struct {
	name string
	read func(n *yaml.Node) error
}

// object reads a mapping by its keys, in their order, not that of the recipe.
// what names it in messages. Of keys that are not listed other is told first; nil
// is an error with a hint.
func (p *parser) object(n *yaml.Node, what string, keys []key, other func(f field) error) error {
	fs, err := p.fields(n, what)
	if err != nil {
		return err
	}
	var names []string
	for _, k := range keys {
		names = append(names, k.name)
	}
	for _, f := range fs {
		if slices.Contains(names, f.name) {
			continue
		}
		if other == nil {
			return p.unknown(f, what, names)
		}
		if err := other(f); err != nil {
			return err
		}
	}
	for _, k := range keys {
		i := slices.IndexFunc(fs, func(f field) bool { return f.name == k.name })
		if i < 0 || scalar(fs[i].node) && kindOf(fs[i].node) == nullKind {
			continue // a key without a value says nothing
		}
		if err := k.read(fs[i].node); err != nil {
			return err
		}
	}
	return nil
}

// unknown is the error of a key that is none of those expected.
func (p *parser) unknown(f field, what string, names []string) error {
	return p.errorf(f.key, "found the key %.80q in %s, expected %s%s", f.name, what, oneOf(names), hint(f.name, names))
}

// oneOf lists names.
func oneOf(names []string) string {
	switch n := len(names); n {
	case 0:
		return "none"
	case 1:
		return names[0]
	default:
		return strings.Join(names[:n-1], ", ") + " or " + names[n-1]
	}
}

// hint names what was probably meant, if anything is near.
func hint(s string, names []string) string {
	if near := nearest(s, names); near != "" {
		return fmt.Sprintf(": did you mean %s?", near)
	}
	return ""
}

// nearest returns the name that is the fewest changes of a letter away, none if
// that is more than a third of the letters.
func nearest(s string, names []string) string {
	best, least := "", len(s)/3+1
	if len(s) > 64 {
		return "" // no name is that long
	}
	for _, name := range names {
		if d := distance(strings.ToLower(s), name); d < least {
			best, least = name, d
		}
	}
	return best
}

// distance is how many letters have to be put in, left out, replaced or swapped
// with their neighbour to turn one word into another.
func distance(a, b string) int {
	var before, last []int
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before, last = last, row
		row = make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			change := last[j]
			if a[i] != b[j] {
				change++
			}
			row[j+1] = min(change, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
	}
	return row[len(b)]
}
