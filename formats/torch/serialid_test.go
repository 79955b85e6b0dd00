package torch

import (
	"encoding/json"
	"fmt"
	"hash/crc32"
	"os"
	"testing"
)

// TestSerializationID compares with archives that torch wrote, around the sizes
// at which the set of names grows.
func TestSerializationID(t *testing.T) {
	b, err := os.ReadFile("testdata/save/serialid.json")
	if err != nil {
		t.Fatal(err)
	}
	var want map[int]string
	if err := json.Unmarshal(b, &want); err != nil {
		t.Fatal(err)
	}
	for n, w := range want {
		var names []string
		var sums []uint32
		for i := range n {
			names = append(names, fmt.Sprintf("data/%d", i))
			if i%7 != 6 { // the others are empty
				sums = append(sums, crc32.ChecksumIEEE(fmt.Append(nil, i)))
			}
		}
		names = append(names, "version", "byteorder")
		sums = append(sums, crc32.ChecksumIEEE([]byte("3\n")), crc32.ChecksumIEEE([]byte("little")))
		if got := string(serializationID(names, sums)); got != w {
			t.Errorf("%d records: got %s, want %s", n, got, w)
		}
	}
}

// TestBucketCounts checks that the set can grow to all records of the largest plan.
func TestBucketCounts(t *testing.T) {
	if last := bucketCounts[len(bucketCounts)-1]; last < maxTensors+3 {
		t.Errorf("the last count is %d, want %d or more", last, maxTensors+3)
	}
}
