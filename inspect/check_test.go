package inspect

import (
	"context"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"olmotool/formats"
	"olmotool/formats/olmo"
)

func check(t testing.TB, path string, threads int) (*Checked, error) {
	t.Helper()
	src, err := olmo.Open(path, "")
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	return Check(context.Background(), src, CheckOptions{Threads: threads})
}

// patch writes bytes into a file at an offset.
func patch(t testing.TB, path string, at int64, b []byte) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt(b, at); err != nil {
		t.Fatal(err)
	}
}

// What the peers wrote is whole.
func TestCheckWhole(t *testing.T) {
	for path, sums := range map[string]int{
		"models/olmo2-gqa":                      0,
		"layouts/olmo2-mha/hf-bin":              29, // 25 tensors and four small members
		"layouts/olmo2-mha/olmo":                23,
		"layouts/olmo2-mha/olmo2-mha-q8_0.gguf": 0,
		"torch/torch-2.15.0.pt":                 20,
	} {
		k, err := check(t, filepath.Join(data, path), 2)
		if err != nil {
			t.Fatal(err)
		}
		if len(k.Findings) != 0 || k.Checksums != sums || k.Unchecked != 0 || k.Bytes == 0 {
			t.Errorf("%s: %+v", path, k)
		}
	}
}

// NaN and infinity are found with their index, the same with any number of threads.
func TestCheckNotFinite(t *testing.T) {
	dir := copyModel(t, "olmo2-mha")
	r := source(t, dir)
	file := filepath.Join(dir, "model.safetensors")
	for i, bits := range []uint32{0x7fc00001, 0xff800000, 0x7f800001} {
		x := r.Tensors[3]
		patch(t, file, x.Origin.Offset+int64(4*(100*i+7)), binary.LittleEndian.AppendUint32(nil, bits))
	}
	patch(t, file, r.Tensors[20].Origin.Offset, []byte{0, 0, 0x80, 0x7f})
	want := []NotFinite{{r.Tensors[3].Name, 2, 1, 7}, {r.Tensors[20].Name, 0, 1, 0}}
	for _, threads := range []int{1, 2, 7} {
		k, err := check(t, dir, threads)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, k.NotFinite); d != "" {
			t.Errorf("%d threads: %s", threads, d)
		}
		if len(k.Findings) != 2 || k.Findings[0].Code != "not-finite" || !strings.Contains(k.Findings[0].Message, "the first at [0 7]") {
			t.Errorf("findings %v", k.Findings)
		}
	}
}

// A bit that flipped in an archive is found by its checksum, in a tensor and beside
// the tensors.
func TestCheckCRC(t *testing.T) {
	for _, member := range []string{"data/3", "version"} {
		path := filepath.Join(t.TempDir(), "x.bin")
		copyFile(t, filepath.Join(data, "layouts/olmo2-mha/hf-bin/pytorch_model.bin"), path)
		src, err := olmo.Open(path, "")
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range src.Torch.Members() {
			if strings.HasSuffix(m.Name, "/"+member) {
				patch(t, path, m.Offset+1, []byte{0x20})
			}
		}
		src.Close()
		k, err := check(t, path, 2)
		if err != nil {
			t.Fatal(err)
		}
		if f := finding(t, k.Findings, "bad-crc"); f.Severity != formats.Serious {
			t.Errorf("%s: %v", member, k.Findings)
		}
	}
}

// Padding of a GGUF that holds something, and a scale that is not finite.
func TestCheckGGUF(t *testing.T) {
	path := padded(t)
	r := source(t, path)
	patch(t, path, r.Files[0].Bytes-1, []byte{9})
	k, err := check(t, path, 2)
	if err != nil {
		t.Fatal(err)
	}
	if f := finding(t, k.Findings, "padding-not-zero"); f.Severity != formats.Warning || len(k.NotFinite) != 0 {
		t.Errorf("%+v", k)
	}
	copyFile(t, filepath.Join(data, "layouts/olmo2-mha/olmo2-mha-q8_0.gguf"), path)
	x := source(t, path).Tensors[0]
	patch(t, path, x.Origin.Offset+34, []byte{0, 0x7c}) // the second block's
	if k, err = check(t, path, 2); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]NotFinite{{x.Name, 0, 1, 32}}, k.NotFinite); d != "" {
		t.Error(d)
	}
}

// SHA-256 by a provenance file, and by the name of a blob.
func TestCheckHashes(t *testing.T) {
	dir := copyModel(t, "olmo2-mha")
	write(t, filepath.Join(dir, "olmotool-provenance.json"), `{"output":[{"name":"config.json","sha256":"`+strings.Repeat("0", 64)+`"},{"name":"gone","sha256":"00"},{"name":"unhashed"}]}`)
	k, err := check(t, dir, 2)
	if err != nil {
		t.Fatal(err)
	}
	if finding(t, k.Findings, "sha256-differs"); k.SHA256 != 1 {
		t.Errorf("%+v", k)
	}
	finding(t, k.Findings, "missing-file")
	write(t, filepath.Join(dir, "olmotool-provenance.json"), `{"output":[{"name":"../x","sha256":"00"}]}`)
	if _, err := check(t, dir, 2); err == nil || !strings.Contains(err.Error(), `"../x"`) {
		t.Errorf("a name that leads out: %v", err)
	}
}

// An empty context stops, and so does a file that ends too soon.
func TestCheckErrors(t *testing.T) {
	dir := copyModel(t, "olmo2-mha")
	src, err := olmo.Open(dir, "")
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Check(ctx, src, CheckOptions{Threads: 2}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if err := os.Truncate(filepath.Join(dir, "model.safetensors"), 200_000); err != nil {
		t.Fatal(err)
	}
	var fe *formats.Error
	if _, err := Check(context.Background(), src, CheckOptions{Threads: 2}); !errors.As(err, &fe) || fe.File == "" {
		t.Errorf("cut short: %v", err)
	}
}

// Only what was chosen is read.
func TestCheckChosen(t *testing.T) {
	src, err := olmo.Open(filepath.Join(data, "models/olmo2-mha"), "")
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	var read int64
	k, err := Check(context.Background(), src, CheckOptions{Threads: 1, Tensors: src.Tensors[:2], Progress: func(n int64) { read += n }})
	if want := src.Tensors[0].Bytes() + src.Tensors[1].Bytes(); err != nil || k.Tensors != 2 || read != want {
		t.Errorf("%+v, %d of %d bytes read, %v", k, read, want, err)
	}
}
