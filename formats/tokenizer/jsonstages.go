package tokenizer

import (
	"fmt"

	"olmotool/formats"
)

func (t *Tokenizer) readNormalizer(root section) error {
	stages, err := root.stages("normalizer", "normalizers")
	if err != nil {
		return err
	}
	for _, s := range stages {
		if v := s.get("type"); v != "NFC" {
			return s.fail("type", describe(v), `"NFC", or no normalizer`)
		}
		if err := s.only("type"); err != nil {
			return err
		}
		t.nfc = true
	}
	return nil
}

// readPreTokenizer reads ByteLevel, alone or behind a Split.
func (t *Tokenizer) readPreTokenizer(root section) error {
	stages, err := root.stages("pre_tokenizer", "pretokenizers")
	if err != nil {
		return err
	}
	if len(stages) != 1 && len(stages) != 2 {
		return root.fail("pre_tokenizer", fmt.Sprintf("%d stages", len(stages)), "ByteLevel, or Split and ByteLevel")
	}
	last := stages[len(stages)-1]
	b, err := readByteLevel(last)
	if err != nil {
		return err
	}
	t.prefixSpace = b.prefixSpace
	if b.useRegex {
		t.split = splitGPT2
	}
	if len(stages) == 1 {
		return nil
	}
	if b.useRegex || b.prefixSpace {
		return formats.Errorf(last.file, last.place, "found add_prefix_space %v, use_regex %v behind a Split, expected both false", b.prefixSpace, b.useRegex)
	}
	t.split, err = readSplit(stages[0])
	return err
}

// byteLevel is a stage that replaces bytes by their signs.
type byteLevel struct {
	prefixSpace, useRegex bool // trim_offsets does nothing to ids
}

func readByteLevel(s section) (b byteLevel, err error) {
	if v := s.get("type"); v != "ByteLevel" {
		return b, s.fail("type", describe(v), `"ByteLevel"`)
	}
	if err := s.only("type", "add_prefix_space", "trim_offsets", "use_regex"); err != nil {
		return b, err
	}
	if b.prefixSpace, err = need[bool](s, "add_prefix_space"); err != nil {
		return b, err
	}
	if _, err = need[bool](s, "trim_offsets"); err != nil {
		return b, err
	}
	b.useRegex, err = optional(s, "use_regex", true)
	return b, err
}

// readSplit reads a stage that cuts text by an expression. As the known ones
// match everywhere, it does not matter whether what they match is kept and the
// rest is, or would be, isolated or removed.
func readSplit(s section) (splitter, error) {
	if v := s.get("type"); v != "Split" {
		return nil, s.fail("type", describe(v), `"Split" before ByteLevel`)
	}
	if err := s.only("type", "pattern", "behavior", "invert"); err != nil {
		return nil, err
	}
	p, err := s.section("pattern")
	if err != nil {
		return nil, err
	}
	if err := p.only("Regex"); err != nil {
		return nil, err
	}
	split, ok := splitters[fmt.Sprint(p.get("Regex"))]
	if !ok {
		return nil, p.fail("Regex", describe(p.get("Regex")), "the expression of dolma2 or of GPT-2, letter by letter")
	}
	behavior, invert := s.get("behavior"), s.get("invert")
	if !(behavior == "Isolated" && invert == false || behavior == "Removed" && invert == true) {
		return nil, formats.Errorf(s.file, s.place, "found behavior %s, invert %s, expected \"Isolated\", false or \"Removed\", true", describe(behavior), describe(invert))
	}
	return split, nil
}
