package verify

import (
	"math"

	"olmotool/formats/olmo"
	"olmotool/verify/forward"
)

// mode is how the candidate is judged.
type mode int

const (
	// exact: it has to hold the values of the reference in its types.
	exact mode = iota
	// threeWay: it may be as far from the reference as twice what the reference in
	// its types is.
	threeWay
	// fallback: there is no reference in its types, and fixed bars are all there is.
	fallback
)

const (
	// u is the unit roundoff of float32.
	u = 0x1p-24
	// perProduct·√K·u is the RMS error of a float32 dot product of length K,
	// relative to the RMS of the results, as blocked summation has it.
	perProduct = 0.3
	// bf16Layer and bf16Site are the limits where bfloat16 is emulated: a clean
	// layer is within 8.6e-3 of the truth, an operation that rounds twice within
	// 3e-3.
	bf16Layer, bf16Site = 2.5e-2, 1e-2
	// worstFactor is how much further one position may be off than all together.
	worstFactor = 4
)

// limits says how far a layer and its operations may be off.
type limits struct {
	mode
	rule   string
	bar    *bar // of fallback
	bf16   bool // arithmetic
	c      *olmo.Config
	tokens int
}

// layer is the limit of L1. own is the error of the reference in the candidate's
// types, of threeWay; floor that of float32 itself, or nil.
func (l limits) layer(own float64, floor *float64) float64 {
	limit := 20 * perProduct * math.Sqrt(float64(max(l.c.HiddenSize, l.c.IntermediateSize))) * u
	switch {
	case l.bf16:
		limit = bf16Layer
	case floor != nil:
		limit = max(10**floor, 1e-5)
	}
	return l.wide(limit, own)
}

// wide is a limit of exact comparison, widened to what the mode asks for.
func (l limits) wide(limit, own float64) float64 {
	switch {
	case l.mode == threeWay:
		return max(limit, 2*own)
	case l.mode == fallback && l.bar.layer == 0:
		return math.Inf(1)
	case l.mode == fallback:
		return max(limit, l.bar.layer)
	}
	return limit
}

// site is the limit of an operation: ten times its rounding error.
func (l limits) site(s forward.Site, own float64) float64 {
	limit := 10 * 2 * u // one or two roundings
	if k := l.length(s); k > 0 {
		limit = max(limit, 10*perProduct*math.Sqrt(float64(k))*u)
	}
	if l.bf16 {
		limit = bf16Site
	}
	return l.wide(limit, own)
}

// length is how many products an operation sums; 0 if it is no sum.
func (l limits) length(s forward.Site) int64 {
	switch s {
	case forward.QProj, forward.KProj, forward.VProj, forward.GateProj, forward.UpProj, headSite:
		return l.c.HiddenSize
	case forward.OProj:
		return l.c.NumAttentionHeads * l.c.HeadDim
	case forward.DownProj:
		return l.c.IntermediateSize
	case forward.Attn:
		return max(int64(l.tokens), l.c.HeadDim)
	}
	return 0
}

// Sites outside of the layers.
const (
	embedSite forward.Site = "embed_tokens"
	normSite  forward.Site = "norm"
	headSite  forward.Site = "lm_head"
)

// centredLimit is the limit of the centred error of the logits of rule f32, which
// grows with the depth.
func centredLimit(layers int) float64 { return 1e-4 * math.Sqrt(float64(layers)/16) }

const (
	maxAbsLimit = 1e-3 // of a row's standard deviation
	klLimit     = 1e-8
	// worstLogit and worstKL are how much further the worst logit and the worst
	// position may be off than those of the reference in the candidate's types: the
	// largest of many errors varies more than their average does, and a KL is the
	// square of an error.
	worstLogit, worstKL = 3, 4
)
