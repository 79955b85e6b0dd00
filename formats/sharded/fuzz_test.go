package sharded

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"olmotool/formats"
	"olmotool/formats/torch"
	"olmotool/internal/filepool"
)

// FuzzRank reads a file as that of a rank, in both forms of pickles.
func FuzzRank(f *testing.F) {
	dir := goldens(f)
	for _, name := range []string{"legacy-1.13/rank0.pt", "legacy-1.13/rank1.pt", "local-1.13/model/rank1.pt", "local-2.1/model/rank0.pt"} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		x, err := torch.OpenAt(bytes.NewReader(data), int64(len(data)), "rank0.pt")
		if err != nil {
			return
		}
		root, ok := x.Root.(*torch.Dict)
		if !ok {
			return
		}
		rank := &rankFile{x, 0, root}
		ranks := &ranks{dir: "dir", ext: "rank%d.pt", have: []int64{0}, pool: filepool.New("dir")}
		l := &legacy{ranks: ranks}
		err = l.take(rank)
		joined(t, &l.joiner, err)
		o := &local{ranks: ranks}
		_, err = o.modules(rank)
		if err != nil {
			err = placed(err, rank.Path, "modules")
		}
		joined(t, &o.joiner, err)
	})
}

// joined checks what holds of what was read, right or wrong.
func joined(t *testing.T, j *joiner, err error) {
	t.Helper()
	known := (*formats.Error)(nil)
	if err != nil {
		if !errors.As(err, &known) {
			t.Fatalf("found %v, expected a *formats.Error", err)
		}
		return
	}
	all, err := j.join("dir")
	if err != nil {
		if !errors.As(err, &known) {
			t.Fatalf("found %v, expected a *formats.Error", err)
		}
		return
	}
	for _, x := range all {
		if n, err := formats.BytesOf(x.DType, x.Shape); err != nil || n != x.Bytes() {
			t.Fatalf("found %d bytes of %s %v", x.Bytes(), x.DType, x.Shape)
		}
		if x.Bytes() < 1<<20 {
			content(t, x)
		}
	}
}

// FuzzCore reads metadata.json, beside one file.
func FuzzCore(f *testing.F) {
	b, err := os.ReadFile(filepath.Join(goldens(f), "core", "model", coreMetadata))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte(`{"tensors":{"a":{"shape":[3],"is_sharded":true,"dtype":"U8","flattened_offsets_per_file":{"rank_0.safetensors":[0,3]}}}}`))
	f.Add([]byte(`{"tensors":{"a":{"shape":[1,3],"is_sharded":false,"dtype":"U8","shard_spec_per_file":{"rank_0.safetensors":{"local_shape":[1,3],"global_offset":[0,0]}}}}}`))
	dir := f.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "rank_0.safetensors"), safetensorsFile(part{"a": {1, 2, 3}}), 0o600); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		c := &core{dir: dir, file: "metadata.json", pool: filepool.New(dir)}
		defer c.pool.Close()
		tensors, err := parseCoreMetadata(string(text), c.file)
		if err == nil {
			err = c.gather(tensors)
		}
		joined(t, &c.joiner, err)
	})
}
