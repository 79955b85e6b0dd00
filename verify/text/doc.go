// Package text scores a text with two models: the perplexity of each, and how
// far their predictions are apart, as llama-perplexity --kl-divergence reports
// them, in one run and without logits on disk.
//
// [Run] cuts the token ids of a text into pieces of Context tokens, the rest
// being left out, and gives each piece to both models from position 0. Scored is
// the second half, so that every prediction has some context: position i, from
// ⌊Context/2⌋ to Context − 2, predicts token i + 1.
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
// the logits of its first run in 16 bits: an even grid from the largest of a
// position down to the smallest, or to 16 below the largest if that is nearer,
// with all that is below at its end. So its ln p is off by up to 1.2e-4; its KL
// leaves out tokens with ln p ≤ −16, and of close models is negative here and
// there; PPL(base) counts no surprise of more than 16 beyond that of the top
// token; and of two tokens that nearly tie it may take the other for the top. Of
// a small model against itself it says: ln ratio 0.0004 ± 0.0003, same top
// 99.97 %. Here p is exact, and a model is at distance 0 from itself.
//
// Its models compute otherwise, too: keys and values in f16, activations in 8 bits
// before a product with Q8_0 weights and in bf16 before one with bf16. Its KL of
// such a pair has all of that in it, and may be twice that of the weights alone,
// which is found here.
//
// For ten positions or less its errors are 0, for less than a hundred it has no
// quantiles.
package text
