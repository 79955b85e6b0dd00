// Package values reads parts of tensors to be looked at.
//
// An [Index] is what stands between the brackets of numpy: [Parse] reads it,
// Select applies it to a shape, and [Read] gets the elements that it selects, and
// hardly a byte more, as text. A [Selection] that is too large to look at can be
// shortened to its edges.
//
//	name, x, err := values.Parse("model.norm.weight[:8]")
//	s, err := x.Select(t.Shape)
//	v, err := values.Read(ctx, t, s.Shortened(4))
package values
