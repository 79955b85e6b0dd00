package progress

import (
	"bytes"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestLine(t *testing.T) {
	for _, c := range []struct {
		done, total int64
		rate        float64
		width       int
		want        string
	}{
		{0, 2_800_000_000, 0, 80, "writing   0%  0 B of 2.8 GB  0 B/s"},
		{1_204_000_000, 2_800_000_000, 1.1e9, 80, "writing  43%  1.2 GB of 2.8 GB  1.1 GB/s  1 s left"},
		{1_204_000_000, 2_800_000_000, 1.1e9, 49, "writing  43%  1.2 GB of 2.8 GB  1.1 GB/s"},
		{1_204_000_000, 2_800_000_000, 1.1e9, 33, "writing  43%  1.2 GB of 2.8 GB"},
		{1_204_000_000, 2_800_000_000, 1.1e9, 31, "writing  43%  1.2 GB of 2.8 GB"},
		{1_204_000_000, 2_800_000_000, 1.1e9, 30, ""},
		{1_204_000_000, 2_800_000_000, 1e7, 80, "writing  43%  1.2 GB of 2.8 GB  10.0 MB/s  2 min 40 s left"},
		{2_799_999_999, 2_800_000_000, 1e9, 80, "writing  99%  2.8 GB of 2.8 GB  1.0 GB/s  0 s left"},
		{100, 100, 0, 80, "writing 100%  100 B of 100 B  0 B/s"},
		{0, 0, 0, 80, "writing   0%  0 B of 0 B  0 B/s"},
		{1 << 62, 1 << 62, 1, 0, ""},
	} {
		if got := line("writing", c.done, c.total, c.rate, c.width); got != c.want {
			t.Errorf("line(%d, %d, %g, %d) = %q, want %q", c.done, c.total, c.rate, c.width, got, c.want)
		}
	}
}

// screen is a terminal of one line.
type screen struct {
	mu   sync.Mutex
	line []byte
	most string
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, part := range bytes.SplitAfter(p, []byte("\r")) {
		text := bytes.TrimSuffix(part, []byte("\r"))
		s.line = append(append([]byte(nil), text...), s.line[min(len(text), len(s.line)):]...)
	}
	if now := strings.TrimSpace(string(s.line)); len(now) > len(s.most) {
		s.most = now
	}
	return len(p), nil
}

func TestBar(t *testing.T) {
	s := &screen{}
	b := start(s, "verifying", 100, func() int { return 80 })
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() { b.Add(5) })
	}
	wg.Wait()
	time.Sleep(250 * time.Millisecond)
	b.Done()
	b.Done()
	if !strings.HasPrefix(s.most, "verifying  50%  50 B of 100 B") {
		t.Errorf("the line was %q", s.most)
	}
	if left := strings.TrimSpace(string(s.line)); left != "" {
		t.Errorf("left %q on the screen", left)
	}
}

func TestRate(t *testing.T) {
	var out bytes.Buffer
	b := &Bar{w: &out, total: 1000, width: func() int { return 80 }}
	for range 50 {
		b.Add(10)
		b.draw(100 * time.Millisecond)
	}
	if b.rate < 99.99 || b.rate > 100.01 {
		t.Errorf("a steady rate of 100 B/s is shown as %g", b.rate)
	}
	for range 60 { // six seconds without a byte
		b.draw(100 * time.Millisecond)
	}
	if b.rate < 10 || b.rate > 20 {
		t.Errorf("after a pause the rate is %g, want 100/e²", b.rate)
	}
}

func TestSilent(t *testing.T) {
	f, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var buf bytes.Buffer
	for _, b := range []*Bar{New(f, "", 1, true), New(&buf, "", 1, true), New(os.Stderr, "", 1, false)} {
		if b != nil {
			t.Error("a bar without a terminal")
		}
		b.Add(1)
		b.Done()
	}
	if fi, err := f.Stat(); err != nil || fi.Size() != 0 || buf.Len() != 0 {
		t.Error("something was written")
	}
}
