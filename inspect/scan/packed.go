package scan

import (
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"io"
	"path"
	"strings"
)

func (t *target) gzip(c content) {
	t.stream(c, func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) })
}

func (t *target) bzip2(c content) {
	t.stream(c, func(r io.Reader) (io.Reader, error) { return bzip2.NewReader(r), nil })
}

func (t *target) zlib(c content) {
	t.stream(c, func(r io.Reader) (io.Reader, error) { return zlib.NewReader(r) })
}

// isZlib reports whether bytes begin a stream of zlib: the header is right, and
// what follows can be unpacked.
func isZlib(head []byte) bool {
	if len(head) < 8 || head[0] != 0x78 || (uint(head[0])<<8|uint(head[1]))%31 != 0 || head[1]&0x20 != 0 {
		return false
	}
	z, err := zlib.NewReader(bytes.NewReader(head))
	if err != nil {
		return false
	}
	n, err := io.Copy(io.Discard, io.LimitReader(z, 64))
	return n > 0 && (err == nil || errors.Is(err, io.ErrUnexpectedEOF))
}

// stream unpacks a compressed content, and looks into it.
func (t *target) stream(c content, open func(io.Reader) (io.Reader, error)) {
	r, err := open(io.NewSectionReader(c.r, 0, c.size))
	if err != nil {
		t.malformed("malformed-archive", c.where, 0, "%v", err)
		return
	}
	in := content{where: c.where, name: strings.TrimSuffix(c.name, path.Ext(c.name)), depth: c.depth + 1, rest: c.rest, torch: c.torch}
	if t.unpack(&in, r) {
		t.look(in)
	}
}

// unpack reads what a content is when it is unpacked, up to the limits.
func (t *target) unpack(c *content, r io.Reader) bool {
	limit := min(maxUnpacked, maxAllUnpacked-t.unpacked)
	var b bytes.Buffer
	n, err := io.Copy(&b, io.LimitReader(&cancelled{t, r}, limit))
	t.unpacked += n
	if t.ctx.Err() != nil {
		return false
	}
	if err != nil {
		t.malformed("malformed-archive", c.where, -1, "found data that cannot be unpacked behind byte %d: %v", n, err)
	}
	if n == limit && err == nil {
		if k, _ := r.Read(make([]byte, 1)); k > 0 {
			c.cut = true
		}
	}
	if limit <= 0 {
		t.malformed("too-large", c.where, -1, "found more than %d bytes when it is unpacked, expected fewer; the rest is not looked at", int64(maxAllUnpacked))
		return false
	}
	c.r, c.size = bytes.NewReader(b.Bytes()), n
	return true
}

// cancelled is a reader that ends with the context.
type cancelled struct {
	t *target
	r io.Reader
}

func (c *cancelled) Read(p []byte) (int, error) {
	if err := c.t.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}
