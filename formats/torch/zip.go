package torch

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"io"
	"strings"

	"olmotool/formats"
)

// zipArchive is a zip archive whose central directory and local headers agree.
// archive/zip would hide where they do not, which is how files are made that
// one program reads in one way and the next in another.
type zipArchive struct {
	r    io.ReaderAt
	size int64
	file string

	root     string      // the folder that all members lie in
	members  []*zipEntry // in the order of the central directory
	byName   map[string]*zipEntry
	findings []formats.Finding
}

// zipEntry is a file in the archive.
type zipEntry struct {
	name   string
	flags  uint16
	method uint16
	crc    uint32 // of the content; 0 if not computed
	packed int64  // bytes in the archive
	size   int64  // bytes of the content
	header int64  // offset of the local header
	data   int64  // offset of the packed bytes
}

const (
	stored   = 0
	deflated = 8

	flagDescriptor = 1 << 3
	flagUTF8       = 1 << 11
	flagsDeflate   = 3 << 1 // how hard the writer tried
)

// openZip reads the directory of an archive and checks it against the local
// headers. It reads none of the members.
func openZip(r io.ReaderAt, size int64, file string) (*zipArchive, error) {
	z := &zipArchive{r: r, size: size, file: file}
	dir, err := z.findDirectory()
	if err != nil {
		return nil, err
	}
	if err := z.readDirectory(dir); err != nil {
		return nil, err
	}
	if err := z.checkNames(); err != nil {
		return nil, err
	}
	return z, z.checkLocal(dir.at)
}

func (z *zipArchive) errorf(place, format string, args ...any) error {
	return formats.Errorf(z.file, place, format, args...)
}

func (m *zipEntry) place() string { return fmt.Sprintf("member %q", m.name) }

// member returns the member of that name in the root folder, or nil.
func (z *zipArchive) member(name string) *zipEntry {
	return z.byName[z.root+"/"+name]
}

// read returns the whole content of a member that may have at most limit bytes,
// and notes a wrong checksum.
func (z *zipArchive) read(m *zipEntry, limit int64) ([]byte, error) {
	if m.size > limit {
		return nil, z.errorf(m.place(), "found %d bytes, expected at most %d", m.size, limit)
	}
	var b bytes.Buffer
	var err error
	if m.method == stored {
		_, err = io.Copy(&b, io.NewSectionReader(z.r, m.data, m.size))
	} else {
		err = z.inflate(m, &b)
	}
	if err != nil {
		return nil, z.errorf(m.place(), "%w", err)
	}
	z.noteCRC(m, crc32.ChecksumIEEE(b.Bytes()))
	return b.Bytes(), nil
}

// word returns the content of a member that holds a word, without white space.
func (z *zipArchive) word(m *zipEntry) (string, error) {
	b, err := z.read(m, maxText)
	return strings.TrimSpace(string(b)), err
}
