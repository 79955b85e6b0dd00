package values

import (
	"fmt"
	"strconv"
	"strings"
)

// Limits of an index, of which a shell's line is the source.
const (
	maxItems = 64 // dimensions: as many as numpy's arrays have
	maxShown = 70 // bytes of it in an error
)

// Index is a list of integers and slices, as numpy reads x[1, -8:, ::2, ...].
// The zero Index selects everything.
type Index struct{ items []item }

// item is one part of an index.
type item struct {
	kind              itemKind
	at                int64 // of one
	start, stop, step int64
	noStart, noStop   bool
}

type itemKind uint8

const (
	slice itemKind = iota
	one
	ellipsis
)

// Parse splits NAME[INDEX], of which the index and its brackets may be missing.
// Names may have brackets of their own: the last pair counts.
func Parse(s string) (name string, x Index, err error) {
	open := strings.LastIndexByte(s, '[')
	if open < 0 || !strings.HasSuffix(s, "]") {
		return s, Index{}, nil
	}
	x, err = ParseIndex(s[open+1 : len(s)-1])
	return s[:open], x, err
}

// ParseIndex reads what stands between brackets.
func ParseIndex(s string) (Index, error) {
	var x Index
	dots := 0
	for part := range strings.SplitSeq(s, ",") {
		i, err := parseItem(strings.TrimSpace(part))
		if err != nil {
			return Index{}, err
		}
		if i.kind == ellipsis {
			dots++
		}
		if x.items = append(x.items, i); len(x.items) > maxItems || dots > 1 {
			return Index{}, fmt.Errorf("found %s, expected at most %d dimensions and one ellipsis", quote(s), maxItems)
		}
	}
	return x, nil
}

func parseItem(s string) (item, error) {
	if s == "..." {
		return item{kind: ellipsis}, nil
	}
	parts := strings.Split(s, ":")
	if len(parts) == 1 {
		n, err := integer(s)
		return item{kind: one, at: n}, err
	}
	if len(parts) > 3 {
		return item{}, malformed(s)
	}
	i := item{step: 1, noStart: true, noStop: true}
	for k, p := range parts {
		p = strings.TrimSpace(p)
		if p == "" {
			continue
		}
		n, err := integer(p)
		if err != nil {
			return item{}, err
		}
		switch k {
		case 0:
			i.start, i.noStart = n, false
		case 1:
			i.stop, i.noStop = n, false
		case 2:
			i.step = n
		}
	}
	if i.step == 0 {
		return item{}, fmt.Errorf("found the step 0 in %s, expected another", quote(s))
	}
	return i, nil
}

func integer(s string) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0, malformed(s)
	}
	return n, nil
}

func malformed(s string) error {
	return fmt.Errorf("found the index %s, expected an integer, START:STOP:STEP or an ellipsis", quote(s))
}

func quote(s string) string {
	if len(s) > maxShown {
		return fmt.Sprintf("%.70q…", s)
	}
	return strconv.Quote(s)
}

// String writes the index without blanks; ParseIndex reads it back.
func (x Index) String() string {
	var b strings.Builder
	for k, i := range x.items {
		if k > 0 {
			b.WriteByte(',')
		}
		switch i.kind {
		case one:
			fmt.Fprint(&b, i.at)
		case ellipsis:
			b.WriteString("...")
		default:
			if !i.noStart {
				fmt.Fprint(&b, i.start)
			}
			b.WriteByte(':')
			if !i.noStop {
				fmt.Fprint(&b, i.stop)
			}
			if i.step != 1 {
				fmt.Fprintf(&b, ":%d", i.step)
			}
		}
	}
	if len(x.items) == 0 {
		return "..."
	}
	return b.String()
}
