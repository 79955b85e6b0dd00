package soup

import (
	"math/big"
	"strings"
	"testing"
)

func TestParseNumber(t *testing.T) {
	for s, want := range map[string]string{
		"1": "1", "0.25": "1/4", "1e-2": "1/100", "1/3": "1/3", "-0.5": "-1/2", "+2": "2", ".5": "1/2", "3.": "3",
		"1E3": "1000", "0.5/1.5": "1/3", "2/4": "1/2", "1e2/1e4": "1/100", "0": "0", "-0": "0", "0.33333333333333333333": "33333333333333333333/100000000000000000000",
		"1e+2": "100", "-1/-3": "1/3",
	} {
		if got, err := ParseNumber(s); err != nil || got.RatString() != want {
			t.Errorf("%q: got %v, %v, want %s", s, got, err, want)
		}
	}
	for _, s := range []string{
		"", " 1", "1 ", "a", "1/0", "1/", "/2", "1/2/3", "1e", "1e1.5", "0x10", "1_000", "Inf", "NaN", "--1", "+-1", ".", "1.2.3",
		"1e101", "1e-101", "1e99999999999999999999", "1,5", "½", strings.Repeat("1", 65), "1e-",
	} {
		if got, err := ParseNumber(s); err == nil {
			t.Errorf("%q: got %v, want an error", s, got)
		}
	}
}

// What is read is what is written, and big.Rat reads the same.
func FuzzParseNumber(f *testing.F) {
	for _, s := range []string{"1", "0.25", "1e-2", "1/3", "-0.5/1e3", "1e100", "9/0.1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		x, err := ParseNumber(s)
		if err != nil {
			return
		}
		if n := x.Num().BitLen() + x.Denom().BitLen(); n > 2000 {
			t.Fatalf("%q has %d bits", s, n)
		}
		if again, err := ParseNumber(x.RatString()); err == nil && again.Cmp(x) != 0 {
			t.Fatalf("%q is %v, and that %v", s, x, again)
		}
		if strings.Contains(s, "/") {
			return
		}
		if y, ok := new(big.Rat).SetString(s); !ok || y.Cmp(x) != 0 {
			t.Fatalf("%q is %v, and for big.Rat %v", s, x, y)
		}
	})
}
