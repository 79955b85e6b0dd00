package weights

import (
	"fmt"

	"olmotool/internal/jsondiff"
	"olmotool/internal/ordjson"
)

// addedTokens are the added tokens of a tokenizer.
func addedTokens(o *ordjson.Object) []any {
	v, _ := o.Get("added_tokens")
	list, _ := v.([]any)
	return list
}

// diffAdded says how added tokens differ, whatever their order; nothing if they do
// not.
func diffAdded(a, b []any, names [2]string) string {
	inA, inB := onlyIn(a, b), onlyIn(b, a)
	if len(inA)+len(inB) == 0 {
		return ""
	}
	said := ""
	if len(inA) == 0 {
		said = tokenText(inB[0]) + " is in " + names[1] + " only"
	} else {
		said = tokenText(inA[0]) + " is in " + names[0] + " only"
		for _, t := range inB {
			if tokenText(t) == tokenText(inA[0]) {
				said = jsondiff.Field(tokenText(t), inA[0], t)
				break
			}
		}
	}
	return fmt.Sprintf("%d of %d differ, the first: %s", max(len(inA), len(inB)), max(len(a), len(b)), said)
}

// onlyIn returns what of a is not in b, each as often as it is there.
func onlyIn(a, b []any) (rest []any) {
	n := make(map[string]int, len(b))
	for _, t := range b {
		n[jsondiff.Encode(t)]++
	}
	for _, t := range a {
		if c := jsondiff.Encode(t); n[c] > 0 {
			n[c]--
		} else {
			rest = append(rest, t)
		}
	}
	return rest
}

// tokenText names an added token by its text.
func tokenText(t any) string {
	if o, ok := t.(*ordjson.Object); ok {
		if s, ok := o.Get("content"); ok {
			return fmt.Sprintf("%.60q", s)
		}
	}
	return fmt.Sprintf("%.60q", jsondiff.Encode(t))
}
