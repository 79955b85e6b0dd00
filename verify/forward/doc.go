// Package forward is the reference forward pass of OLMo 1, 2 and 3: written to
// be read beside the papers, and trusted for that.
//
// A [Pass] runs a model, of any layout, at one precision: Pass[float32] and
// Pass[float64], the former also with the roundings of bfloat16 emulated. It
// goes block by block, [Pass.Embed], [Pass.Block] for each layer, [Pass.Norm]
// and [Pass.Logits], and its caller may stop, look and compare between any two.
// Within a block each intermediate result, a [Site], is shown to a [Tap], which
// may replace it: so two models are compared operation by operation, each fed
// the same input.
//
// Weights come a panel of rows at a time, within a budget, the next being read
// while this one computes. Activations of the whole batch stay in memory, and
// nothing else: memory does not depend on the size of the model.
package forward
