package main

import (
	"encoding/json"
	"os/exec"
	"testing"
)

// A process begins with the ru_maxrss of the one that started it: what a large
// parent had is not our peak.
func TestPeakOfAParent(t *testing.T) {
	parent := make([]byte, 512<<20)
	for i := 0; i < len(parent); i += 4096 {
		parent[i] = 1
	}
	out, err := exec.Command("olmotool", "verify", "random:tiny", "random:tiny", "--json").Output()
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Peak int64 `json:"peak_rss_bytes"`
	}
	if err := json.Unmarshal(out, &doc); err != nil {
		t.Fatal(err)
	}
	if doc.Peak < 4<<20 || doc.Peak > 256<<20 {
		t.Errorf("found a peak of %d bytes, of a parent of %d", doc.Peak, len(parent))
	}
	parent[0]++
}
