package sharded

import (
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"olmotool/formats"
	"olmotool/internal/filepool"
)

// Limits. The largest runs had a thousand ranks, and models have some hundred
// tensors, of up to six dimensions at the very most.
const (
	maxNames   = 1 << 20  // entries of a directory that are looked at
	maxRanks   = 1 << 16  // of a run
	maxTensors = 1 << 20  // of a model
	maxChunks  = 16 << 20 // of all tensors together
	maxDims    = 64       // torch's own limit
	maxListed  = 20       // names in a message
)

// ranks are the files of the ranks in one directory.
type ranks struct {
	dir  string
	ext  string // with what stands before the number: "rank%d.pt"
	have []int64
	pool *filepool.Pool
}

var rankNumber = regexp.MustCompile(`^(?:0|[1-9][0-9]{0,8})$`)

// findRanks lists the files of a directory that pattern names, where %d stands
// for the number of the rank.
func findRanks(dir, pattern string) (*ranks, error) {
	r := &ranks{dir: dir, ext: pattern, pool: filepool.New(dir)}
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	names, err := f.Readdirnames(maxNames)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	before, after, _ := strings.Cut(pattern, "%d")
	for _, name := range names {
		text, ok := strings.CutPrefix(name, before)
		text, ok2 := strings.CutSuffix(text, after)
		if ok && ok2 && rankNumber.MatchString(text) {
			n, _ := strconv.ParseInt(text, 10, 64) // few digits
			r.have = append(r.have, n)
		}
	}
	slices.Sort(r.have)
	if len(r.have) == 0 {
		return nil, formats.Errorf(dir, "", "found no %s, expected one for each rank", r.name(0))
	}
	return r, nil
}

func (r *ranks) name(rank int64) string { return fmt.Sprintf(r.ext, rank) }

// complete makes sure that there is a file of each rank of a run of world ranks,
// and no other; from says where that number is from.
func (r *ranks) complete(world int64, from string) error {
	if world < 1 || world > maxRanks {
		return formats.Errorf(r.dir, "", "found %d ranks in %s, expected 1 to %d", world, from, maxRanks)
	}
	if last := r.have[len(r.have)-1]; last >= world {
		return formats.Errorf(r.dir, "", "found %s, expected ranks 0 to %d, as %s says: files of another run?", r.name(last), world-1, from)
	}
	if int64(len(r.have)) == world {
		return nil // they are sorted, and each once
	}
	var missing []string
	for rank := range world {
		if _, ok := slices.BinarySearch(r.have, rank); !ok {
			missing = append(missing, r.name(rank))
		}
	}
	return formats.Errorf(r.dir, "", "found no %s, expected ranks 0 to %d, as %s says", list(missing), world-1, from)
}

// list names as many as a reader looks at.
func list(names []string) string {
	more := ""
	if n := len(names); n > maxListed {
		names, more = names[:maxListed], fmt.Sprintf(" and %d more", n-maxListed)
	}
	return fmt.Sprintf("%.200q%s", names, more)
}
