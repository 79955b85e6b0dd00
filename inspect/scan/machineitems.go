package scan

import (
	"slices"
)

// container makes a container of items, which it copies if it keeps them.
func (m *machine) container(k kind, items []operand) operand {
	o := operand{kind: k, ref: int64(len(m.weights))}
	m.weights = append(m.weights, m.weigh(items))
	if (k == isTuple && !isNumbers(items) || m.joblib && k <= isDict) && len(items) <= maxItems && m.kept+len(items) <= maxKept {
		kept := slices.Clone(items)
		m.kept += len(items) + 1
		o.items = &kept
	}
	m.arguments(items)
	return o
}

// isNumbers reports whether a tuple is like those that say shapes, of which
// there are many and nothing is wanted.
func isNumbers(items []operand) bool {
	return len(items) > 1 && !slices.ContainsFunc(items, func(o operand) bool { return o.kind != isInt })
}

// weigh returns how many values there are in items, written out, and one for
// what holds them.
func (m *machine) weigh(items []operand) float32 {
	w := float32(1)
	for _, o := range items {
		if o.kind.isContainer() && o.ref >= 0 && o.ref < int64(len(m.weights)) {
			w += m.weights[o.ref]
		} else {
			w++
		}
	}
	return w
}

// extend gives items to the top of the stack.
func (m *machine) extend(op string, items []operand, pairs bool) {
	to := m.top()
	if pairs && len(items)%2 != 0 {
		m.broken("%s: found %d values, expected pairs", op, len(items))
	}
	switch {
	case to.kind == isList || to.kind == isSet || to.kind == isDict:
		if (to.kind == isDict) != pairs && to.kind != isList || to.kind == isList && pairs && len(items) > 0 && items[0].kind != isInt {
			m.broken("%s: found %s, expected what takes such items", op, to.kind)
		}
		if (to.kind == isDict) != pairs {
			m.refuse("%s on %s", op, to.kind)
		}
		w := m.weights[to.ref] + m.weigh(items)
		if m.weights[to.ref] < maxExpansion && w >= maxExpansion {
			m.remark("expansion", "found a container that stands for more than %d values, when it is written out", int64(maxExpansion))
		}
		m.weights[to.ref] = w
		if to.kind == isDict && to.items != nil && len(*to.items)+len(items) <= 2*maxItems && m.kept+len(items) <= maxKept {
			*to.items = append(*to.items, items...)
			m.kept += len(items) + 1
		}
	case to.kind == isObject || to.kind == isGlobal:
		if u := m.useOf(to); u == nil || to.kind == isGlobal || !pairs || !takesItems[u.class.name] {
			m.refuse("%s on %s", op, to.kind)
		}
	case to.kind == isUnknown || to.kind == isPersistent:
		m.refuse("%s on %s", op, to.kind)
	default:
		m.broken("%s: found %s, expected what takes items", op, to.kind)
	}
	m.arguments(items)
}
