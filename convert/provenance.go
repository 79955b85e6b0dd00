package convert

import (
	"encoding/json"
	"path/filepath"

	"olmotool/formats/olmo"
)

// provenanceName is the file that Provenance writes into an output directory;
// beside a single file it is that file's name and this extension.
const (
	provenanceName = "olmotool-provenance.json"
	provenanceExt  = ".provenance.json"
)

type provenance struct {
	Schema string           `json:"schema"`
	Tool   string           `json:"tool"`
	Source provenanceSource `json:"source"`
	Layout string           `json:"layout"`
	DType  string           `json:"dtype"`
	Digest string           `json:"digest,omitempty"`
	Output []provenanceFile `json:"output"`
}

type provenanceSource struct {
	Path   string `json:"path"`
	Layout string `json:"layout"`
}

type provenanceFile struct {
	Name   string `json:"name"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256,omitempty"`
}

// provenance writes what the output was made from and by what. It holds no time
// and no machine's name, so that the same work gives the same bytes.
func (o *Options) provenance(out sink, plan *olmo.Plan, r *Result) error {
	dtype := o.DType
	if dtype == "" {
		dtype = "keep"
	}
	p := provenance{
		Schema: "olmotool.provenance/1", Tool: "olmotool " + o.Version, Layout: o.To, DType: dtype, Digest: r.Digest,
		Source: provenanceSource{filepath.Base(r.Source.Path), r.Source.Layout},
	}
	for _, f := range r.Output {
		p.Output = append(p.Output, provenanceFile{filepath.Base(f.Path), f.Bytes, f.SHA256})
	}
	b, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return err
	}
	b = append(b, '\n')
	name := provenanceName
	if !plan.Dir {
		name = plan.Files[0].Name + provenanceExt
	}
	f, err := out.File(name, int64(len(b)))
	if err != nil {
		return err
	}
	_, err = f.WriteAt(b, 0)
	return err
}
