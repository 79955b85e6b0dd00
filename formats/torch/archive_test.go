package torch

import (
	"path/filepath"
	"strings"
	"testing"
)

// What torch wrote is recognised as what Plan writes, and what another torch
// wrote is not.
func TestRewritten(t *testing.T) {
	for name, want := range map[string]string{
		"layouts/olmo2-mha/hf-bin/pytorch_model.bin":     "",
		"layouts/olmo2-mha/olmo/model.pt":                "",
		"layouts/olmo2-mha/olmo-core-unsharded/model.pt": "",
		"torch/torch-2.6.0.pt":                           "",
		"torch/torch-2.15.0.pt":                          "other bytes from byte",
	} {
		f, err := OpenFile(filepath.Join("../../testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		got, err := f.Rewritten()
		if err != nil || (got == "") != (want == "") || !strings.Contains(got, want) {
			t.Errorf("%s: found %q, %v, want %q", name, got, err, want)
		}
		var bytes, used int64
		for _, s := range f.Storages() {
			bytes, used = bytes+s.Bytes, used+s.Used
		}
		if want == "" && (bytes == 0 || used != bytes) {
			t.Errorf("%s: %d of %d bytes of storages in use", name, used, bytes)
		}
		for i, m := range f.Members() {
			if err := f.CheckMember(t.Context(), i); err != nil || m.Offset <= 0 {
				t.Errorf("%s: member %q at %d: %v", name, m.Name, m.Offset, err)
			}
		}
		f.Close()
	}
}
