package text

import (
	"cmp"
	"context"
	"math"
	"runtime"

	"olmotool/accel"
	"olmotool/formats"
	"olmotool/formats/olmo"
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
// ref alone if cand is nil. What [Check] refuses is an error before anything is
// computed; a model whose logits are not finite is a [*NonFinite].
//
// Memory is that of the passes, and some hundred megabytes, whatever the model,
// and 24 bytes for each token of the text.
func Run[T accel.Float](ctx context.Context, ref, cand *forward.Pass[T], ids []int32, o Options) (*Report, error) {
	models := []model[T]{{ref, "ref", ref.Config}}
	if cand != nil {
		models = append(models, model[T]{cand, "cand", cand.Config})
	}
	return run(ctx, models, ids, o)
}

// run is Run of one model or two.
func run[T accel.Float](ctx context.Context, models []model[T], ids []int32, o Options) (*Report, error) {
	all, err := scored(ctx, models, ids, o)
	if err != nil {
		return nil, err
	}
	text := o.cut(ids)
	r := &Report{Tokens: text.tokens(), Context: text.context, Pieces: text.count(), Scored: len(all), NLLRef: mean(all, nll(0))}
	r.PerplexityRef = r.NLLRef.exp()
	if len(models) == 2 {
		r.Comparison = compare(all, r.NLLRef)
	}
	return r, nil
}

// scored scores all positions of a text that are scored, in order.
func scored[T accel.Float](ctx context.Context, models []model[T], ids []int32, o Options) ([]position, error) {
	configs := make([]*olmo.Config, len(models))
	var layers int64
	for i, m := range models {
		configs[i] = m.config
		layers += m.config.NumHiddenLayers
	}
	if err := Check(ids, o, configs...); err != nil {
		return nil, err
	}
	text := o.cut(ids)
	g := group[T]{models, text, cmp.Or(max(0, o.Threads), runtime.GOMAXPROCS(0)), func(int64) {}}
	size := cmp.Or(max(0, o.BatchPieces), groupSize(models, text.context))
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
	return all, nil
}

// cut cuts a text as the options say.
func (o Options) cut(ids []int32) pieces {
	return pieces{cmp.Or(o.Name, "text"), ids, o.AddBOS, cmp.Or(o.Context, defaultContext)}
}

// Check returns a [*formats.Error] if a text does not do for models: if it has
// less than two pieces or an id that is in no vocabulary, if a piece is longer than
// the context of a model, or if the models have different vocabularies.
func Check(ids []int32, o Options, models ...*olmo.Config) error {
	text := o.cut(ids)
	longest, vocab := int64(math.MaxInt64), models[0].VocabSize
	for _, m := range models {
		if m.VocabSize != vocab {
			return formats.Errorf(text.name, "", "found a candidate with a vocabulary of %d, expected %d, that of the reference", m.VocabSize, vocab)
		}
		longest = min(longest, m.MaxPositionEmbeddings)
	}
	return text.check(longest, vocab)
}
