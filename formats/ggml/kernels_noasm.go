//go:build !amd64 || noasm

package ggml

// Without kernels nothing is done beforehand, and all is left to the twins.

func decodeF32Fast(dst []float32, src []byte) int             { return 0 }
func encodeF32Fast(dst []byte, src []float32) int             { return 0 }
func decodeBF16Fast(dst []float32, src []byte) int            { return 0 }
func encodeBF16Fast(dst []byte, src []float32) int            { return 0 }
func decodeF16Fast(dst []float32, src []byte) int             { return 0 }
func encodeF16Fast(dst []byte, src []float32) int             { return 0 }
func decodeQ8_0Fast(dst []float32, src []byte) int            { return 0 }
func encodeQ8_0Fast(dst []byte, src []float32) int            { return 0 }
func keptFast(dst []byte, src []float32, infinite uint16) int { return 0 }
