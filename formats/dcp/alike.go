package dcp

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"sync"

	"olmotool/formats"
)

// alike finds the bytes of an item whose like was looked into before. A process
// writes thousands of items of the same type and shape, which differ in nothing but
// the numbers, their checksums, and an id that torch gives each file: what is around
// the numbers need only be compared.
type alike struct {
	mu    sync.Mutex
	known map[string]*around
}

// around is what an item has before and behind its numbers.
type around struct {
	before, behind []byte
	free           []span // of behind: what may differ, and is zero there
	sums           [][2]int
}

// span is bytes [begin, end).
type span struct{ begin, end int }

const (
	// maxAround is how long both parts may be: torch writes 700 and 1000 bytes.
	maxAround = 4 << 10
	// maxAlike is how many kinds are kept. A model has one for each shape of chunk.
	maxAlike = 1 << 10
)

func (i *item) kind() string { return fmt.Sprint(i.dtype, i.shape, i.at.length) }

// find returns where the numbers begin within an item.
func (a *alike) find(i *item) (int64, bool) {
	a.mu.Lock()
	k := a.known[i.kind()]
	a.mu.Unlock()
	if k == nil {
		return 0, false
	}
	before, behind := make([]byte, len(k.before)), make([]byte, len(k.behind))
	n := int64(len(before))
	if formats.ReadFull(i.file, before, i.at.off) != nil || formats.ReadFull(i.file, behind, i.at.off+n+i.size) != nil {
		return 0, false // looking into it will tell why
	}
	return n, bytes.Equal(before, k.before) && k.normal(behind) && bytes.Equal(behind, k.behind)
}

// normal makes what may differ zero, and reports whether both places of each
// checksum have the same one.
func (k *around) normal(behind []byte) bool {
	for _, at := range k.sums {
		if !bytes.Equal(behind[at[0]:at[0]+4], behind[at[1]:at[1]+4]) {
			return false
		}
	}
	for _, f := range k.free {
		clear(behind[f.begin:f.end])
	}
	return true
}

// add makes an item known whose numbers begin at n.
func (a *alike) add(i *item, n int64) {
	m := i.at.length - n - i.size
	if n > maxAround || m < 0 || m > maxAround {
		return
	}
	k := &around{before: make([]byte, n), behind: make([]byte, m)}
	if formats.ReadFull(i.file, k.before, i.at.off) != nil || formats.ReadFull(i.file, k.behind, i.at.off+n+i.size) != nil {
		return
	}
	if !k.findFree() || !k.normal(k.behind) {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.known == nil {
		a.known = map[string]*around{}
	}
	if len(a.known) < maxAlike {
		a.known[i.kind()] = k
	}
}

const (
	numbers = "data/0"
	id      = ".data/serialization_id"
)

// contents are the members that come behind the numbers, and their lengths.
var contents = map[string]int{"version": 2, id: 40}

// findFree finds what may differ in the archive behind the numbers: their checksum,
// the id and its checksum, each checksum there and in the directory. Each record
// must follow the one before.
func (k *around) findFree() bool {
	le, sums := binary.LittleEndian, map[string]int{}
	free := func(at, n int) { k.free = append(k.free, span{at, at + n}) }
	last := numbers // the member before
	for at, b := 0, k.behind; len(b) >= 30; b = k.behind[at:] {
		n := 0
		switch string(b[:4]) {
		case "PK\x07\x08":
			if last == numbers || last == id {
				sums[last] = at + 4
				free(at+4, 4)
			}
			n = 16
			if string(b[16:18]) != "PK" {
				n = 24 // with sizes of 8 bytes
			}
		case "PK\x03\x04":
			name := int(le.Uint16(b[26:]))
			n = 30 + name + int(le.Uint16(b[28:]))
			if n > len(b) {
				return false
			}
			last = member(b[30 : 30+name])
			size, known := contents[last]
			if !known {
				return false
			}
			if last == id {
				free(at+n, size)
			}
			n += size
		case "PK\x01\x02":
			if len(b) < 46 || 46+int(le.Uint16(b[28:])) > len(b) {
				return false
			}
			if sum, ok := sums[member(b[46:46+int(le.Uint16(b[28:]))])]; ok {
				k.sums = append(k.sums, [2]int{sum, at + 16})
				free(at+16, 4)
			}
			n = 46 + int(le.Uint16(b[28:])) + int(le.Uint16(b[30:])) + int(le.Uint16(b[32:]))
		default:
			return true // the end records: nothing there may differ
		}
		if n > len(b) {
			return false
		}
		at += n
	}
	return true
}

// member is a name without the folder that all members are in.
func member(name []byte) string {
	_, in, _ := strings.Cut(string(name), "/")
	return in
}
