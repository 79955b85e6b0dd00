package page

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"olmotool/internal/human"
)

// node is a module, or a tensor, which has no children.
type node struct {
	Label    string
	Children []*node
	Open     bool
	What     string // of a tensor: type and shape
	Card     *card  // of a tensor; nil beyond maxCards
	Width    string // share of the bytes, for the style sheet

	Tensors         int
	Elements, Bytes int64
}

// Size says how large it is.
func (n *node) Size() string {
	if n.What != "" {
		return human.Bytes(n.Bytes)
	}
	return amount(n.Elements) + ", " + human.Bytes(n.Bytes)
}

const (
	// maxDepth bounds the tree: what a name has beyond is one label.
	maxDepth = 12
	// maxOpen is how many children a module has that is open at first.
	maxOpen = 12
)

// newTree makes a tree of the first maxRows tensors. Names are split at their
// dots, and a module of one child is not worth a line.
func newTree(ts []Tensor, cards []*card) *node {
	root := &node{Open: true}
	modules := map[string]*node{"": root}
	for i, t := range ts[:min(len(ts), maxRows)] {
		at := root
		at.add(t)
		parts := strings.SplitN(t.Name, ".", maxDepth)
		for k, p := range parts[:len(parts)-1] {
			path := strings.Join(parts[:k+1], ".") + "."
			next, ok := modules[path]
			if !ok {
				next = &node{Label: p}
				modules[path] = next
				at.Children = append(at.Children, next)
			}
			at = next
			at.add(t)
		}
		leaf := &node{Label: parts[len(parts)-1], What: t.Tensor.DType.String() + " " + shape(t.Tensor.Shape), Card: cards[i]}
		leaf.add(t)
		at.Children = append(at.Children, leaf)
	}
	root.finish(root.Bytes)
	return root
}

func (n *node) add(t Tensor) {
	n.Tensors++
	n.Elements += t.Tensor.Elements()
	n.Bytes += t.Tensor.Bytes()
}

// finish joins modules with their only child, and puts layers in order.
func (n *node) finish(all int64) {
	for _, c := range n.Children {
		for len(c.Children) == 1 {
			only := c.Children[0]
			only.Label = c.Label + "." + only.Label
			*c = *only
		}
		c.finish(all)
	}
	n.Label = short(n.Label)
	n.Width = strconv.FormatFloat(100*part(n.Bytes, all), 'f', 1, 64) + "%"
	slices.SortStableFunc(n.Children, func(a, b *node) int { return cmp.Compare(layerNumber(a.Label), layerNumber(b.Label)) })
	if n.Open {
		for _, c := range n.Children {
			c.Open = len(c.Children) <= maxOpen
		}
	}
}

// layerNumber is the number that a label begins with; -1 if it begins with none.
func layerNumber(label string) int {
	digits, _, _ := strings.Cut(label, ".")
	if n, err := strconv.ParseUint(digits, 10, 31); err == nil {
		return int(n)
	}
	return -1
}
