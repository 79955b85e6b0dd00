package tokenizer

import (
	"errors"
	"fmt"

	"olmotool/formats"
	"olmotool/internal/ordjson"
)

// ParseJSON reads a tokenizer.json of the tokenizers library; file is its name
// in messages. What would change ids and is not known here is refused by its
// name, and so is what is not as the library would write it. Errors are of type
// *formats.Error.
//
// https://github.com/huggingface/tokenizers
func ParseJSON(data []byte, file string) (*Tokenizer, error) {
	if len(data) > maxFile {
		return nil, formats.Errorf(file, "", "found %d bytes, expected at most %d", len(data), maxFile)
	}
	o, err := ordjson.ParseObject(data)
	var syntax *ordjson.SyntaxError
	if errors.As(err, &syntax) {
		return nil, formats.Errorf(file, fmt.Sprintf("byte %d", syntax.Offset), "%s", syntax.Msg)
	}
	root := section{file: file, o: o}
	if err := root.only("version", "truncation", "padding", "added_tokens", "normalizer", "pre_tokenizer", "post_processor", "decoder", "model"); err != nil {
		return nil, err
	}
	if v, ok := o.Get("version"); ok && v != "1.0" {
		return nil, root.fail("version", describe(v), `"1.0"`)
	}
	t := new(Tokenizer)
	for _, read := range []func(section) error{checkLength, t.readNormalizer, t.readPreTokenizer, checkDecoder, t.readModel, t.readPostProcessor} {
		if err := read(root); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// checkLength refuses what would make another number of ids of a single text.
func checkLength(root section) error {
	if v := root.get("truncation"); v != nil {
		return root.fail("truncation", describe(v), "null: texts are encoded whole")
	}
	if root.get("padding") == nil {
		return nil
	}
	p, err := root.section("padding")
	if err != nil {
		return err
	}
	if err := p.only("strategy", "direction", "pad_to_multiple_of", "pad_id", "pad_type_id", "pad_token"); err != nil {
		return err
	}
	if v := p.get("strategy"); v != "BatchLongest" {
		return p.fail("strategy", describe(v), `"BatchLongest", which leaves a single text alone`)
	}
	if v := p.get("pad_to_multiple_of"); v != nil {
		return p.fail("pad_to_multiple_of", describe(v), "null: texts are not padded")
	}
	return nil
}

// checkDecoder makes sure that tokens stand for bytes.
func checkDecoder(root section) error {
	if root.get("decoder") == nil {
		return nil
	}
	d, err := root.section("decoder")
	if err != nil {
		return err
	}
	_, err = readByteLevel(d)
	return err
}
