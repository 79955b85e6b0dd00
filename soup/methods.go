package soup

import (
	"fmt"
	"slices"
	"strings"
)

// methods is the table of what olmotool knows, in the order in which it is
// printed.
var methods = []*Method{
	&linear,
	&passthrough,
	&slerpMethod,
	&nuslerpMethod,
	&multislerpMethod,
	&karcherMethod,
	&taskArithmeticMethod,
	&tiesMethod,
	&dareLinearMethod,
	&dareTiesMethod,
	&breadcrumbsMethod,
	&breadcrumbsTiesMethod,
	&dellaLinearMethod,
	&dellaMethod,
	&modelStockMethod,
	&sceMethod,
	&nearswapMethod,
	&ramMethod,
	&ramplusMethod,
	&arceeFusionMethod,
}

// Methods returns the table: for help texts, and for what reads recipes. It must
// not be changed.
func Methods() []*Method { return slices.Clone(methods) }

// Find returns the method of that name.
func Find(name string) (*Method, error) {
	var names []string
	for _, m := range methods {
		if m.Name == name {
			return m, nil
		}
		names = append(names, m.Name)
	}
	return nil, usagef("method: found %.60q, expected one of %s", name, strings.Join(names, ", "))
}

// Param returns the parameter of that name.
func (m *Method) Param(name string) (Param, error) {
	var names []string
	for _, p := range m.Params {
		if p.Name == name {
			return p, nil
		}
		names = append(names, p.Name)
	}
	return Param{}, usagef("method %s: found the parameter %.60q, expected one of %s", m.Name, name, strings.Join(names, ", "))
}

// UsageError is an error in what was asked for, whatever the models hold.
type UsageError struct{ Err error }

func (e *UsageError) Error() string { return e.Err.Error() }

func (e *UsageError) Unwrap() error { return e.Err }

func usagef(format string, args ...any) error { return &UsageError{fmt.Errorf(format, args...)} }
