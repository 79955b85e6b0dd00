package text

import (
	"cmp"
	"context"
	"runtime"

	"olmotool/accel"
	"olmotool/formats"
	"olmotool/verify/forward"
)

// Options say how a text is cut and scored. The zero value is what
// llama-perplexity does with a model of this kind.
type Options struct {
	Name    string // of the text, for errors; empty: "text"
	Context int    // tokens of a piece; 0: 512
	// BatchPieces is how many pieces go through the layers together, so that
	// weights are read once for all of them; 0: as many as fit into some memory.
	BatchPieces int
	// AddBOS is a token to put before the text and in the place of the first of
	// each piece, as llama-perplexity does where the tokenizer asks for it; nil:
	// none, as in OLMo.
	AddBOS  *int32
	Threads int // 0: all cores
	// Progress, if set, is told how many tokens have to go through a layer, and
	// when some have.
	Progress func(stage string, total int64) (advance func(n int64))
}

const defaultContext = 512

// Run scores a text, given by the ids of its tokens, with both models, or with
// ref alone if cand is nil. A text or a context that does not do is a
// [*formats.Error]; a model whose logits are not finite a [*NonFinite].
//
// Memory is that of the passes, and some hundred megabytes, whatever the model,
// and 24 bytes for each token of the text.
func Run[T accel.Float](ctx context.Context, ref, cand *forward.Pass[T], ids []int32, o Options) (*Report, error) {
	models := []model[T]{describe(ref, "ref", ref.Config)}
	if cand != nil {
		models = append(models, describe(cand, "cand", cand.Config))
	}
	return run(ctx, models, ids, o)
}

// run is Run of one model or two.
func run[T accel.Float](ctx context.Context, models []model[T], ids []int32, o Options) (*Report, error) {
	text := pieces{cmp.Or(o.Name, "text"), ids, o.AddBOS, cmp.Or(o.Context, defaultContext)}
	if err := check(models, text); err != nil {
		return nil, err
	}
	g := group[T]{models, text, cmp.Or(max(0, o.Threads), runtime.GOMAXPROCS(0)), func(int64) {}}
	size, layers := groupSize(models, text.context), int64(0)
	if o.BatchPieces > 0 {
		size = o.BatchPieces
	}
	for _, m := range models {
		layers += int64(m.layers)
	}
	if o.Progress != nil {
		g.advance = o.Progress("scoring the text", layers*int64(text.count())*int64(text.context))
	}
	all := make([]position, text.count()*text.scored())
	for lo := 0; lo < text.count(); lo += size {
		hi := min(lo+size, text.count())
		if err := g.score(ctx, lo, hi, all[lo*text.scored():hi*text.scored()]); err != nil {
			return nil, err
		}
	}
	r := &Report{Tokens: text.tokens(), Context: text.context, Pieces: text.count(), Scored: len(all), NLLRef: mean(all, nll(0))}
	r.PerplexityRef = r.NLLRef.exp()
	if len(models) == 2 {
		r.Comparison = compare(all, r.NLLRef)
	}
	return r, nil
}

// check refuses what cannot be run.
func check[T accel.Float](models []model[T], text pieces) error {
	longest := models[0].context
	for _, m := range models {
		if m.vocab != models[0].vocab {
			return formats.Errorf(text.name, "", "found a candidate with a vocabulary of %d, expected %d, that of the reference", m.vocab, models[0].vocab)
		}
		longest = min(longest, m.context)
	}
	return text.check(longest, models[0].vocab)
}
