package convert

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"olmotool/formats"
	"olmotool/formats/olmo"
	"olmotool/formats/torch"
)

// Damaged content is found in every layout that holds archives, on every way
// through the program, and unless it is asked to be ignored.
func TestChecksum(t *testing.T) {
	for _, layout := range []string{"olmo", "hf-bin", "olmo-core-unsharded"} {
		o := Options{To: layout}
		if layout == "hf-bin" {
			o.MaxShard = 100_000
		}
		r := converted(t, filepath.Join(models, "olmo2-mha"), "m", o)
		var path string
		for _, f := range r.Output {
			if ext := filepath.Ext(f.Path); ext == ".pt" || ext == ".bin" {
				path = f.Path
			}
		}
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		b[len(b)/2] ^= 0x10
		if err := os.WriteFile(path, b, 0o666); err != nil {
			t.Fatal(err)
		}
		for _, o := range []Options{
			{To: "hf"}, {To: "hf", NoHash: true, Verify: true}, {To: "olmo", DType: "bf16"}, {To: "gguf", DType: "q8_0", PreTokenizer: "dbrx"}, {To: "safetensors", Threads: 1},
		} {
			dir := t.TempDir()
			o.Src, o.Dst = filepath.Dir(path), filepath.Join(dir, "x")
			_, err := Run(t.Context(), o)
			var fe *formats.Error
			if !errors.As(err, &fe) || fe.File != path || !strings.Contains(fe.Msg, "CRC-32") {
				t.Errorf("%s to %s: found %v", layout, o.To, err)
			}
			empty(t, dir)
		}
		converted(t, filepath.Dir(path), "x", Options{To: "hf", IgnoreCRC: true, Verify: true})
	}
}

// So is damage to the pickle, which is read before anything is planned.
func TestChecksumPickle(t *testing.T) {
	r := converted(t, filepath.Join(models, "olmo2-mha"), "m", Options{To: "olmo"})
	path := r.Output[slices.IndexFunc(r.Output, func(f OutputFile) bool { return filepath.Ext(f.Path) == ".pt" })].Path
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	copy(b[bytes.Index(b, []byte("cpu")):], "CPU")
	if err := os.WriteFile(path, b, 0o666); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	o := Options{Src: filepath.Dir(path), Dst: filepath.Join(dir, "x"), To: "hf"}
	_, err = Run(t.Context(), o)
	var fe *formats.Error
	if !errors.As(err, &fe) || !strings.Contains(fe.Place, "data.pkl") || !strings.Contains(fe.Msg, "damaged") {
		t.Errorf("found %v", err)
	}
	empty(t, dir)
	r = converted(t, o.Src, "y", Options{To: "hf", IgnoreCRC: true, Verify: true})
	if !slices.ContainsFunc(r.Findings, func(f formats.Finding) bool { return f.Code == torch.BadCRC }) {
		t.Errorf("found %v", r.Findings)
	}
}

// An archive whose tensors share a record is checked as a whole.
func TestChecksumShared(t *testing.T) {
	b, err := os.ReadFile("../formats/torch/testdata/views.pt")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "views.pt")
	for _, damaged := range []bool{false, true} {
		if damaged {
			b[bytes.Index(b, []byte("/data/0"))+128] ^= 1
		}
		if err := os.WriteFile(path, b, 0o666); err != nil {
			t.Fatal(err)
		}
		src, err := olmo.Open(path, "")
		if err != nil {
			t.Fatal(err)
		}
		sums, err := checksums(t.Context(), src)
		src.Close()
		if (err != nil) != damaged || len(sums) > 0 {
			t.Errorf("damaged %v: found %v and %d sums", damaged, err, len(sums))
		}
	}
}
