package tokenizer

import (
	"fmt"

	"olmotool/formats"
	"olmotool/internal/ordjson"
)

// readPostProcessor reads which special tokens stand around each text. To the
// library a second template is one for a pair of texts.
func (t *Tokenizer) readPostProcessor(root section) error {
	stages, err := root.stages("post_processor", "processors")
	if err != nil {
		return err
	}
	templates := 0
	for _, s := range stages {
		switch v := s.get("type"); v {
		case "ByteLevel": // only moves offsets
			_, err = readByteLevel(s)
		case "TemplateProcessing":
			if templates++; templates > 1 {
				return s.fail("type", "a second template", "one at most")
			}
			err = t.readTemplate(s)
		default:
			err = s.fail("type", describe(v), `"ByteLevel" or "TemplateProcessing"`)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// readTemplate reads what is put around a single text; pairs of texts have no
// use here.
func (t *Tokenizer) readTemplate(s section) error {
	if err := s.only("type", "single", "pair", "special_tokens"); err != nil {
		return err
	}
	pieces, err := s.sections("single")
	if err != nil {
		return err
	}
	special, err := s.section("special_tokens")
	if err != nil {
		return err
	}
	if _, err := need[[]any](s, "pair"); err != nil {
		return err
	}
	var before, after []int32
	texts, to := 0, &before
	for _, p := range pieces {
		name, id, err := templatePiece(p)
		switch {
		case err != nil:
			return err
		case name == "SpecialToken":
			ids, err := t.specialIDs(special, id)
			if err != nil {
				return err
			}
			*to = append(*to, ids...)
		case id != "A":
			return p.fail("Sequence.id", quote(id), `"A" in the template of a single text`)
		default:
			texts++
			to = &after
		}
		if n := len(before) + len(after); n > maxEnds {
			return s.fail("single", fmt.Sprintf("%d special tokens", n), fmt.Sprintf("at most %d", maxEnds))
		}
	}
	if texts != 1 {
		return s.fail("single", fmt.Sprintf("the text %d times", texts), "once")
	}
	t.before, t.after = before, after
	return nil
}

// templatePiece returns whether a piece of a template is a SpecialToken or a
// Sequence, and its id.
func templatePiece(p section) (name, id string, err error) {
	name = "Sequence"
	if p.get(name) == nil {
		name = "SpecialToken"
	}
	if err := p.only(name); err != nil {
		return "", "", err
	}
	inner, err := p.section(name)
	if err != nil {
		return "", "", err
	}
	if err := inner.only("id", "type_id"); err != nil {
		return "", "", err
	}
	id, err = need[string](inner, "id")
	return name, id, err
}

// specialIDs returns the ids of a special token of a template.
func (t *Tokenizer) specialIDs(all section, name string) ([]int32, error) {
	v, _ := all.o.Get(name)
	o, ok := v.(*ordjson.Object)
	if !ok {
		return nil, formats.Errorf(all.file, all.place+"["+quote(name)+"]", "found %s, expected the ids of a token that the template names", describe(v))
	}
	s := section{all.file, all.place + "[" + quote(name) + "]", o}
	if err := s.only("id", "ids", "tokens"); err != nil {
		return nil, err
	}
	list, err := need[[]any](s, "ids")
	if err != nil {
		return nil, err
	}
	if len(list) > maxEnds {
		return nil, s.fail("ids", fmt.Sprintf("%d ids", len(list)), fmt.Sprintf("at most %d", maxEnds))
	}
	ids := make([]int32, len(list))
	for i, v := range list {
		if ids[i], ok = tokenID(v); !ok || t.Text(ids[i]) == "" {
			return nil, s.fail(fmt.Sprintf("ids[%d]", i), describe(v), "the id of a token")
		}
	}
	return ids, nil
}
