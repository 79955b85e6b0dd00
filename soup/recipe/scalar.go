package recipe

import (
	"fmt"
	"math/big"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v4"

	"olmotool/soup"
)

// kind is what a scalar is in YAML 1.1, which mergekit reads.
type kind uint8

const (
	textKind kind = iota
	nullKind
	boolKind
	numberKind // not only decimal ones
	otherKind  // a tag of some language, a date
)

var (
	nulls = regexp.MustCompile(`^(~|null|Null|NULL|)$`)
	bools = regexp.MustCompile(`^(yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$`)
	// numbers are integers of base 2, 8, 10, 16 and 60, and floats, infinite ones
	// and NaN among them.
	numbers = regexp.MustCompile(`^[-+]?(0b[01_]+|0x[0-9a-fA-F_]+|[0-9][0-9_]*(:[0-5]?[0-9])*|` +
		`[0-9][0-9_]*(:[0-5]?[0-9])*\.[0-9_]*([eE][-+][0-9]+)?|\.[0-9][0-9_]*([eE][-+][0-9]+)?|\.(inf|Inf|INF)|\.(nan|NaN|NAN))$`)
	dates = regexp.MustCompile(`^[0-9]{4}-[0-9][0-9]?-[0-9][0-9]?([Tt \t].*)?$`)
)

// kindOf tells what a scalar is.
func kindOf(n *yaml.Node) kind {
	switch {
	case n.Style&yaml.TaggedStyle != 0:
		switch n.Tag {
		case "!!str", "!":
			return textKind
		case "!!int", "!!float", "!!bool", "!!null":
		default:
			return otherKind
		}
	case n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		return textKind
	}
	switch s := n.Value; {
	case nulls.MatchString(s):
		return nullKind
	case bools.MatchString(s):
		return boolKind
	case numbers.MatchString(s):
		return numberKind
	case dates.MatchString(s):
		return otherKind
	}
	return textKind
}

// describe says what was found where something else was expected.
func (p *parser) describe(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	case yaml.AliasNode:
		return "an alias"
	}
	switch kindOf(n) {
	case nullKind:
		return "nothing"
	case boolKind:
		return fmt.Sprintf("%s, which is true or false in YAML", n.Value)
	case numberKind:
		return fmt.Sprintf("the number %.80s", n.Value)
	case otherKind:
		if n.Style&yaml.TaggedStyle != 0 {
			return fmt.Sprintf("the tag %.80q", n.Tag)
		}
		return fmt.Sprintf("the date %.80q", n.Value)
	}
	return fmt.Sprintf("%.80q", n.Value)
}

func scalar(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode }

// text reads a string that is not empty.
func (p *parser) text(n *yaml.Node, what string) (string, error) {
	if !scalar(n) || kindOf(n) != textKind {
		hint := ""
		if scalar(n) && kindOf(n) != nullKind {
			hint = ": put it in quotes if it is one"
		}
		return "", p.errorf(n, "found %s, expected %s%s", p.describe(n), what, hint)
	}
	if n.Value == "" {
		return "", p.errorf(n, "found an empty text, expected %s", what)
	}
	return n.Value, nil
}

// octals are 8 in YAML 1.1 and 10 elsewhere.
var octals = regexp.MustCompile(`^[-+]?0[0-9]+$`)

// number reads a number, in quotes or not. True and false are 1 and 0, as they
// are to mergekit.
func (p *parser) number(n *yaml.Node) (*big.Rat, error) {
	if scalar(n) && kindOf(n) == boolKind {
		return truth(n.Value), nil
	}
	if !scalar(n) || kindOf(n) == nullKind || kindOf(n) == otherKind {
		return nil, p.errorf(n, "found %s, expected a number", p.describe(n))
	}
	if octals.MatchString(n.Value) {
		return nil, p.errorf(n, "found the number %.80s, expected it without the zero before it, which makes it octal", n.Value)
	}
	x, err := soup.ParseNumber(strings.TrimSpace(n.Value))
	if err != nil {
		return nil, p.errorf(n, "%w", err)
	}
	return x, nil
}

// boolean reads true or false in the spellings that mergekit takes: those of YAML
// 1.1, and 1 and 0.
func (p *parser) boolean(n *yaml.Node) (*big.Rat, error) {
	if scalar(n) && kindOf(n) != nullKind && kindOf(n) != otherKind {
		if x := truth(strings.ToLower(n.Value)); x != nil {
			return x, nil
		}
	}
	return nil, p.errorf(n, "found %s, expected true or false", p.describe(n))
}

// truth returns 1 or 0; nil for what is neither.
func truth(s string) *big.Rat {
	switch strings.ToLower(s) {
	case "true", "yes", "on", "t", "y", "1", "1.0":
		return big.NewRat(1, 1)
	case "false", "no", "off", "f", "n", "0", "0.0":
		return new(big.Rat)
	}
	return nil
}

// integer reads an index of a layer.
func (p *parser) integer(n *yaml.Node) (int, error) {
	x, err := p.number(n)
	if err != nil {
		return 0, err
	}
	if !x.IsInt() || x.Sign() < 0 || x.Cmp(big.NewRat(maxLayer, 1)) > 0 {
		return 0, p.errorf(n, "found %.80s, expected a whole number from 0 to %d", n.Value, maxLayer)
	}
	return int(x.Num().Int64()), nil
}
