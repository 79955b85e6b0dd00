package ggufmeta

import (
	"fmt"
	"strings"

	"olmotool/formats/tokenizer"
	"olmotool/internal/ordjson"
)

// structure is how a tokenizer cuts text before it merges.
type structure struct {
	normalizer string // its stages, joined by commas; "none"
	words      string // the stages that cut text into words, joined by commas
	ignore     bool   // ignore_merges: whole words of the vocabulary are not built up by merges
}

// preTokenizers lists the structures of the tokenizers of released OLMo models
// with the name (tokenizer.ggml.pre) that tells llama.cpp to cut text the same
// way.
//
// The official converter finds the name by the tokens of one test text, so by
// structure, vocabulary and merges at once; it knows these two tokenizers and
// stops at any other, a retrained vocabulary included. What llama.cpp needs to
// know is the structure alone, and by that a name is found here. For the
// tokenizers of the released models the result is the same.
var preTokenizers = []struct {
	name, of string
	structure
}{
	// allenai/dolma2-tokenizer: no normalizer, cl100k's expression, then bytes.
	{"dbrx", "OLMo 2 and 3", structure{
		normalizer: "none",
		words:      "Split(" + tokenizer.Dolma2Pattern + "), ByteLevel",
	}},
	// allenai/gpt-neox-olmo-dolma-v1_5: NFC, then the expression of GPT-2 that ByteLevel has built in.
	{"olmo", "OLMo 1", structure{
		normalizer: "NFC",
		words:      "ByteLevel(with the expression of GPT-2)",
	}},
}

// preTokenizer recognises the structure and returns its name.
func (t *tokenizerFile) preTokenizer() (string, error) {
	for _, key := range []string{"continuing_subword_prefix", "end_of_word_suffix", "dropout", "byte_fallback"} {
		if v, _ := t.model.Get(key); truthy(v) {
			return "", t.fail("model."+key, describe(v), "none, as byte-level tokenizers have it (--pretokenizer NAME to write it all the same)")
		}
	}
	found := structure{normalizer: "none"}
	if v, _ := t.root.Get("normalizer"); v != nil {
		found.normalizer = strings.Join(stages(v, "normalizers"), ", ")
	}
	v, _ := t.root.Get("pre_tokenizer")
	found.words = strings.Join(stages(v, "pretokenizers"), ", ")
	v, _ = t.model.Get("ignore_merges")
	found.ignore = v == true
	known := make([]string, len(preTokenizers))
	for i, p := range preTokenizers {
		if p.structure == found {
			return p.name, nil
		}
		known[i] = fmt.Sprintf("%s (%s: %s)", p.name, p.of, p.structure)
	}
	return "", t.fail("pre_tokenizer", found.String(), strings.Join(known, " or ")+"; --pretokenizer NAME names it")
}

func (s structure) String() string {
	text := shortStage(s.words)
	if s.normalizer != "none" {
		text = shortStage(s.normalizer) + ", " + text
	}
	if s.ignore {
		text += ", ignore_merges"
	}
	return text
}

// shortStage keeps messages to a line.
func shortStage(s string) string {
	q := fmt.Sprintf("%q", strings.ReplaceAll(s, tokenizer.Dolma2Pattern, "cl100k's expression"))
	return shorten(q[1 : len(q)-1])
}

// stages describes the stages that v is made of, such that what cuts text the
// same way has the same description.
func stages(v any, members string) []string {
	kind, o := typed(v)
	switch kind {
	case "Sequence":
		list, _ := get(o, members)
		items, _ := list.([]any)
		if len(items) > maxStages {
			return []string{fmt.Sprintf("Sequence(of %d stages)", len(items))}
		}
		var all []string
		for _, item := range items {
			all = append(all, stages(item, members)...)
		}
		return all
	case "Split":
		return []string{describeSplit(o)}
	case "ByteLevel":
		return []string{describeByteLevel(o)}
	case "":
		return []string{describe(v)}
	}
	return []string{kind}
}

func describeSplit(o *ordjson.Object) string {
	pattern, _ := o.Get("pattern")
	p, _ := pattern.(*ordjson.Object)
	behavior, _ := o.Get("behavior")
	invert, _ := o.Get("invert")
	expression, _ := get(p, "Regex")
	text, isRegex := expression.(string)
	switch {
	case !isRegex:
		return "Split(by a fixed string)"
	case behavior == "Isolated" && invert == false, behavior == "Removed" && invert == true:
		// The same for an expression that leaves no character out.
		return "Split(" + text + ")"
	}
	return fmt.Sprintf("Split(%s, behavior %v, invert %v)", text, behavior, invert)
}

func describeByteLevel(o *ordjson.Object) string {
	prefix, _ := o.Get("add_prefix_space")
	expression, ok := o.Get("use_regex")
	switch {
	case prefix != false:
		return "ByteLevel(with a space before the text)"
	case !ok || expression == true:
		return "ByteLevel(with the expression of GPT-2)"
	}
	return "ByteLevel"
}
