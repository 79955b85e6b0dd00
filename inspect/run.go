package inspect

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v4"

	"olmotool/formats"
	"olmotool/formats/olmo"
	"olmotool/formats/torch"
	"olmotool/internal/ordjson"
)

// Run is what names, configs and the trainer's state say of the training. Zero
// values are what nothing says.
type Run struct {
	Name       string   `json:"name,omitempty"`
	Step       *int64   `json:"step,omitempty"`
	Stage      int64    `json:"stage,omitempty"`
	Ingredient string   `json:"ingredient,omitempty"` // "3", "1+2", or "soup"
	Tokens     string   `json:"tokens,omitempty"`     // as the name has it: "3896B"
	TokensSeen *int64   `json:"tokens_seen,omitempty"`
	Epoch      *int64   `json:"epoch,omitempty"`
	Revision   string   `json:"revision,omitempty"` // commit and names, of a cache of Hugging Face
	From       []string `json:"from,omitempty"`     // where it stands
}

// findRun gathers what is known of the training run.
func (r *Report) findRun(src *olmo.Source) {
	if strings.HasPrefix(src.Path, "random:") {
		return
	}
	abs, err := filepath.Abs(src.Path)
	if err != nil {
		return
	}
	r.readNames(abs)
	if real, err := filepath.EvalSymlinks(abs); err == nil && r.Run.Step == nil {
		r.readNames(real) // "latest" is a link to a step
	}
	r.readRevision(abs)
	r.readConfigs(src)
	r.readTrainer(src)
}

// readConfigs takes the name of the run from the trainer's config.
func (r *Report) readConfigs(src *olmo.Source) {
	name, file := "", "config.yaml"
	if b, err := src.Beside.Read(file); err == nil {
		name = yamlRunName(b)
	} else if file = "config.json"; strings.HasPrefix(src.Layout, "olmo-core") {
		if b, err := src.Beside.Read(file); err == nil {
			if o, err := ordjson.ParseObject(b); err == nil {
				v, _ := o.Get("run_name")
				name, _ = v.(string)
			}
		}
	}
	if name != "" && len(name) <= maxID {
		r.Run.Name = name
		r.Run.From = append(r.Run.From, file)
	}
}

// yamlRunName reads the line "run_name: …", which is all that is wanted of the
// document: the config itself is parsed by package olmo.
func yamlRunName(b []byte) string {
	for line := range bytes.Lines(b[:min(len(b), maxSmall)]) {
		if bytes.HasPrefix(line, []byte("run_name:")) && len(line) <= 2*maxID {
			var v struct {
				RunName string `yaml:"run_name"`
			}
			if yaml.Load(line, &v) != nil {
				return ""
			}
			return v.RunName
		}
	}
	return ""
}

// trainerStates are the files in which trainers keep their own state: of the
// first rank, where each has one.
var trainerStates = []string{"train.pt", "other.pt", "train/rank0.pt"}

// readTrainer takes step and tokens from the trainer's state, which is read as
// data.
func (r *Report) readTrainer(src *olmo.Source) {
	for _, name := range trainerStates {
		if !src.Beside.Has(name) {
			continue
		}
		path := filepath.Join(src.Beside.Dir, name)
		if fi, err := os.Stat(path); err != nil || fi.Size() > maxTrainerState {
			continue
		}
		f, err := torch.OpenFile(path)
		if err != nil {
			r.note(formats.Warning, "trainer-state", name, "cannot be read: %v", err)
			continue
		}
		r.takeState(f.Root, name)
		_ = f.Close() // it was read only
		return
	}
}

func (r *Report) takeState(root torch.Value, name string) {
	d, ok := root.(*torch.Dict)
	if !ok {
		return
	}
	get := func(key string) *int64 {
		v, _ := d.Get(key)
		if n, ok := v.(int64); ok {
			return &n
		}
		return nil
	}
	step := get("global_step")
	if step != nil && r.Run.Step != nil && *step != *r.Run.Step {
		r.note(formats.Warning, "step-differs", name, "the trainer's state is of step %d, the directory's name says %d", *step, *r.Run.Step)
	}
	if step != nil {
		r.Run.Step = step
	}
	r.Run.Epoch, r.Run.TokensSeen = get("epoch"), get("global_train_tokens_seen")
	if step != nil || r.Run.TokensSeen != nil {
		r.Run.From = append(r.Run.From, name)
	}
}

// readSmall reads a regular file of at most limit bytes.
func readSmall(path string, limit int64) ([]byte, error) {
	f, size, err := formats.OpenRegular(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if size > limit {
		return nil, formats.Errorf(path, "", "found %d bytes, expected at most %d", size, limit)
	}
	b := make([]byte, size)
	return b, formats.ReadFull(f, b, 0)
}
