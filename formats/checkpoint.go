package formats

import "io"

// Checkpoint is an ordered list of tensors and the files they lie in. It must
// be closed when no tensor of it, nor any view of one, will be read again.
type Checkpoint struct {
	Path    string   // what was opened
	Tensors []Tensor // in the order of the source
	Files   []File   // the files that hold the tensors or their index
	// Metadata is the container's own: safetensors' __metadata__, of which
	// shards must agree. Nil where the container has none.
	Metadata map[string]string
	// Findings are oddities that do not stop a reader.
	Findings []Finding

	Closers []io.Closer // closed by Close, in order
}

// File is one file of a checkpoint.
type File struct {
	Path  string `json:"path"`
	Bytes int64  `json:"bytes"`
}

// Severity grades a finding.
type Severity string

// The severities, from a remark to something that a careful person would stop at.
const (
	Info    Severity = "info"
	Warning Severity = "warning"
	Serious Severity = "error"
)

// Finding is something worth telling about an input that can be read all the same.
type Finding struct {
	Severity Severity `json:"severity"`
	Code     string   `json:"code"`  // short and stable: "trailing-bytes"
	Where    string   `json:"where"` // file, tensor or key
	Message  string   `json:"message"`
}

// Close closes the files behind the tensors.
func (c *Checkpoint) Close() error {
	var first error
	for _, x := range c.Closers {
		if err := x.Close(); err != nil && first == nil {
			first = err
		}
	}
	c.Closers = nil
	return first
}
