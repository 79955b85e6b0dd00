package stats

import "olmotool/internal/jsonnum"

// MarshalJSON writes null for numbers that are not finite.
func (s *Stats) MarshalJSON() ([]byte, error) {
	type plain Stats // without this method
	return jsonnum.Marshal(plain(*s))
}
