package diff

import (
	"slices"

	"olmotool/formats"
	"olmotool/formats/olmo"
)

// pair is a tensor of A and the one of B by its name.
type pair struct {
	a, b formats.Tensor
	// guess: a side is the embedding of a bare list, which need not be the head.
	guess [2]bool

	kind string // of the difference, should there be one
	note string
	how  how
	// x and y are the tensors as they are measured: those of quantised types
	// decoded.
	x, y formats.Tensor
	// coarse is the type of the units in the last place; invalid for quantised types.
	coarse formats.DType

	// equal says of each piece that it has the same bytes on both sides. Parts are
	// the ranges, of which each is some pieces.
	equal []bool
	parts []stats
	found *stats // the whole, if there is a difference
}

// how is the way to compare.
type how uint8

const (
	notAtAll how = iota
	asBits       // values are not known
	asFloats     // one plain type
	asValues     // two types, or a quantised one
)

// coarseness orders the plain types by the size of their units.
var coarseness = []formats.DType{formats.F64, formats.F32, formats.F16, formats.BF16}

func newPair(a, b formats.Tensor) *pair {
	p := &pair{a: a, b: b, x: a, y: b, kind: Values}
	same := a.DType == b.DType
	if !same {
		p.kind = DType
	}
	switch {
	case !slices.Equal(a.Shape, b.Shape):
		p.kind = Shape
		return p
	case same && a.DType.IsFloat():
		p.how, p.coarse = asFloats, a.DType
	case !canDecode(a.DType) || !canDecode(b.DType):
		if same {
			p.how = asBits
			return p
		}
		p.note = "not compared: " + a.DType.String() + " and " + b.DType.String() + " cannot both be decoded"
	default:
		p.how = asValues
		if a.DType.IsFloat() && b.DType.IsFloat() {
			p.coarse = coarseness[max(slices.Index(coarseness, a.DType), slices.Index(coarseness, b.DType))]
			return p
		}
		p.note = "the figures are of decoded values"
		var errs [2]error
		p.x, errs[0] = decoded(a)
		p.y, errs[1] = decoded(b)
		for _, err := range errs {
			if err != nil { // rows that do not fill blocks
				p.how, p.note = notAtAll, "not compared: "+err.Error()
			}
		}
	}
	return p
}

// canDecode reports whether the values of a type can be had.
func canDecode(d formats.DType) bool { return formats.CanCast(d, formats.F32) }

// decoded is t, in F32 if it is quantised.
func decoded(t formats.Tensor) (formats.Tensor, error) {
	if t.DType.IsFloat() {
		return t, nil
	}
	return formats.Cast(t, formats.F32, nil)
}

// widened reports whether the only difference is that a norm is stored in F32.
func (p *pair) widened() bool {
	half := func(d formats.DType) bool { return d == formats.F16 || d == formats.BF16 }
	return p.kind == DType && len(p.a.Shape) == 1 && p.found != nil && p.found.changed == 0 &&
		(half(p.a.DType) && p.b.DType == formats.F32 || half(p.b.DType) && p.a.DType == formats.F32)
}

// match finds the tensors of both sides and those of one.
func (c *comparison) match(a, b *olmo.Model) {
	as, bs := a.Tensors, b.Tensors
	head := olmo.Tied()[0]
	var guess [2]bool
	if !c.Raw {
		// A head that is stored on one side has the embedding on the other beside it.
		if h, g := a.Head(), b.Head(); h.Stored || g.Stored {
			as, bs = withHead(as, h), withHead(bs, g)
			guess = [2]bool{h.Guess, g.Guess}
			c.noteHeads(h, g)
		}
	}
	other := make(map[string]formats.Tensor, len(bs))
	for _, t := range bs {
		other[t.Name] = t
	}
	for _, t := range as {
		u, ok := other[t.Name]
		delete(other, t.Name)
		switch {
		case !c.wanted(t) && !(ok && c.wanted(u)): // a pattern may be of either's stored names
		case !ok:
			c.report.OnlyA = append(c.report.OnlyA, t.Name)
		default:
			p := newPair(t, u)
			if t.Name == head {
				p.guess = guess
			}
			c.pairs = append(c.pairs, p)
		}
	}
	for _, t := range bs {
		if _, ok := other[t.Name]; ok && c.wanted(t) {
			c.report.OnlyB = append(c.report.OnlyB, t.Name)
		}
	}
}

// withHead returns the tensors with this head in place of what they have for it.
func withHead(ts []formats.Tensor, h olmo.Head) []formats.Tensor {
	ts = slices.DeleteFunc(slices.Clone(ts), func(t formats.Tensor) bool { return t.Name == olmo.Tied()[0] })
	if h.Data != nil {
		ts = append(ts, h.Tensor)
	}
	return ts
}

func (c *comparison) noteHeads(heads ...olmo.Head) {
	for i, h := range heads {
		switch {
		case h.Beside:
			c.note("%s stores a head although its config says that it is the embedding: what is stored was compared", sides[i])
		case !h.Stored && h.Data != nil:
			c.note("%s has no head of its own: its embedding was compared with the other's head", sides[i])
		}
	}
}
