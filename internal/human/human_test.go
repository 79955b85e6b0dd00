package human

import (
	"math"
	"testing"
	"time"
)

func TestBytes(t *testing.T) {
	for _, c := range []struct {
		n    int64
		want string
	}{
		{0, "0 B"},
		{1, "1 B"},
		{999, "999 B"},
		{1000, "1.0 kB"},
		{4200, "4.2 kB"},
		{999_949, "999.9 kB"},
		{999_950, "1.0 MB"},
		{999_999, "1.0 MB"},
		{2_800_000_000, "2.8 GB"},
		{64_000_000_000, "64.0 GB"},
		{1_500_000_000_000, "1.5 TB"},
		{math.MaxInt64, "9.2 EB"},
		{math.MinInt64, "-9.2 EB"},
		{-5, "-5 B"},
		{-1500, "-1.5 kB"},
	} {
		if got := Bytes(c.n); got != c.want {
			t.Errorf("Bytes(%d) = %q, want %q", c.n, got, c.want)
		}
	}
}

func TestRate(t *testing.T) {
	for _, c := range []struct {
		x    float64
		want string
	}{
		{0, "0 B/s"},
		{12.3, "12 B/s"},
		{999.4, "999 B/s"},
		{999.7, "1.0 kB/s"},
		{1.234e9, "1.2 GB/s"},
		{math.NaN(), "- B/s"},
		{math.Inf(1), "- B/s"},
		{-1, "- B/s"},
		{1e30, "1000000000000.0 EB/s"},
	} {
		if got := Rate(c.x); got != c.want {
			t.Errorf("Rate(%g) = %q, want %q", c.x, got, c.want)
		}
	}
}

func TestDuration(t *testing.T) {
	for _, c := range []struct {
		d    time.Duration
		want string
	}{
		{0, "0.00 s"},
		{350 * time.Millisecond, "0.35 s"},
		{9994 * time.Millisecond, "9.99 s"},
		{9995 * time.Millisecond, "10.0 s"},
		{12300 * time.Millisecond, "12.3 s"},
		{59949 * time.Millisecond, "59.9 s"},
		{59950 * time.Millisecond, "1 min 00 s"},
		{125 * time.Second, "2 min 05 s"},
		{3599400 * time.Millisecond, "59 min 59 s"},
		{3599600 * time.Millisecond, "1 h 00 min"},
		{3*time.Hour + 7*time.Minute, "3 h 07 min"},
		{-2 * time.Second, "-2.00 s"},
		{math.MinInt64, "-2562047 h 47 min"},
	} {
		if got := Duration(c.d); got != c.want {
			t.Errorf("Duration(%d) = %q, want %q", c.d, got, c.want)
		}
	}
}

func TestCount(t *testing.T) {
	for _, c := range []struct {
		n    int64
		want string
	}{
		{0, "0"},
		{999, "999"},
		{1000, "1,000"},
		{1_234_567, "1,234,567"},
		{-999, "-999"},
		{-1000, "-1,000"},
		{math.MinInt64, "-9,223,372,036,854,775,808"},
	} {
		if got := Count(c.n); got != c.want {
			t.Errorf("Count(%d) = %q, want %q", c.n, got, c.want)
		}
	}
}
