package formats

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"strings"
	"testing"
)

func TestPlan(t *testing.T) {
	sum, lateSum := crc32.NewIEEE(), crc32.NewIEEE()
	calls := 0
	p := FilePlan{Name: "x", Segments: []Segment{
		{Size: 3, Data: strings.NewReader("abc")},
		{Size: 0, Data: strings.NewReader("")},
		{Size: 4, Data: strings.NewReader("defgh"), Sum: sum}, // only the first four
		{Size: 8, Sum: lateSum, Late: func() ([]byte, error) {
			calls++
			return fmt.Appendf(nil, "%08x", sum.Sum32()), nil
		}},
		{Size: 1, Data: strings.NewReader("z")},
	}}
	var b bytes.Buffer
	n, err := p.WriteTo(&b)
	want := fmt.Sprintf("abcdefg%08xz", crc32.ChecksumIEEE([]byte("defg")))
	if err != nil || n != 16 || b.String() != want || calls != 1 {
		t.Errorf("wrote %d bytes %q, %v, with %d calls, want %q", n, b.String(), err, calls, want)
	}
	if got, want := lateSum.Sum32(), crc32.ChecksumIEEE([]byte(want[7:15])); got != want {
		t.Errorf("the sum of the late bytes is %08x, want %08x", got, want)
	}
	if p.Size() != 16 {
		t.Errorf("size %d", p.Size())
	}
	for i, want := range []int64{0, 3, 3, 7, 15, 16} {
		if got := p.Offset(i); got != want {
			t.Errorf("segment %d is at %d, want %d", i, got, want)
		}
	}
}

func TestPlanErrors(t *testing.T) {
	late := func(s string, err error) func() ([]byte, error) {
		return func() ([]byte, error) { return []byte(s), err }
	}
	for _, c := range []struct {
		s    Segment
		n    int64
		want string
	}{
		{Segment{Size: 5, Data: strings.NewReader("abc")}, 4, "segment 1: unexpected EOF\ngot 3 bytes, planned 5"},
		{Segment{Size: 5, Data: sized(5)}, 1, "read"},
		{Segment{Size: 5, Late: late("abc", nil)}, 1, "segment 1: got 3 late bytes, planned 5"},
		{Segment{Size: 3, Late: late("abc", errors.New("not yet"))}, 1, "not yet"},
	} {
		p := FilePlan{Segments: []Segment{{Size: 1, Data: strings.NewReader("a")}, c.s}}
		n, err := p.WriteTo(&bytes.Buffer{})
		wantErr(t, err, c.want)
		if n != c.n {
			t.Errorf("%s: wrote %d bytes, want %d", c.want, n, c.n)
		}
	}
	for _, s := range []Segment{{Size: 1, Data: strings.NewReader("a")}, {Size: 1, Late: late("a", nil)}} {
		p := FilePlan{Segments: []Segment{s}}
		_, err := p.WriteTo(full{})
		wantErr(t, err, "disk full")
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("disk full") }
