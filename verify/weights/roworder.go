package weights

import (
	"context"
	"fmt"
	"strings"

	"olmotool/formats"
	"olmotool/verify/internal/view"
)

// axis is a dimension along which a tensor may be in another order.
type axis struct {
	what     string   // "row", "column", "element"
	ref, got []uint64 // a hash for each place
	heads    int64    // how many heads they are; 0: none
	// view is CAND's tensor if place i of it is place source(i) of REF.
	view func(source func(i int64) int64) (formats.Tensor, error)
	// whole: the hashes are of all elements.
	whole bool
}

// rowOrder tries rows in another order: those of rotary pairs, whole heads, all
// moved on, any.
func (x *patient) rowOrder(ctx context.Context) (finding, error) {
	ref, got, err := x.hashRows(ctx)
	if err != nil || x.part || len(ref) < 2 || len(got) != len(ref) {
		return finding{}, err
	}
	a := axis{what: "row", ref: ref, got: got, heads: x.rowHeads(), whole: true}
	if len(x.got.Shape) == 1 {
		a.what = "element"
	}
	a.view = func(source func(int64) int64) (formats.Tensor, error) {
		return view.Gather(x.want, int64(len(got)), source)
	}
	return x.reordered(ctx, a)
}

// rowHeads returns how many heads the rows of the tensor are; 0 if they are none.
func (x *patient) rowHeads() int64 {
	cfg := x.comparison.ref.Config
	if cfg == nil {
		return 0
	}
	switch _, module := split(x.name); strings.TrimPrefix(module, "self_attn.") {
	case "q_proj", "q_norm":
		return cfg.NumAttentionHeads
	case "k_proj", "v_proj", "k_norm":
		return cfg.NumKeyValueHeads
	}
	return 0
}

// reordered tries the orders along an axis.
func (x *patient) reordered(ctx context.Context, a axis) (finding, error) {
	n := int64(len(a.ref))
	for _, o := range x.orders(a) {
		f, err := x.inOrder(ctx, a, o)
		if err != nil || f.say != "" {
			return f, err
		}
	}
	if f, err := x.headOrder(ctx, a); err != nil || f.say != "" {
		return f, err
	}
	if by := rotation(a.ref, a.got); by != 0 {
		f, err := x.confirm(ctx, a, "rolled by "+plural(by, a.what), func(i int64) int64 { return (i - by + n) % n })
		if err != nil || f.say != "" {
			return f, err
		}
	}
	return x.anyOrder(ctx, a)
}

// anyOrder tries to find each place of CAND somewhere in REF.
func (x *patient) anyOrder(ctx context.Context, a axis) (finding, error) {
	from, missing, repeated := sources(a.ref, a.got)
	moved, first := 0, -1
	for i, f := range from {
		if f != int64(i) {
			if moved++; first < 0 {
				first = i
			}
		}
	}
	// Of single numbers, and few of them, each may well be found somewhere.
	if missing > 0 || moved == 0 || repeated > 0 && a.what == "element" {
		return finding{}, nil
	}
	example := fmt.Sprintf("%s %d is REF's %d", a.what, first, from[first])
	say := fmt.Sprintf("%ss in another order: %d of %d moved, %s", a.what, moved, len(from), example)
	switch {
	case repeated > 0 && moved <= maxListed:
		say = copies(a.what, from)
	case repeated > 0:
		say = fmt.Sprintf("%ss of REF, some more than once and some not at all: %d of %d are not in their place, %s", a.what, moved, len(from), example)
	case moved == 2:
		say = fmt.Sprintf("%ss %d and %d are swapped", a.what, first, from[first])
	}
	return x.confirm(ctx, a, say, func(i int64) int64 { return from[i] })
}

// copies lists places that hold what others hold in REF.
func copies(what string, from []int64) string {
	var list []string
	for i, f := range from {
		if f >= 0 && f != int64(i) {
			list = append(list, fmt.Sprintf("%s %d is REF's %s %d", what, i, what, f))
		}
	}
	return what + "s duplicated: " + strings.Join(list, ", ")
}

// confirm makes sure, on all elements, of what hashes say.
func (x *patient) confirm(ctx context.Context, a axis, say string, source func(int64) int64) (finding, error) {
	t, err := a.view(source)
	if err != nil || t.Bytes() != x.got.Bytes() {
		return finding{}, nil
	}
	if ok, err := x.equal(ctx, t, x.got, x.loose); err != nil || !ok {
		return finding{}, err
	}
	return finding{say: say}, nil
}

// headOrder tries heads in another order, or some of them several times.
func (x *patient) headOrder(ctx context.Context, a axis) (finding, error) {
	if a.heads == 0 {
		return finding{}, nil
	}
	dim := x.comparison.ref.Config.HeadDim
	if dim < 1 || int64(len(a.ref)) != a.heads*dim || int64(len(a.got))%dim != 0 {
		return finding{}, nil
	}
	from, missing, repeated := sources(blockHashes(a.ref, dim), blockHashes(a.got, dim))
	reversed, same := true, len(a.ref) == len(a.got)
	for i, f := range from {
		reversed = reversed && f == int64(len(from))-1-int64(i)
		same = same && f == int64(i)
	}
	if missing > 0 || same {
		return finding{}, nil
	}
	how := "permuted"
	switch {
	case repeated > 0:
		how = "repeated"
	case reversed:
		how = "reversed"
	}
	say := fmt.Sprintf("heads %s: CAND's %d are REF's %s", how, len(from), numbers(from, " "))
	return x.confirm(ctx, a, say, func(i int64) int64 { return from[i/dim]*dim + i%dim })
}

// numbers prints a list, the first of it if it is long.
func numbers(ns []int64, sep string) string {
	const most = 16
	var list []string
	for i, n := range ns {
		if i == most {
			list = append(list, "…")
			break
		}
		list = append(list, fmt.Sprint(n))
	}
	return strings.Join(list, sep)
}

func plural(n int64, what string) string {
	if n == 1 || n == -1 {
		return fmt.Sprintf("%d %s", n, what)
	}
	return fmt.Sprintf("%d %ss", n, what)
}
