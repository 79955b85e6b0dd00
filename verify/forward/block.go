package forward

import "olmotool/accel"

// olmo2 is a block of OLMo 2 and 3 (arXiv:2501.00656, section 2). Norms are at
// the end of attention and MLP, before their results are added, and of queries
// and keys, over all heads together.
//
//	x ← x + norm(attention(x)·Woᵀ)
//	x ← x + norm((silu(x·Wgᵀ) ⊙ x·Wuᵀ)·Wdᵀ)
//	norm(x) = x / √(mean(x²) + ε) ⊙ w
//
// In OLMo 3, three layers in four see the last tokens only.
func (b *block[T]) olmo2(x accel.Matrix[T]) {
	q, k, v := b.linear(QProj, x), b.linear(KProj, x), b.linear(VProj, x)
	q, k = b.norm(QNorm, q), b.norm(KNorm, k)
	q, k = b.rotate(QRope, q), b.rotate(KRope, k)
	o := b.linear(OProj, b.attention(Attn, q, k, v))
	x = b.add(AttnAdd, x, b.norm(AttnNorm, o))

	gate, up := b.linear(GateProj, x), b.linear(UpProj, x)
	down := b.linear(DownProj, b.swiglu(Act, gate, up))
	b.add(FFAdd, x, b.norm(FFNorm, down))
}

// olmo1 is a block of OLMo 1 (arXiv:2402.00838, section 2.1). Norms are at the
// beginning of attention and MLP, and have no weights; queries, keys and values
// may be clipped.
//
//	x ← x + attention(norm(x))·Woᵀ
//	x ← x + (silu(h·Wgᵀ) ⊙ h·Wuᵀ)·Wdᵀ, h = norm(x)
//	norm(x) = (x − mean(x)) / √(var(x) + ε)
func (b *block[T]) olmo1(x accel.Matrix[T]) {
	h := b.layerNorm(InputNorm, x)
	q, k, v := b.clipped(QProj, h), b.clipped(KProj, h), b.clipped(VProj, h)
	q, k = b.rotate(QRope, q), b.rotate(KRope, k)
	o := b.linear(OProj, b.attention(Attn, q, k, v))
	x = b.add(AttnAdd, x, o)

	h = b.layerNorm(MLPNorm, x)
	gate, up := b.linear(GateProj, h), b.linear(UpProj, h)
	down := b.linear(DownProj, b.swiglu(Act, gate, up))
	b.add(FFAdd, x, down)
}
