// Package progress shows on a terminal how far a long job is: one line with
// bytes, rate and time left, drawn ten times a second and removed at the end.
// To anything but a terminal it writes nothing. The line is plain text without
// colour, which is all that NO_COLOR asks for; TERM=dumb turns it off.
package progress

import (
	"fmt"
	"io"
	"math"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/term"

	"olmotool/internal/human"
)

// Bar is a progress line. A nil Bar does nothing.
type Bar struct {
	w     io.Writer
	stage string
	total int64
	width func() int
	done  atomic.Int64

	stop, stopped chan struct{}
	once          sync.Once

	rate float64 // bytes per second, mostly of the last seconds
	last int64   // done when the line was drawn
	wide int     // columns the line took
}

// New starts a line on w for a stage of work ("writing") of total bytes. It is
// nil when not enabled or when w is not a terminal that can show it.
func New(w io.Writer, stage string, total int64, enabled bool) *Bar {
	f, ok := w.(*os.File)
	if !enabled || !ok || os.Getenv("TERM") == "dumb" || !term.IsTerminal(int(f.Fd())) {
		return nil
	}
	return start(w, stage, total, func() int {
		if n, _, err := term.GetSize(int(f.Fd())); err == nil {
			return n
		}
		return 80
	})
}

func start(w io.Writer, stage string, total int64, width func() int) *Bar {
	b := &Bar{w: w, stage: stage, total: total, width: width, stop: make(chan struct{}), stopped: make(chan struct{})}
	go b.run(100 * time.Millisecond)
	return b
}

// Add tells that n more bytes are done. It may be called from any goroutine.
func (b *Bar) Add(n int64) {
	if b != nil {
		b.done.Add(n)
	}
}

// Done removes the line. It may be called more than once.
func (b *Bar) Done() {
	if b != nil {
		b.once.Do(func() { close(b.stop) })
		<-b.stopped
	}
}

func (b *Bar) run(every time.Duration) {
	defer close(b.stopped)
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			b.draw(every)
		case <-b.stop:
			if b.wide > 0 {
				fmt.Fprintf(b.w, "\r%*s\r", b.wide, "")
			}
			return
		}
	}
}

// draw writes the line over the one before.
func (b *Bar) draw(since time.Duration) {
	done := b.done.Load()
	now, weight := float64(done-b.last)/since.Seconds(), 1-math.Exp(-since.Seconds()/3)
	if b.last == 0 {
		weight = 1
	}
	b.rate, b.last = b.rate+(now-b.rate)*weight, done
	s := line(b.stage, done, b.total, b.rate, b.width())
	fmt.Fprintf(b.w, "\r%-*s", b.wide, s)
	b.wide = max(b.wide, len(s))
}

// line says as much as fits into width columns, the most useful first.
func line(stage string, done, total int64, rate float64, width int) string {
	s := fmt.Sprintf("%s %3d%%  %s of %s", stage, int64(100*float64(done)/float64(max(total, 1))), human.Bytes(done), human.Bytes(total))
	parts := []string{s, "  " + human.Rate(rate)}
	if left := float64(total-done) / rate; left >= 59.5 && left < 1e6 {
		parts = append(parts, "  "+human.Duration(time.Duration(left*1e9))+" left")
	} else if left > 0 && left < 60 {
		parts = append(parts, fmt.Sprintf("  %.0f s left", left))
	}
	s = ""
	for _, p := range parts {
		if len(s)+len(p) >= width { // in the last column some terminals begin a new line
			break
		}
		s += p
	}
	return s
}
