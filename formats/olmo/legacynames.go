package olmo

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"olmotool/formats"
)

// legacyWrappers are what distributed and compiling wrappers put into names,
// wherever they wrap a module.
var legacyWrappers = []string{"_fsdp_wrapped_module", "_orig_mod", "module"}

func unwrapped(name string) string {
	parts := slices.DeleteFunc(strings.Split(name, "."), func(p string) bool { return slices.Contains(legacyWrappers, p) })
	return strings.Join(parts, ".")
}

var legacyGroup = regexp.MustCompile(`^transformer\.block_groups\.([0-9]{1,6})\.([0-9]{1,6})\.`)

// legacyRenamer returns what undoes in names the doings of wrappers and of block
// groups. How many blocks a group has can be seen from the first one, as the
// trainer does: the config may have changed since the tensors were saved.
func legacyRenamer(ts []formats.Tensor) func(name string) (string, error) {
	var size int64
	for _, t := range ts {
		if m := legacyGroup.FindStringSubmatch(unwrapped(t.Name)); m != nil && m[1] == "0" {
			i, _ := strconv.ParseInt(m[2], 10, 64) // digits, and few
			size = max(size, i+1)
		}
	}
	return func(name string) (string, error) {
		name = unwrapped(name)
		m := legacyGroup.FindStringSubmatch(name)
		if m == nil {
			return name, nil
		}
		group, _ := strconv.ParseInt(m[1], 10, 64)
		i, _ := strconv.ParseInt(m[2], 10, 64)
		if i >= size {
			return "", fmt.Errorf("found block %d of a group, expected less than %d as in the first", i, size)
		}
		return fmt.Sprintf("transformer.blocks.%d.%s", group*size+i, name[len(m[0]):]), nil
	}
}

// isLegacyBuffer reports whether a tensor is one that the trainer computes anew.
func isLegacyBuffer(name string) bool {
	return strings.HasSuffix(name, ".rotary_emb.inv_freq") || strings.HasSuffix(name, "causal_attention_bias")
}

// findLegacy tells of what is there and is not read: buffers, and the state of an
// optimizer in a file of its own.
func (s *Source) findLegacy() {
	n, first := 0, ""
	for _, t := range s.Tensors {
		if isLegacyBuffer(t.Name) {
			if n++; n == 1 {
				first = t.Name
			}
		}
	}
	if n > 0 {
		s.Findings = append(s.Findings, notRead("buffers", fmt.Sprintf("tensor %.120q", first), fmt.Sprintf("found %d buffers, which are computed anew: not read", n)))
	}
	s.findOptimizer("optim.safetensors", "optim.pt")
}

// findOptimizer tells of the first of these files that is there.
func (s *Source) findOptimizer(files ...string) {
	for _, name := range files {
		if s.Beside.Has(name) {
			s.Findings = append(s.Findings, notRead("optimizer", name, "found the state of an optimizer: not read"))
			return
		}
	}
}

// notRead is a finding about something that belongs there and is left out.
func notRead(code, where, message string) formats.Finding {
	return formats.Finding{Severity: formats.Info, Code: code, Where: where, Message: message}
}
