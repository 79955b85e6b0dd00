// Package text scores a text with two models: the perplexity of each, and how
// far their predictions are apart, as llama-perplexity --kl-divergence reports
// them, in one run and without logits on disk.
//
// [Run] cuts the token ids of a text into pieces of Context tokens, the rest
// being left out, and gives each piece to both models from position 0. Scored is
// the second half, where every prediction has some context: position i, from
// ⌊Context/2⌋ to Context − 2, predicts token i + 1. Half a piece that is read
// and not scored is the price of not favouring models that need no context.
//
// # Definitions
//
// Let r and c be the logits of the reference and the candidate at a scored
// position, t the token that came, p = softmax r, q = softmax c. A position has
//
//	nll  = −ln p[t], −ln q[t]
//	KL   = Σ p·(ln p − ln q), in nats
//	Δp   = q[t] − p[t]
//	same = argmax p is argmax q; of equal ones the lowest id is taken
//
// and over all n of them
//
//	mean x ± √(Σ(x − mean x)² / n / (n − 1))                        as value ± error
//	perplexity   e^m ± e^m·s                                        for m ± s the mean nll
//	ln ratio     mean of nll(q) − nll(p)
//	ratio        e^l ± e^l·s                                        for l ± s the ln ratio
//	difference   PPL(q) − PPL(p) ± the error of mean PPL(q)·nll(q) − PPL(p)·nll(p)
//	correlation  of nll(q) and nll(p)
//	RMS Δp       √v ± s/2√v                                         for v ± s the mean Δp²
//	same top p   h ± √(h·(1 − h)/(n − 1))                           for h the share of same
//	quantile f   of x sorted: at index f·(n − 1), linear between two
//
// Everything after the logits is float64.
//
// # Beside llama-perplexity
//
// The definitions are the same, the numbers need not be. llama-perplexity keeps
// the logits of the first run in 16 bits: an even grid from the largest logit
// down to the smallest, or 16 below the largest if that is nearer, and all below
// at its end. So its ln p is off by up to 1.2e-4, its KL leaves out tokens with
// ln p ≤ −16, its KL of equal models is not 0 and may be negative, its PPL(base)
// counts no surprise of more than 16 plus the log of the sum, and equal steps of
// the grid decide its top token. Here p is exact. Its models, too, compute
// otherwise: keys and values in f16, activations in 8 bits before a product with
// Q8_0 weights. And its errors are 0 for ten positions or less, its quantiles
// missing for less than a hundred.
package text
