package scan

import (
	"strconv"
	"strings"
)

// unescape undoes the escapes of the texts of protocol 0: those of a Python
// string (S), or \u and \U alone (V). What is no escape stays.
func unescape(s string, op byte) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		i++
		c := s[i]
		digits := map[byte]int{'u': 4, 'U': 8}[c]
		if op == 'S' {
			digits = 0
			if c == 'x' {
				digits = 2
			}
		}
		if digits > 0 && i+digits < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+1+digits], 16, 32); err == nil {
				if op == 'S' && n < 256 {
					b.WriteByte(byte(n))
				} else {
					b.WriteRune(rune(n))
				}
				i += digits
				continue
			}
		}
		if op == 'V' {
			b.WriteByte('\\')
			b.WriteByte(c)
			continue
		}
		switch {
		case c >= '0' && c <= '7':
			n, k := 0, 0
			for ; k < 3 && i+k < len(s) && s[i+k] >= '0' && s[i+k] <= '7'; k++ {
				n = 8*n + int(s[i+k]-'0')
			}
			b.WriteByte(byte(n))
			i += k - 1
		case strings.IndexByte("abfnrtv", c) >= 0:
			b.WriteByte("\a\b\f\n\r\t\v"[strings.IndexByte("abfnrtv", c)])
		case c == '\n':
		case c == '\\' || c == '\'' || c == '"':
			b.WriteByte(c)
		default:
			b.WriteByte('\\')
			b.WriteByte(c)
		}
	}
	return b.String()
}
