package inspect

import "olmotool/formats/dcp"

// readDistributed describes a file of a distributed checkpoint by what .metadata
// says of it: nothing of it is read.
func (c *Container) readDistributed(ck *dcp.Checkpoint) {
	c.Tensors = 0
	if c.Kind == "distcp-index" {
		c.HeaderBytes = c.Bytes
		c.fact("files", "%d", len(ck.Parts))
		c.fact("tensors", "%d", len(ck.Tensors))
		c.fact("objects", "%d", len(ck.Objects))
		return
	}
	for _, p := range ck.Parts {
		if p.Path == c.Path {
			c.Tensors = p.Chunks
			c.TensorBytes = min(p.TensorBytes, c.Bytes)
			c.HeaderBytes = max(min(p.ItemBytes, c.Bytes)-c.TensorBytes, 0)
			c.UnusedBytes = c.Bytes - c.TensorBytes - c.HeaderBytes
			c.fact("items", "%d", p.Items)
		}
	}
}
