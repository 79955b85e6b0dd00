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

// around is what an item has before and behind its numbers; what may differ is
// zero behind.
type around struct {
	before, behind []byte
	free           [][2]int // of behind
}

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
	for _, f := range k.free {
		clear(behind[f[0]:f[1]])
	}
	return n, bytes.Equal(before, k.before) && bytes.Equal(behind, k.behind)
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
	var ok bool
	if k.free, ok = freeBytes(k.behind); !ok {
		return
	}
	for _, f := range k.free {
		clear(k.behind[f[0]:f[1]])
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

// freeBytes finds what may differ in the rest of an archive behind the content of
// a member: checksums, and the content of the member with the id. Each record must
// follow the one before; of the members the lengths are known.
func freeBytes(b []byte) (free [][2]int, ok bool) {
	sized := map[string]int{"version": 2, ".data/serialization_id": 40}
	all := len(b)
	for len(b) >= 30 {
		le, begin := binary.LittleEndian, all-len(b)
		var n int
		switch string(b[:4]) {
		case "PK\x07\x08":
			free = append(free, [2]int{begin + 4, begin + 8})
			n = 16
			if string(b[16:18]) != "PK" { // sizes of 8 bytes
				n = 24
			}
		case "PK\x03\x04":
			n = 30 + int(le.Uint16(b[26:])) + int(le.Uint16(b[28:]))
			if n > len(b) {
				return nil, false
			}
			_, name, _ := strings.Cut(string(b[30:30+le.Uint16(b[26:])]), "/")
			size, known := sized[name]
			if !known {
				return nil, false
			}
			if name != "version" {
				free = append(free, [2]int{begin + n, begin + n + size})
			}
			n += size
		case "PK\x01\x02":
			if len(b) < 46 {
				return nil, false
			}
			free = append(free, [2]int{begin + 16, begin + 20})
			n = 46 + int(le.Uint16(b[28:])) + int(le.Uint16(b[30:])) + int(le.Uint16(b[32:]))
		default: // the end records: nothing there may differ
			return free, true
		}
		if n > len(b) {
			return nil, false
		}
		b = b[n:]
	}
	return free, true
}
