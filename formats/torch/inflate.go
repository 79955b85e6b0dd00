package torch

import (
	"bufio"
	"compress/flate"
	"fmt"
	"io"
	"os"
	"sync"

	"olmotool/formats"
)

// inflate writes the content of a compressed member to w: exactly as many bytes
// as the directory says.
func (z *zipArchive) inflate(m *zipEntry, w io.Writer) error {
	packed := bufio.NewReader(io.NewSectionReader(z.r, m.data, m.packed))
	f := flate.NewReader(packed)
	n, err := io.Copy(w, io.LimitReader(f, m.size))
	if err != nil {
		return fmt.Errorf("found compressed data that breaks after %d bytes, expected %d: %w", n, m.size, err)
	}
	if n < m.size {
		return fmt.Errorf("found %d bytes in the compressed data, expected %d", n, m.size)
	}
	var one [1]byte
	if n, err := f.Read(one[:]); n > 0 || err != io.EOF {
		return fmt.Errorf("found more in the compressed data than the %d bytes that the directory says, expected as many", m.size)
	}
	if _, err := packed.ReadByte(); err != io.EOF {
		return fmt.Errorf("found bytes after the end of the compressed data, expected none")
	}
	return nil
}

// inflated is the content of a compressed member, readable at any place: it is
// unpacked to a file without a name when somebody reads it first.
type inflated struct {
	zip    *zipArchive
	member *zipEntry

	once sync.Once
	file *os.File
	err  error
}

func (d *inflated) Size() int64 { return d.member.size }

func (d *inflated) ReadAt(p []byte, off int64) (int, error) {
	d.once.Do(d.unpack)
	if d.err != nil {
		return 0, d.err
	}
	return d.file.ReadAt(p, off)
}

func (d *inflated) unpack() {
	f, err := os.CreateTemp("", "olmotool-*")
	if err != nil {
		d.err = err
		return
	}
	d.file = f
	if d.err = os.Remove(f.Name()); d.err != nil {
		return
	}
	buf := bufio.NewWriterSize(f, 128<<10)
	err = d.zip.inflate(d.member, buf)
	if err == nil {
		err = buf.Flush()
	}
	if err != nil {
		d.err = formats.Errorf(d.zip.file, d.member.place(), "%w", err)
	}
}

// Close removes the file.
func (d *inflated) Close() error {
	d.once.Do(func() { d.err = os.ErrClosed })
	if d.file == nil {
		return nil
	}
	return d.file.Close()
}
