package scan

import "fmt"

// Verdict says what it takes to load a pickle, or a file with pickles. Verdicts
// are ordered: that of a whole is the worst of its parts.
type Verdict int8

const (
	// TensorsOnly is a file that torch.load(weights_only=True) of torch 2.6
	// takes: tensors, in plain containers.
	TensorsOnly Verdict = iota
	// Inert is data that calls nothing but constructors of plain values, or no
	// pickle at all.
	Inert
	// NeedsCode is a pickle that names code which is not known here, such as
	// the class of a project. What that code does is not known either.
	NeedsCode
	// Malformed is what cannot be read to its end, or what readers read in
	// different ways.
	Malformed
	// Dangerous is a pickle that names what runs code, commands, or changes the
	// machine that loads it.
	Dangerous
)

var verdicts = [...]string{"tensors-only", "inert", "needs-code", "malformed", "dangerous"}

func (v Verdict) String() string { return verdicts[v] }

// MarshalText gives the name.
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText reads the name.
func (v *Verdict) UnmarshalText(b []byte) error {
	for i, name := range verdicts {
		if name == string(b) {
			*v = Verdict(i)
			return nil
		}
	}
	return fmt.Errorf("found verdict %.40q, expected one of %q", b, verdicts)
}
