package explore

import (
	"strings"

	"olmotool/formats"
)

// maxDepth bounds the tree: what a name has beyond is one label.
const maxDepth = 16

// node is a module, or a tensor, which has no children.
type node struct {
	label    string
	tensor   int // index; -1: a module
	children []*node
	open     bool

	tensors  int
	elements int64
	bytes    int64
}

// newTree returns the module of all tensors. Names are split at their dots, and
// a module of one child is not worth a line.
func newTree(label string, ts []formats.Tensor) *node {
	root := &node{label: label, tensor: -1, open: true}
	modules := map[string]*node{"": root}
	for i, t := range ts {
		at := root
		at.add(t)
		parts := strings.SplitN(t.Name, ".", maxDepth)
		for k, part := range parts[:len(parts)-1] {
			path := strings.Join(parts[:k+1], ".") + "."
			next, ok := modules[path]
			if !ok {
				next = &node{label: part, tensor: -1}
				modules[path] = next
				at.children = append(at.children, next)
			}
			at = next
			at.add(t)
		}
		at.children = append(at.children, &node{label: parts[len(parts)-1], tensor: i, tensors: 1, elements: t.Elements(), bytes: t.Bytes()})
	}
	for _, c := range root.children {
		c.join()
	}
	return root
}

func (n *node) add(t formats.Tensor) {
	n.tensors++
	n.elements += t.Elements()
	n.bytes += t.Bytes()
}

// join makes one of modules with a single child and that child.
func (n *node) join() {
	for len(n.children) == 1 {
		c := n.children[0]
		n.label += "." + c.label
		n.tensor, n.children = c.tensor, c.children
	}
	for _, c := range n.children {
		c.join()
	}
}

// row is a line of the tree as it is seen.
type row struct {
	*node
	depth int
}

// rows are the lines of the tree: those of open modules, or, while somebody looks
// for a name, all tensors that have it as a part.
func (n *node) rows(ts []formats.Tensor, part string) (out []row) {
	if part == "" {
		return n.visible(nil, 0)
	}
	for i, t := range ts {
		if strings.Contains(strings.ToLower(t.Name), strings.ToLower(part)) {
			out = append(out, row{&node{label: t.Name, tensor: i, tensors: 1, elements: t.Elements(), bytes: t.Bytes()}, 0})
		}
	}
	return out
}

func (n *node) visible(out []row, depth int) []row {
	out = append(out, row{n, depth})
	if n.open {
		for _, c := range n.children {
			out = c.visible(out, depth+1)
		}
	}
	return out
}
