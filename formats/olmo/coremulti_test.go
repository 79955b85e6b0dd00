package olmo

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const (
	tensorFiles = mha + "olmo-core-unsharded-tensors/"
	chunkFiles  = mha + "olmo-core-unsharded-chunks/"
)

func copyTree(t testing.TB, from string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestPiecesMalformed: files that are not those of one model.
func TestPiecesMalformed(t *testing.T) {
	const embed, chunk0, chunk1, chunk2 = "model/model-embeddings-weight.pt", "model/chunk-00000.safetensors", "model/chunk-00001.safetensors", "model/chunk-00002.safetensors"
	for _, c := range []struct {
		from, move, to string // to: empty removes, "+" before it copies
		want           string
	}{
		{tensorFiles, embed, "", `tensors: found no "model.embed_tokens.weight", expected by the config`},
		{tensorFiles, embed, "+model/model-x.pt", `tensor "embeddings.weight": found in "model-embeddings-weight.pt" and in "model-x.pt", expected in one file`},
		{tensorFiles, embed, "+model/model-embeddings-weight.safetensors", `found "model-embeddings-weight.safetensors" beside "model-blocks-0-attention-k_norm-weight.pt", expected files of one kind`},
		{tensorFiles, embed, "+model/chunk-00000.pt", `found "model-blocks-0-attention-k_norm-weight.pt" beside "chunk-00000.pt", expected files of one kind`},
		{tensorFiles, "config.json", "", "found weights of OLMo-core in several files (model/…) but no config.json of OLMo-core above them, expected a checkpoint"},
		{chunkFiles, chunk1, "", `found "chunk-00002.safetensors", expected chunk-00001.safetensors before it: all chunks of a model`},
		{chunkFiles, chunk0, "", `found "chunk-00001.safetensors", expected chunk-00000.safetensors before it`},
		{chunkFiles, chunk2, "", `tensors: found no "`},
		{chunkFiles, chunk2, "+model/chunk-2.safetensors", `found "chunk-2.safetensors", expected chunk-00003.safetensors before it`},
		{chunkFiles, chunk2, "+model/chunk-00003.safetensors", `found in "chunk-00002.safetensors" and in "chunk-00003.safetensors", expected in one file`},
		{chunkFiles, "config.json", "+" + chunk1, `chunk-00001.safetensors: header length: found `},
	} {
		dir := copyTree(t, c.from)
		to, isCopy := strings.CutPrefix(c.to, "+")
		text := string(readFile(t, filepath.Join(dir, c.move)))
		if !isCopy {
			if err := os.Remove(filepath.Join(dir, c.move)); err != nil {
				t.Fatal(err)
			}
		}
		if to != "" {
			put(t, dir, to, text)
		}
		s, err := Open(dir, "")
		if err == nil {
			t.Cleanup(func() { s.Close() })
			_, err = s.Model()
		}
		wantError(t, err, dir, c.want)
	}
}

// TestPiecesAlone: a file that is itself a tensor has the name of its file.
func TestPiecesAlone(t *testing.T) {
	const norm = "model/model-lm_head-norm-weight.pt"
	want := open(t, tensorFiles, "")
	dir := copyTree(t, tensorFiles)
	put(t, dir, norm, string(readFile(t, "testdata/bare/alone.pt")))
	got := open(t, dir, "")
	equalTensors(t, got.Tensors, want.Tensors)
	if len(got.Source.Findings) > 0 {
		t.Errorf("got %q", findings(got.Source))
	}
	if err := os.Rename(filepath.Join(dir, norm), filepath.Join(dir, "model/model-norm.pt")); err != nil {
		t.Fatal(err)
	}
	_, err := Open(dir, "")
	wantError(t, err, "model-norm.pt: found a tensor alone, expected the name of the file to tell which one of the model it is")
}

// TestCoreBeside: one file wins over several, and what is not read is told.
func TestCoreBeside(t *testing.T) {
	dir := copyTree(t, chunkFiles)
	put(t, dir, "model.pt", string(readFile(t, tinyCore+"model.pt")))
	put(t, dir, "model.safetensors", "rubbish")
	put(t, dir, "optim.pt", "")
	m := open(t, dir, "")
	want := []string{
		"info other-weights model.safetensors: found beside model.pt: not read",
		"info other-weights model: found beside model.pt: not read",
		"info optimizer optim.pt: found the state of an optimizer: not read",
	}
	if got := findings(m.Source); !slices.Equal(got, want) || m.Source.Torch == nil {
		t.Errorf("got %q", got)
	}
	in := open(t, filepath.Join(dir, piecesDir), "")
	if got := findings(in.Source); !slices.Equal(got, want[2:]) || len(in.Source.Files) != 3 || in.Source.Torch != nil {
		t.Errorf("got %q, %v", got, in.Source.Files)
	}
	equalTensors(t, in.Tensors, m.Tensors)
}
