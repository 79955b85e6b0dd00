package olmo

import (
	"fmt"
	"path/filepath"

	"olmotool/formats"
	"olmotool/formats/safetensors"
)

// weirdLayout is layout olmo with its tensors in safetensors, under names that
// are pickles.
var weirdLayout = &layout{
	name:  "olmo-safetensors",
	doc:   "legacy unsharded directory: config.yaml, model.safetensors with pickled names in base64",
	match: func(d *dir) bool { return d.has("config.yaml") && d.has(weirdFile) && !d.isHF() },
	open: func(path string) (*Source, error) {
		dir, _, c, err := openConfig(path, "config.yaml", "YAML", parseLegacyConfig)
		if err != nil {
			return nil, err
		}
		ck, err := openWeird(filepath.Join(dir, weirdFile))
		if err != nil {
			return nil, sniffed(err, kindSafetensors)
		}
		ck.Path = dir
		s := &Source{Checkpoint: ck, Config: c, Beside: Beside{dir}}
		if s.Beside.Has("model.pt") {
			s.Findings = append(s.Findings, notRead("other-weights", "model.pt", "found beside "+weirdFile+", which the trainer prefers: not read"))
		}
		s.findLegacy()
		return s, nil
	},
	tied:      [2]string{legacyHead, legacyEmbed},
	canonical: legacyCanonical,
	plan:      planWeird,
}

const weirdFile = "model.safetensors"

// openWeird opens a file of the trainer and gives its tensors their names in the
// state dict. Values that are no tensors are left out.
func openWeird(file string) (*formats.Checkpoint, error) {
	ck, err := safetensors.Open(file)
	if err != nil {
		return nil, err
	}
	if err := unpickleNames(ck, file); err != nil {
		_ = ck.Close() // err is what matters
		return nil, err
	}
	return ck, nil
}

func unpickleNames(ck *formats.Checkpoint, file string) error {
	var ts []formats.Tensor
	seen := make(map[string]bool, len(ck.Tensors))
	for _, t := range ck.Tensors {
		place := fmt.Sprintf("tensor %.120q", t.Name)
		key, err := decodeWeird(t.Name)
		if err != nil {
			return formats.Errorf(file, place, "%w", err)
		}
		if key.pickled {
			continue
		}
		name, ok := key.path[0].(string)
		switch {
		case len(key.path) != 1 || !ok:
			return formats.Errorf(file, place, "found the key %.120q, expected one text, as in a model's state dict", fmt.Sprint(key.path))
		case seen[name]:
			return formats.Errorf(file, place, "found a second tensor of key %.120q, expected one", name)
		}
		seen[name] = true
		t = t.WithName(name)
		t.Origin.Name = name // base64 helps nobody
		ts = append(ts, t)
	}
	if n := len(ck.Tensors) - len(ts); n > 0 {
		ck.Findings = append(ck.Findings, formats.Finding{
			Severity: formats.Warning, Code: "not-tensors", Where: filepath.Base(file),
			Message: fmt.Sprintf("found %d values that are no tensors: they are not read, and no conversion keeps them", n),
		})
	}
	ck.Tensors = ts
	return nil
}

func planWeird(m *Model, o PlanOptions) (*Plan, error) {
	cfg, err := m.Config.encodeLegacy()
	if err != nil {
		return nil, err
	}
	ts, ss, _, err := m.legacyState(o)
	if err != nil {
		return nil, err
	}
	for i, s := range ss {
		ss[i].Tensor = s.WithName(encodeWeird(s.Name))
	}
	f, err := safetensors.Plan(weirdFile, tensorsOf(ss), nil)
	if err != nil {
		return nil, err
	}
	return m.planDir(o, f, ts, ss, literal("config.yaml", cfg))
}
