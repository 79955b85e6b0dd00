package inspect

import (
	"fmt"
	"strings"

	"olmotool/formats"
)

func found(s formats.Severity, code, where, format string, args ...any) formats.Finding {
	return formats.Finding{Severity: s, Code: code, Where: where, Message: fmt.Sprintf(format, args...)}
}

// listed quotes the first names of a list and counts the others.
func listed(names []string) string {
	var b strings.Builder
	for i, n := range names {
		if i == maxListed {
			fmt.Fprintf(&b, " and %d more", len(names)-i)
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%.120q", n)
	}
	return b.String()
}
