// Package human writes numbers for people to read. What machines read is
// written without it.
package human

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// Bytes formats a size with decimal units, as storage is sold and the hubs
// show it: "512 B", "4.2 kB", "2.8 GB".
func Bytes(n int64) string {
	if n > -1000 && n < 1000 {
		return fmt.Sprintf("%d B", n)
	}
	return scaled(float64(n)) + "B"
}

// Rate formats bytes per second: "1.2 GB/s".
func Rate(bytesPerSecond float64) string {
	if math.IsNaN(bytesPerSecond) || math.IsInf(bytesPerSecond, 0) || bytesPerSecond < 0 {
		return "- B/s"
	}
	if bytesPerSecond < 999.5 {
		return fmt.Sprintf("%.0f B/s", bytesPerSecond)
	}
	return scaled(bytesPerSecond) + "B/s"
}

// scaled writes x with one decimal and the prefix of its power of 1000.
func scaled(x float64) string {
	const prefixes = "kMGTPE"
	i := 0
	// 999.95 would be printed as 1000.0.
	for x /= 1000; math.Abs(x) >= 999.95 && i < len(prefixes)-1; i++ {
		x /= 1000
	}
	return fmt.Sprintf("%.1f %c", x, prefixes[i])
}

// Duration formats a time span with the precision that matters at its size:
// "0.35 s", "12.3 s", "2 min 05 s", "3 h 07 min".
func Duration(d time.Duration) string {
	switch {
	case d < 0:
		return "-" + Duration(-max(d, -math.MaxInt64))
	case d < 9995*time.Millisecond:
		return fmt.Sprintf("%.2f s", d.Seconds())
	case d < 59950*time.Millisecond:
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	if s := int64(d.Round(time.Second) / time.Second); s < 3600 {
		return fmt.Sprintf("%d min %02d s", s/60, s%60)
	}
	m := int64(d.Round(time.Minute) / time.Minute)
	return fmt.Sprintf("%d h %02d min", m/60, m%60)
}

// Count formats an integer with a comma between groups of three digits.
func Count(n int64) string {
	s := strconv.FormatInt(n, 10)
	first := 0
	if n < 0 {
		first = 1
	}
	for i := len(s) - 3; i > first; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
