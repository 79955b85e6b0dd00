package convert

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"path/filepath"
	"strings"
)

// provenanceName is the file that Provenance writes into an output directory;
// beside a file it is that file's name, of a set the first's, and this extension.
const (
	provenanceName = "olmotool-provenance.json"
	provenanceExt  = ".provenance.json"
)

type provenance struct {
	Schema string           `json:"schema"`
	Tool   string           `json:"tool"`
	Source any              `json:"source"`
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

// provenance says what the output was made from and by what, with zeros for the
// hashes that a dry run does not have. It holds no time and no machine's name,
// so that the same work gives the same bytes.
func (c *conversion) provenance() (name string, b []byte, err error) {
	r := &c.result
	p := provenance{
		Schema: "olmotool.provenance/1", Tool: "olmotool " + c.Version, Layout: c.To, DType: strings.ToLower(c.DType), Digest: r.Digest,
		Source: provenanceSource{filepath.Base(r.Source.Path), r.Source.Layout},
	}
	if c.Origin != nil {
		p.Source = c.Origin
	}
	if p.DType == "" {
		p.DType = "keep"
	}
	zeros := ""
	if c.DryRun && !c.NoHash {
		zeros = strings.Repeat("0", hex.EncodedLen(sha256.Size))
		p.Digest = "sha256:" + zeros
	}
	for i, f := range c.plan.Files {
		p.Output = append(p.Output, provenanceFile{f.Name, r.Output[i].Bytes, r.Output[i].SHA256 + zeros})
	}
	name = provenanceName
	if !c.plan.Dir {
		name = c.plan.Files[0].Name + provenanceExt
	}
	b, err = json.MarshalIndent(p, "", "  ")
	return name, append(b, '\n'), err
}

func (c *conversion) writeProvenance(out staged) error {
	name, b, err := c.provenance()
	if err != nil {
		return err
	}
	f, err := out.File(name, int64(len(b)))
	if err != nil {
		return err
	}
	if _, err := f.WriteAt(b, 0); err != nil {
		return err
	}
	made := OutputFile{Path: c.path(name), Bytes: int64(len(b))}
	if !c.NoHash {
		sum := sha256.Sum256(b)
		made.SHA256 = hex.EncodeToString(sum[:])
	}
	c.result.Output = append(c.result.Output, made)
	return nil
}
