package diff

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"

	"olmotool/formats/olmo"
	"olmotool/internal/jsondiff"
	"olmotool/internal/ordjson"
	"olmotool/verify/weights"
)

// besides compares what is beside the weights.
func (c *comparison) besides(a, b *olmo.Model) error {
	if err := c.compareConfigs(a, b); err != nil {
		return err
	}
	changes, notes, err := weights.Tokenizers(a, b, sides)
	if err != nil {
		return err
	}
	c.report.TokenizerChanges = append(c.report.TokenizerChanges, changes...)
	c.report.Notes = append(c.report.Notes, notes...)
	if err := c.compareSettings(a, b); err != nil {
		return err
	}
	c.compareMetadata(a.Source, b.Source)
	return nil
}

// generation is what a generator reads.
const generation = "generation_config.json"

// compareSettings compares the small files of a Hugging Face directory.
func (c *comparison) compareSettings(a, b *olmo.Model) error {
	p, q := a.Source.Beside, b.Source.Beside
	if p.Dir == "" || q.Dir == "" {
		return nil
	}
	both := p.Has(tokenizerFile) && q.Has(tokenizerFile)
	for _, name := range append([]string{generation}, olmo.TokenizerFiles()...) {
		x, y := p.Has(name), q.Has(name)
		switch {
		case !x && !y, name == tokenizerFile && both: // compared by what it says
			continue
		case x != y && a.Source.Layout != b.Source.Layout: // not all have such files
			if both || name == generation { // else it has been said
				c.note("%s is beside one of the two only", name)
			}
			continue
		}
		changes, err := fileChanges(p, q, name)
		if err != nil {
			return err
		}
		for _, x := range changes {
			switch {
			case x.Field == generation+": transformers_version":
				c.note("%s: %s and %s", x.Field, x.A, x.B)
			case name == generation:
				c.report.GenerationChanges = append(c.report.GenerationChanges, x)
			default:
				c.report.TokenizerChanges = append(c.report.TokenizerChanges, fmt.Sprintf("%s: %s and %s", x.Field, x.A, x.B))
			}
		}
	}
	return nil
}

const tokenizerFile = "tokenizer.json"

// fileChanges compares a file beside both: an object of JSON field by field, and
// anything else by its bytes. The fields are FILE: KEY.
func fileChanges(a, b olmo.Beside, name string) ([]Change, error) {
	var texts [2][]byte
	var objects [2]*ordjson.Object
	said := [2]string{"there", "there"}
	for i, s := range []olmo.Beside{a, b} {
		var err error
		if texts[i], err = s.Read(name); errors.Is(err, fs.ErrNotExist) {
			said[i] = "none"
		} else if err != nil {
			return nil, err
		}
		objects[i], _ = ordjson.ParseObject(texts[i]) // or it is bytes
	}
	switch {
	case said[0] != said[1]:
		return []Change{{name, said[0], said[1]}}, nil
	case bytes.Equal(texts[0], texts[1]):
		return nil, nil
	case objects[0] == nil || objects[1] == nil:
		return []Change{{name, fmt.Sprintf("%d bytes", len(texts[0])), fmt.Sprintf("%d other bytes", len(texts[1]))}}, nil
	}
	var found []Change
	for _, key := range jsondiff.Keys(objects[0], objects[1]) {
		v, _ := objects[0].Get(key)
		w, _ := objects[1].Get(key)
		if x, y := jsondiff.Encode(v), jsondiff.Encode(w); x != y {
			x, y = jsondiff.Apart(x, y)
			found = append(found, Change{fmt.Sprintf("%s: %.80s", name, key), x, y})
		}
	}
	return found, nil
}
