// Package safetensors reads and plans safetensors files: eight bytes with the
// length of a header, the header in JSON, and the bytes of all tensors end to
// end.
//
// [Open] describes the tensors of one file without reading their data; [Plan]
// says what every byte of a file with given tensors will be, and those bytes
// are the ones that safetensors.torch.save_file writes. Checkpoints of several
// files are the business of package shards.
//
// # What is refused
//
// All that the reference implementation refuses: tensors that do not cover the
// data exactly, in one piece each and without a gap, headers beyond 100 MB,
// and anything that is not strict JSON. And three things that it lets pass,
// because two readers could take them for different models: a name that
// appears twice, a tensor described by a JSON array, and more dimensions or
// entries than any model has (see the limits in limits.go). Fields that are
// not known are ignored, with a finding.
package safetensors
