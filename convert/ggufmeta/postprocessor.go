package ggufmeta

import (
	"slices"

	"olmotool/internal/ordjson"
)

// postProcessor deduces from the post-processor of tokenizer.json which tokens
// are added to every text. Of a template it looks at the ends only, and at what
// stands between the two texts of a pair.
func (s *specialTokens) postProcessor(file *tokenizerFile) error {
	v, _ := file.root.Get("post_processor")
	if !truthy(v) {
		return nil
	}
	o, ok := v.(*ordjson.Object)
	if !ok {
		return file.fail("post_processor", describe(v), "a mapping")
	}
	items := []any{o}
	if v, ok := o.Get("processors"); ok {
		if items, ok = v.([]any); !ok {
			return file.fail("post_processor.processors", describe(v), "a list")
		}
	}
	for _, item := range items {
		kind, p := typed(item)
		switch kind {
		case "ByteLevel":
			for _, end := range []string{"bos", "eos"} {
				if _, known := s.flag(end); !known {
					s.setFlag(end, false)
				}
			}
		case "RobertaProcessing":
			s.roberta(p)
		case "TemplateProcessing":
			s.template(p)
		}
	}
	return nil
}

// roberta: <s> A </s> </s> B </s>.
func (s *specialTokens) roberta(p *ordjson.Object) {
	for _, kind := range []string{"bos", "eos", "sep"} {
		s.setFlag(kind, true)
	}
	if !s.hasConfig {
		return
	}
	for _, stand := range [][2]string{{"cls", "bos"}, {"sep", "eos"}} {
		if truthy(s.token[stand[0]]) {
			continue
		}
		s.token[stand[0]] = s.token[stand[1]]
		v, _ := p.Get(stand[0])
		if pair, ok := v.([]any); ok && len(pair) > 0 {
			s.token[stand[0]] = pair[0]
		}
	}
}

func (s *specialTokens) template(p *ordjson.Object) {
	v, _ := p.Get("single")
	single, _ := v.([]any)
	var first, last string
	if len(single) > 1 {
		if first = templateToken(single[0]); first != "" {
			s.leading(first)
		}
		if last = templateToken(single[len(single)-1]); last != "" {
			s.trailing(last)
		}
	}
	v, _ = p.Get("pair")
	pair, _ := v.([]any)
	if len(pair) > 0 && first != "" && templateToken(pair[0]) == first {
		pair = pair[1:]
	}
	if len(pair) > 0 && last != "" && templateToken(pair[len(pair)-1]) == last {
		pair = pair[:len(pair)-1]
	}
	if len(pair) < 3 || templateText(pair[0]) != "A" || templateText(pair[len(pair)-1]) != "B" {
		return
	}
	s.between(pair[1:len(pair)-1], last)
}

// leading uses the token before the text.
func (s *specialTokens) leading(first string) {
	if !s.hasConfig {
		s.token["bos"] = first
	} else if !s.is("bos", first) && !s.is("cls", first) {
		for _, kind := range []string{"bos", "cls"} {
			if !truthy(s.token[kind]) {
				s.token[kind] = first
			}
		}
	}
	s.setFlag("bos", s.is("bos", first) || s.is("cls", first))
}

// trailing uses the token behind the text. If the configuration names another
// one for the end, that one ends a turn (eot) or a message (eom).
func (s *specialTokens) trailing(last string) {
	if s.hasConfig && !s.is("eos", last) {
		for _, kind := range []string{"eot", "eom"} {
			if !slices.Contains(s.kinds, kind) {
				s.kinds = append(s.kinds, kind)
				s.token[kind] = s.token["eos"]
				break
			}
		}
	}
	s.token["eos"] = last
	s.setFlag("eos", true)
}

// between uses the tokens between two texts.
func (s *specialTokens) between(middle []any, last string) {
	separates := func(token string) bool { return token != "" && (s.is("sep", token) || s.is("eos", token)) }
	add := separates(templateToken(middle[0])) && last == ""
	if len(middle) == 2 {
		add = add || separates(templateToken(middle[1]))
	}
	s.setFlag("sep", add)
	if add && !truthy(s.token["sep"]) && s.hasConfig {
		s.token["sep"] = s.token["eos"]
	}
}

// is reports whether the kind's token is that text, and a plain string.
func (s *specialTokens) is(kind, text string) bool { return s.token[kind] == any(text) }

// templateToken returns the special token that an item of a template is, or "".
func templateToken(item any) string { return templateID(item, "SpecialToken") }

// templateText returns the text, "A" or "B", that an item of a template is, or "".
func templateText(item any) string { return templateID(item, "Sequence") }

func templateID(item any, member string) string {
	o, _ := item.(*ordjson.Object)
	v, _ := get(o, member)
	inner, _ := v.(*ordjson.Object)
	id, _ := get(inner, "id")
	s, _ := id.(string)
	return s
}
