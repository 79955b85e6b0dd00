package scan

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// joblibArray is the class of which joblib puts the data of an array into the
// stream, behind the BUILD of its object.
const joblibArray = "joblib.numpy_pickle.NumpyArrayWrapper"

// joblibArray steps over the data of an array that joblib would read at next,
// and returns where its pickle goes on. Python's own reader knows nothing of
// that and would take the data for opcodes; so they are run as such, too.
func (m *machine) joblibArray(next int64, state operand) int64 {
	after, ok := m.arrayEnd(next, state)
	if !ok {
		m.broken("found an array of joblib whose size cannot be told, expected its shape and type")
		return next
	}
	if len(m.stack)+m.memo.size() > maxItems<<10 {
		m.remark("joblib", "found an array of joblib in a pickle so large that its data are not also run as opcodes")
		return after
	}
	fork := *m
	fork.strict, fork.pos = true, next
	fork.source = &source{ctx: m.ctx, r: m.r, size: m.size, work: m.work}
	fork.stack, fork.marks, fork.memo, fork.weights = slices.Clone(m.stack), slices.Clone(m.marks), m.memo.clone(), slices.Clone(m.weights)
	fork.byName = maps.Clone(m.byName)
	fork.uses = make([]*use, len(m.uses))
	for i, u := range m.uses {
		clone := *u
		fork.uses[i] = &clone
	}
	fork.execute()
	if fork.complete || slices.ContainsFunc(fork.uses[len(m.uses):], func(u *use) bool { return u.class.kind == KindDangerous }) {
		m.uses, m.byName, m.nested = fork.uses, fork.byName, fork.nested
		m.remark("joblib", "found opcodes in the data of an array of joblib, which Python's own reader would run")
	}
	return after
}

// arrayEnd returns where the data of an array end that begin at pos.
func (m *machine) arrayEnd(pos int64, state operand) (int64, bool) {
	if state.kind != isDict || state.items == nil {
		return 0, false
	}
	field := map[string]operand{}
	for i := 0; i+1 < len(*state.items); i += 2 {
		field[m.text((*state.items)[i])] = (*state.items)[i+1]
	}
	dtype := field["dtype"]
	if dtype.kind != isObject || dtype.items == nil || len(*dtype.items) == 0 {
		return 0, false
	}
	code := m.text((*dtype.items)[0])
	digits := strings.TrimLeft(code, "<>|=abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ?")
	size, err := strconv.ParseInt(digits, 10, 32)
	if err != nil || size < 0 {
		return 0, false
	}
	if strings.HasPrefix(code, "O") {
		inner := newMachine(m.source, pos)
		inner.execute()
		for _, u := range inner.uses {
			g := m.global(u.Via, u.Module, u.Name)
			m.uses[g.ref].Called += u.Called
			m.uses[g.ref].Argument += u.Argument
		}
		m.nested = append(m.nested, inner.nested...)
		return inner.end, inner.complete
	}
	if field["shape"].kind != isTuple || field["shape"].items == nil {
		return 0, false
	}
	for _, d := range *field["shape"].items {
		if d.kind != isInt || d.ref < 0 || size != 0 && d.ref > (m.size+1)/size {
			return 0, false
		}
		size *= d.ref
	}
	if strings.HasPrefix(code, "U") && size > 0 { // four bytes for a character
		size *= 4
	}
	if align, ok := field["numpy_array_alignment_bytes"]; ok && align.kind == isInt {
		b := m.bytes(pos, 1)
		if b == nil {
			return 0, false
		}
		if b[0] != 255 {
			pos += int64(b[0])
		}
		pos++
	}
	return pos + size, size <= m.size-pos
}
