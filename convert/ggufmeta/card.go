package ggufmeta

import (
	"regexp"
	"strings"

	"olmotool/internal/ordjson"
)

// cardFields lists which member of a card fills which field, in the order of
// precedence.
var cardFields = func() (list [][2]string) {
	for _, prefix := range []string{"", "model_"} {
		for _, f := range []string{"name", "author", "version", "organization", "description", "finetune", "basename", "size_label"} {
			list = append(list, [2]string{f, prefix + f})
		}
		for _, f := range []string{"url", "doi", "uuid", "repo_url"} {
			list = append(list, [2]string{"source_" + f, prefix + f})
		}
	}
	return append(list, [][2]string{
		{"author", "model_creator"},
		{"basename", "model_type"},
		{"license", "license"},
		{"license_name", "license_name"},
		{"license_link", "license_link"},
	}...)
}()

// addCard uses the front matter of a model card.
func (m metadata) addCard(file string, card *ordjson.Object, parameters int64) {
	for _, f := range cardFields {
		if v, ok := card.Get(f[1]); ok {
			m.fill(f[0], value{v, file, f[1]})
		}
	}
	m.addReferences("base_models", file, card, parameters, "base_model", "base_models", "base_model_sources")
	m.addReferences("datasets", file, card, parameters, "datasets", "dataset", "dataset_sources")
	m.addList("tags", file, card, "tags", "pipeline_tag")
	m.addList("languages", file, card, "languages", "language")
}

// addList joins what several members hold, each a string or a list.
func (m metadata) addList(field, file string, card *ordjson.Object, keys ...string) {
	for _, key := range keys {
		v, _ := card.Get(key)
		list, _ := m[field].v.([]any)
		switch v := v.(type) {
		case nil:
			continue
		case string:
			list = append(list, v)
		case []any:
			list = append(list, v...)
		}
		m[field] = value{list, file, key}
	}
}

// addReferences uses the first of the keys that is there: models or data sets
// that this model was made from, each an id, an address, or a mapping of its
// own.
func (m metadata) addReferences(field, file string, card *ordjson.Object, parameters int64, keys ...string) {
	for _, key := range keys {
		v, ok := card.Get(key)
		if !ok {
			continue
		}
		var ids []any
		switch v := v.(type) {
		case string:
			ids = []any{v}
		case []any:
			ids = v
		}
		list := make([]any, len(ids))
		for i, id := range ids {
			list[i] = reference(id, parameters)
		}
		m[field] = value{list, file, key}
		return
	}
}

var hubAddress = regexp.MustCompile(`^https?://huggingface\.co/([^/]+/[^/]+)$`)

// reference describes a model or data set by the fields of its records. What is
// neither a string nor a mapping counts, but says nothing.
func reference(v any, parameters int64) *ordjson.Object {
	o := new(ordjson.Object)
	switch v := v.(type) {
	case *ordjson.Object:
		return v
	case string:
		id, isAddress := v, false
		for _, scheme := range []string{"http://", "https://", "ssh://"} {
			isAddress = isAddress || strings.HasPrefix(v, scheme)
		}
		if isAddress {
			o.Set("repo_url", v)
			found := hubAddress.FindStringSubmatch(v)
			if found == nil {
				return o
			}
			id = found[1]
		}
		c := splitID(id, parameters)
		o.Set("name", title(*c.name))
		if c.organization != nil {
			o.Set("organization", title(*c.organization))
		}
		if c.version != nil {
			o.Set("version", *c.version)
		}
		if c.organization != nil && !isAddress {
			o.Set("repo_url", "https://huggingface.co/"+*c.organization+"/"+*c.name)
		}
	}
	return o
}
