package verify

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"slices"

	"olmotool/formats"
	"olmotool/formats/safetensors"
	"olmotool/verify/forward"
)

// maxTokensFile is the size of a text of token ids: maxTokens of twelve bytes.
const maxTokensFile = 12 * maxTokens

// idsName is the tensor of token ids in golden files and token files.
const idsName = "input_ids"

// OpenTokensFile reads a file of token ids: integers separated by white space or
// commas, one sequence a line; or a safetensors file with input_ids, I64 or I32,
// [T] or [B, T].
func OpenTokensFile(path string) (Tokens, error) {
	f, size, err := formats.OpenRegular(path)
	if err != nil {
		return Tokens{}, err
	}
	defer f.Close()
	t := Tokens{From: path}
	var start [9]byte
	if _, err := f.ReadAt(start[:], 0); err == nil && start[8] == '{' { // a header in JSON after its length
		ck, err := safetensors.Open(path)
		if err != nil {
			return Tokens{}, err
		}
		defer ck.Close()
		t.Batch, _, err = readIDs(ck)
		return t, err
	}
	if size > maxTokensFile {
		return Tokens{}, formats.Errorf(path, "", "found %d bytes of text, expected at most %d of token ids", size, maxTokensFile)
	}
	t.Seqs, err = readTokens(io.NewSectionReader(f, 0, size), path)
	return t, err
}

// readIDs reads input_ids of a file. batch reports whether they are [B, T].
func readIDs(ck *formats.Checkpoint) (b forward.Batch, batch bool, err error) {
	ids, err := tensorNamed(ck, idsName)
	if err != nil {
		return b, false, err
	}
	fail := func(format string, args ...any) error {
		return formats.Errorf(ck.Path, place(idsName), format, args...)
	}
	if ids.DType != formats.I64 && ids.DType != formats.I32 {
		return b, false, fail("found %s, expected I64 or I32", ids.DType)
	}
	if n := len(ids.Shape); n != 1 && n != 2 {
		return b, false, fail("found shape %v, expected [T] or [B, T]", ids.Shape)
	}
	total := ids.Elements()
	if total < 1 || total > maxTokens {
		return b, false, fail("found shape %v, expected 1 to %d tokens", ids.Shape, maxTokens)
	}
	raw := make([]byte, ids.Bytes())
	if err := formats.ReadFull(ids.Data, raw, 0); err != nil {
		return b, false, fail("%w", err)
	}
	all := make([]int32, total)
	for i := range all {
		id := int64(0)
		if ids.DType == formats.I64 {
			id = int64(binary.LittleEndian.Uint64(raw[8*i:]))
		} else {
			id = int64(int32(binary.LittleEndian.Uint32(raw[4*i:])))
		}
		if id < 0 || id > math.MaxInt32 {
			return b, false, fail("element %d: found %d, expected a token id", i, id)
		}
		all[i] = int32(id)
	}
	length := int(ids.Shape[len(ids.Shape)-1])
	return forward.Batch{Seqs: slices.Collect(slices.Chunk(all, length))}, len(ids.Shape) == 2, nil
}

// tensorNamed returns the tensor of a file by its name.
func tensorNamed(ck *formats.Checkpoint, name string) (formats.Tensor, error) {
	i := slices.IndexFunc(ck.Tensors, func(t formats.Tensor) bool { return t.Name == name })
	if i < 0 {
		return formats.Tensor{}, formats.Errorf(ck.Path, "", "found no tensor %q, expected one", name)
	}
	return ck.Tensors[i], nil
}

func place(tensor string) string { return fmt.Sprintf("tensor %q", tensor) }
