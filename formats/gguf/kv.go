package gguf

// KV is one key-value record. Value has the Go type that stands for its GGUF
// type: uint8, int8, uint16, int16, uint32, int32, float32, bool, string,
// uint64, int64, float64, or a slice of one of these for an array.
type KV struct {
	Key   string
	Value any
}
