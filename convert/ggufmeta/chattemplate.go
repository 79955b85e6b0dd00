package ggufmeta

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"olmotool/formats"
	"olmotool/formats/gguf"
	"olmotool/internal/ordjson"
)

// chatTemplate returns the records of the chat templates. They come from the
// first of: tokenizer_config.json (if it has the member, null included),
// chat_template.jinja with those in additional_chat_templates,
// chat_template.json. Without a tokenizer_config.json there are none.
//
// Of a list, each template but the one named default gets a record with its
// name, and the names make a list, here in alphabetical order (in that of the
// official converter it changes from run to run).
func chatTemplate(src Source, config *ordjson.Object, n *notes) ([]gguf.KV, error) {
	if config == nil || config.Len() == 0 {
		return nil, nil
	}
	t := value{nil, src.path("tokenizer_config.json"), "chat_template"}
	var ok bool
	if t.v, ok = config.Get("chat_template"); !ok {
		var err error
		if t, err = templateFile(src); err != nil {
			return nil, err
		}
	}
	switch v := t.v.(type) {
	case nil:
		return nil, nil
	case []any:
		return templateList(t, v)
	case string:
		kv, ok, err := textRecord("tokenizer.chat_template", t)
		if !ok {
			return nil, err
		}
		return []gguf.KV{kv}, nil
	}
	n.warn("chat-template-ignored", t.file, "%s is %s, expected a string or a list", t.place, describe(t.v))
	return nil, nil
}

// templateFile returns the templates that have files of their own.
func templateFile(src Source) (value, error) {
	const jinja, old, more = "chat_template.jinja", "chat_template.json", "additional_chat_templates"
	text, err := readTemplate(src, jinja)
	if err != nil {
		return value{}, err
	}
	if text == nil {
		o, err := src.readObject(old)
		v, _ := get(o, "chat_template")
		return value{v, src.path(old), "chat_template"}, err
	}
	found := value{*text, src.path(jinja), ""}
	names, err := src.list(more)
	if err != nil {
		return value{}, err
	}
	names = slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		return !strings.HasSuffix(name, ".jinja") || strings.ContainsAny(name, `/\`)
	})
	if len(names) == 0 {
		return found, nil
	}
	if len(names) > maxTemplates {
		return value{}, formats.Errorf(src.path(more), "", "found %d templates, expected at most %d", len(names), maxTemplates)
	}
	slices.Sort(names)
	list := []any{namedTemplate("default", *text)}
	for _, name := range names {
		text, err := readTemplate(src, more+"/"+name)
		if err != nil {
			return value{}, err
		}
		if text != nil {
			list = append(list, namedTemplate(strings.TrimSuffix(name, ".jinja"), *text))
		}
	}
	found.v, found.place = list, "chat_template"
	return found, nil
}

// readTemplate returns the text of a file, with Python's line ends, or nil if
// there is no such file.
func readTemplate(src Source, name string) (*string, error) {
	data, err := src.read(name)
	if err != nil || data == nil {
		return nil, err
	}
	if !utf8.Valid(data) {
		return nil, formats.Errorf(src.path(name), "", "found bytes that are not UTF-8, expected UTF-8 text")
	}
	text := strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(string(data))
	return &text, nil
}

func namedTemplate(name, template string) *ordjson.Object {
	o := new(ordjson.Object)
	o.Set("name", name)
	o.Set("template", template)
	return o
}

func templateList(t value, list []any) ([]gguf.KV, error) {
	if len(list) > maxTemplates {
		return nil, formats.Errorf(t.file, t.place, "found %d templates, expected at most %d", len(list), maxTemplates)
	}
	var kvs []gguf.KV
	var names []string
	byDefault := value{file: t.file, place: t.place}
	for i, item := range list {
		place := fmt.Sprintf("%s[%d]", t.place, i)
		o, ok := item.(*ordjson.Object)
		if !ok {
			return nil, formats.Errorf(t.file, place, "found %s, expected a mapping with a name and a template", describe(item))
		}
		nameValue, ok := o.Get("name")
		name, isString := nameValue.(string)
		if ok && !isString {
			return nil, formats.Errorf(t.file, place+".name", "found %s, expected a string", describe(nameValue))
		}
		name = strings.Map(alphanumeric, name)
		template, _ := o.Get("template")
		switch {
		case name == "" || template == nil:
			continue
		case name == "default":
			byDefault = value{template, t.file, place + ".template"}
			continue
		}
		names = append(names, name)
		kv, ok, err := textRecord("tokenizer.chat_template."+name, value{template, t.file, place + ".template"})
		if err != nil {
			return nil, err
		}
		if ok {
			kvs = setRecord(kvs, kv)
		}
	}
	if names != nil {
		slices.Sort(names)
		kvs = append(kvs, gguf.KV{Key: "tokenizer.chat_templates", Value: slices.Compact(names)})
	}
	kv, ok, err := textRecord("tokenizer.chat_template", byDefault)
	if ok {
		kvs = append(kvs, kv)
	}
	return kvs, err
}

// setRecord replaces the record that has the same key, if there is one.
func setRecord(kvs []gguf.KV, kv gguf.KV) []gguf.KV {
	if i := slices.IndexFunc(kvs, func(k gguf.KV) bool { return k.Key == kv.Key }); i >= 0 {
		kvs[i] = kv
		return kvs
	}
	return append(kvs, kv)
}

// alphanumeric replaces what a key should not have.
func alphanumeric(r rune) rune {
	if r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' {
		return r
	}
	return '_'
}
