// Package ggml has the codecs of GGUF's element types: bytes to float32 and
// back. It is the bottom of the house and knows neither files nor tensors.
//
// The functions come in pairs, DecodeX(dst []float32, src []byte) and
// EncodeX(dst []byte, src []float32), over whole blocks; dst and src must have
// matching lengths. Encoding follows ggml's reference quantisers operation by
// operation in float32, each rounded once and never fused, so the bytes are the
// same on every machine and equal to those of the reference build for x86-64.
package ggml
