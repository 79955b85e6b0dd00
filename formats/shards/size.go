package shards

import (
	"fmt"
	"strconv"
	"strings"
)

// sizeUnits are the units of huggingface_hub: decimal ones.
var sizeUnits = map[string]float64{"KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12}

// ParseSize reads a size in bytes as max_shard_size of transformers: a decimal
// number and one of the units KB, MB, GB and TB in any case, powers of 1000, as
// in "5GB" or "2.5 gb"; or a whole number of bytes without a unit. A fraction of
// a byte is dropped; less than one byte is refused.
func ParseSize(text string) (int64, error) {
	wrong := func() (int64, error) {
		return 0, fmt.Errorf("found size %q, expected a number of bytes or a number with KB, MB, GB or TB, such as 5GB", text)
	}
	number := strings.TrimSpace(text)
	if n, err := strconv.ParseInt(number, 10, 64); err == nil && n > 0 && number[0] != '+' {
		return n, nil
	}
	if len(number) < 3 {
		return wrong()
	}
	cut := len(number) - 2
	unit, ok := sizeUnits[strings.ToUpper(number[cut:])]
	number = strings.TrimSpace(number[:cut])
	if !ok || strings.Trim(number, "0123456789.eE+-") != "" {
		return wrong()
	}
	value, err := strconv.ParseFloat(number, 64)
	if err != nil {
		return wrong()
	}
	if value *= unit; value < 1 || value >= 1<<63 {
		return 0, fmt.Errorf("found size %q, expected from 1 byte to less than 2⁶³", text)
	}
	return int64(value), nil
}
