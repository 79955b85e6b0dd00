package forward

import "olmotool/accel"

// Site names an intermediate result of a block, as transformers names the module
// that makes it.
type Site string

// The sites of a block in the order of computation. OLMo 1 has its norms at the
// input of attention and MLP (InputNorm, MLPNorm), and none of queries and keys;
// OLMo 2 and 3 have theirs behind.
const (
	InputNorm Site = "input_layernorm" // OLMo 1
	QProj     Site = "q_proj"          // after clip_qkv in OLMo 1
	KProj     Site = "k_proj"
	VProj     Site = "v_proj"
	QNorm     Site = "q_norm"
	KNorm     Site = "k_norm"
	QRope     Site = "q_rope"
	KRope     Site = "k_rope"
	Scores    Site = "scores" // [tokens, heads × tokens] of one sequence after the other; only with Pass.Scores
	Probs     Site = "probs"  // likewise; what a query does not see is 0 here, and −Inf in scores, whatever a tap says
	Attn      Site = "attn"   // heads side by side, before o_proj
	OProj     Site = "o_proj"
	AttnNorm  Site = "post_attention_layernorm"
	AttnAdd   Site = "attention_residual"
	MLPNorm   Site = "pre_feedforward_layernorm" // OLMo 1: post_attention_layernorm in transformers, which names it by place
	GateProj  Site = "gate_proj"
	UpProj    Site = "up_proj"
	Act       Site = "act" // silu(gate) ⊙ up
	DownProj  Site = "down_proj"
	FFNorm    Site = "post_feedforward_layernorm"
	FFAdd     Site = "output" // the block's output
)

// Tap is shown each intermediate result of a block right after it was computed
// and may overwrite its numbers: what follows is computed from what Tap leaves.
// The matrix is the block's, which uses its memory again: keep a copy. A nil Tap
// is none. Its error ends the block.
type Tap[T accel.Float] func(s Site, x accel.Matrix[T]) error
