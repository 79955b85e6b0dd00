package scan

import (
	"bytes"
	"encoding/base64"
	"fmt"

	"olmotool/formats"
	"olmotool/formats/safetensors"
)

// isSafetensors reports whether bytes begin a file of safetensors.
func isSafetensors(head []byte) bool {
	if len(head) < 10 || number(head[:8]) > 100_000_000 {
		return false
	}
	text := bytes.TrimLeft(head[8:], " \t\r\n")
	return len(text) > 1 && text[0] == '{' && (text[1] == '"' || text[1] == '}' || text[1] == ' ')
}

// safetensors looks at the header of a file. Its tensors are no pickles, but
// trainers of OLMo wrote pickles as their names, and as the bytes of some.
func (t *target) safetensors(c content) {
	if c.depth > 0 {
		return // in an archive no one reads it from there
	}
	f, err := safetensors.Open(t.file.Path)
	if err != nil {
		t.malformed("malformed-safetensors", c.where, -1, "%v", err)
		return
	}
	defer f.Close()
	for _, tensor := range f.Tensors {
		name, err := base64.URLEncoding.DecodeString(tensor.Name)
		if err != nil || !isPickleMagic(name) {
			continue
		}
		t.quietly(func() {
			t.pickles(content{r: bytes.NewReader(name), size: int64(len(name)), where: fmt.Sprintf("name %.80q", tensor.Name), depth: 1}, false)
		})
		if bytes.HasSuffix(name, []byte("\x88\x86\x94.")) { // (key, True): the bytes are a pickle
			t.quietly(func() {
				t.pickles(content{r: tensor.Data, size: tensor.Bytes(), where: fmt.Sprintf("tensor %.80q", tensor.Name), depth: 1}, false)
			})
		}
	}
	if t.listed > 0 {
		t.note(formats.Info, "pickled-names", c.where, -1, "found %d pickles as names and data of tensors, as trainers of OLMo write them", t.listed)
	}
}
