package ggufmeta

import (
	"strings"
	"unicode/utf8"

	"olmotool/formats"
	"olmotool/internal/ordjson"
)

// value is a value with the place where it was found, for messages.
type value struct {
	v           any // as package ordjson has them, or float64, or opaque
	file, place string
}

// metadata holds what is known of a model, by field. A field with a nil value
// is as empty as one that is not there; an empty string is a value.
type metadata map[string]value

// authorship lists the fields in the order of their records in the file, with
// the keys of these, which are also their keys in Options.Metadata. The licence
// is the one field that cannot be set there.
var authorship = []struct{ field, key string }{
	{"name", "general.name"},
	{"author", "general.author"},
	{"version", "general.version"},
	{"organization", "general.organization"},
	{"finetune", "general.finetune"},
	{"basename", "general.basename"},
	{"description", "general.description"},
	{"quantized_by", "general.quantized_by"},
	{"size_label", "general.size_label"},
	{"license", "general.license"},
	{"license_name", "general.license.name"},
	{"license_link", "general.license.link"},
	{"url", "general.url"},
	{"doi", "general.doi"},
	{"uuid", "general.uuid"},
	{"repo_url", "general.repo_url"},
	{"source_url", "general.source.url"},
	{"source_doi", "general.source.doi"},
	{"source_uuid", "general.source.uuid"},
	{"source_repo_url", "general.source.repo_url"},
}

// collect gathers what the directory and the options say of a model. Of the
// model card, the name in the configuration and the name of the directory, in
// this order, the first to say something of a field decides; the options
// replace what these say.
func collect(src Source, o Options) (metadata, error) {
	m := metadata{}
	if o.Parameters < 0 {
		o.Parameters = 0
	}
	if !utf8.ValidString(src.DirName) || !utf8.ValidString(o.ModelName) {
		return nil, formats.Errorf("model", "name", "found %q or directory %q, expected UTF-8 text", o.ModelName, src.DirName)
	}
	card, err := src.read("README.md")
	if err != nil {
		return nil, err
	}
	if card != nil {
		front, err := frontMatter(src.path("README.md"), card)
		if err != nil {
			return nil, err
		}
		if front != nil {
			m.addCard(src.path("README.md"), front, o.Parameters)
		}
	}
	if err := m.addConfigName(src, o.Parameters); err != nil {
		return nil, err
	}
	m.addComponents("model", "name", splitID(src.DirName, o.Parameters))
	if err := m.addSampling(src); err != nil {
		return nil, err
	}
	if err := m.override(o); err != nil {
		return nil, err
	}
	if m["name"].v == nil {
		m["name"] = value{v: src.DirName}
	}
	if m["size_label"].v == nil && o.Parameters > 0 {
		m["size_label"] = value{v: sizeLabel(o.Parameters)}
	}
	return m, nil
}

// fill sets a field that is empty.
func (m metadata) fill(field string, v value) {
	if m[field].v == nil {
		m[field] = v
	}
}

// addConfigName uses the name under which transformers loaded the model, unless
// it is a path.
func (m metadata) addConfigName(src Source, parameters int64) error {
	const key = "_name_or_path"
	v, _ := get(src.Config, key)
	if v == nil {
		return nil
	}
	id, ok := v.(string)
	if !ok {
		return formats.Errorf(src.path("config.json"), key, "found %s, expected a string", describe(v))
	}
	if strings.Count(id, "/") <= 1 {
		m.addComponents(src.path("config.json"), key, splitID(id, parameters))
	}
	return nil
}

func (m metadata) addComponents(file, place string, c components) {
	add := func(field string, s *string, form func(string) string) {
		if s != nil {
			m.fill(field, value{form(*s), file, place})
		}
	}
	same := func(s string) string { return s }
	add("name", c.name, title)
	add("organization", c.organization, title)
	add("basename", c.basename, same)
	add("finetune", c.finetune, same)
	add("version", c.version, same)
	add("size_label", c.size, same)
}

// override replaces fields by what the options say; null empties a field.
func (m metadata) override(o Options) error {
	if o.Metadata != nil {
		given, err := parseObject(metadataName, o.Metadata)
		if err != nil {
			return err
		}
		m.overrideFrom(given)
	}
	if o.ModelName != "" {
		m["name"] = value{v: o.ModelName}
	}
	return nil
}

func (m metadata) overrideFrom(given *ordjson.Object) {
	set := func(field, key string) {
		if v, ok := given.Get(key); ok {
			m[field] = value{v, metadataName, key}
		}
	}
	for _, s := range sampling {
		set(s.key, s.key)
	}
	for _, a := range authorship {
		if a.field != "license" {
			set(a.field, a.key)
		}
	}
	for _, field := range []string{"base_models", "datasets", "tags", "languages"} {
		set(field, "general."+field)
	}
}
