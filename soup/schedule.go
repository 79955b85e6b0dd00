package soup

import (
	"math"
	"math/big"
	"strings"
)

// Limits of a schedule.
const (
	maxScheduled = 1 << 10 // models; nobody opens more
	// gridBits is the grid on which the values of a decay are: fine enough for
	// every purpose, and coarse enough that the last bits of a cosine, in which
	// machines may differ, do not count.
	gridBits = 40
)

// Schedules are the names that [Schedule] knows, each with a line about it.
func Schedules() (names, docs []string) {
	return []string{"sma", "wma", "ema:α", "wsm:linear", "wsm:minus-sqrt", "wsm:cosine"}, []string{
		"the plain mean",
		"weights 1, 2, 3, …: the newest counts most",
		"exponential average: y = α·x + (1−α)·y from the oldest to the newest, 0 < α ≤ 1",
		"as if the learning rate had decayed as 1−x: the plain mean",
		"as if it had decayed as 1−√x: the oldest counts most",
		"as if it had decayed as (1+cos πx)/2",
	}
}

// Schedule returns the coefficients of n checkpoints of one run, the oldest
// first; their sum is 1. The schedules "wsm:SHAPE" make of checkpoints at a
// constant learning rate what its decay over their time would have made: with
// s(x) the decay from 1 to 0 and s_k = s(k/n), checkpoint k counts s_k − s_{k+1},
// and the newest s_{n−1} (arXiv 2507.17634).
func Schedule(spec string, n int) ([]*big.Rat, error) {
	if n < 1 || n > maxScheduled {
		return nil, usagef("schedule: found %d checkpoints, expected 1 to %d", n, maxScheduled)
	}
	name, arg, hasArg := strings.Cut(spec, ":")
	switch {
	case name == "sma" && !hasArg:
		return each(n, func(int) *big.Rat { return big.NewRat(1, int64(n)) }), nil
	case name == "wma" && !hasArg:
		sum := int64(n) * int64(n+1) / 2
		return each(n, func(k int) *big.Rat { return big.NewRat(int64(k+1), sum) }), nil
	case name == "ema" && hasArg:
		return ema(arg, n)
	case name == "wsm" && hasArg:
		if s := decays[arg]; s != nil {
			return decayed(s, n), nil
		}
	}
	names, _ := Schedules()
	return nil, usagef("schedule: found %.60q, expected one of %s", spec, strings.Join(names, ", "))
}

func each(n int, f func(k int) *big.Rat) []*big.Rat {
	c := make([]*big.Rat, n)
	for k := range c {
		c[k] = f(k)
	}
	return c
}

// ema is (1−α)^(n−1), and for the others α(1−α)^(n−1−k).
func ema(arg string, n int) ([]*big.Rat, error) {
	one := big.NewRat(1, 1)
	alpha, err := ParseNumber(arg)
	if err != nil {
		return nil, usagef("schedule ema: %w", err)
	}
	if alpha.Sign() <= 0 || alpha.Cmp(one) > 0 {
		return nil, usagef("schedule ema: found %.60q, expected a number above 0 and at most 1", arg)
	}
	rest := new(big.Rat).Sub(one, alpha)
	c := make([]*big.Rat, n)
	power := one
	for k := n - 1; k > 0; k-- {
		c[k] = new(big.Rat).Mul(alpha, power)
		power = new(big.Rat).Mul(power, rest)
	}
	c[0] = power
	return c, nil
}

// decay is s(k/n).
type decay func(k, n int) *big.Rat

var decays = map[string]decay{
	"linear":     func(k, n int) *big.Rat { return big.NewRat(int64(n-k), int64(n)) },
	"minus-sqrt": func(k, n int) *big.Rat { return onGrid(1 - math.Sqrt(float64(k)/float64(n))) },
	"cosine":     func(k, n int) *big.Rat { return onGrid((1 + math.Cos(math.Pi*float64(k)/float64(n))) / 2) },
}

// onGrid is the multiple of 2^-gridBits that is nearest.
func onGrid(x float64) *big.Rat {
	return big.NewRat(int64(math.RoundToEven(x*(1<<gridBits))), 1<<gridBits)
}

func decayed(s decay, n int) []*big.Rat {
	return each(n, func(k int) *big.Rat {
		if k == n-1 {
			return s(k, n)
		}
		return new(big.Rat).Sub(s(k, n), s(k+1, n))
	})
}
