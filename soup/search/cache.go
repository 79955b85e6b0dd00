package search

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"math/big"
	"slices"
	"strconv"

	"olmotool/formats"
	"olmotool/internal/atomicfile"
)

// cacheSchema is the first line of a file of scores. What scores depend on is in
// their keys; if it changes, or how scores are made, this does.
const cacheSchema = `{"schema":"olmotool.soupcache/1"}`

// maxCache is the largest file of scores, all of which is in memory: those of a
// hundred soups on a text of 400,000 tokens.
const maxCache = 256 << 20

// Cache is scores of soups in a file, one a line after a first line that says what
// the file is.
type Cache struct {
	path   string
	text   []byte // of the file
	scores map[string]Score
}

// cacheLine is a line of the file.
type cacheLine struct {
	Key          string  `json:"key"`
	Coefficients string  `json:"coefficients"` // for the reader
	Value        float64 `json:"value"`
	Error        float64 `json:"error,omitempty"`
	Parts        []byte  `json:"parts,omitempty"` // float64, little-endian
}

// OpenCache reads the scores in a file, if there is one, and makes sure that it
// can be written. What is in it, and is not a file of scores, is a
// [*formats.Error].
func OpenCache(path string) (*Cache, error) {
	c := &Cache{path: path, scores: map[string]Score{}}
	if err := c.read(); err != nil {
		return nil, err
	}
	out, err := atomicfile.Create(path, atomicfile.Options{Force: true})
	if err != nil {
		return nil, err
	}
	out.Abort()
	return c, nil
}

func (c *Cache) read() error {
	f, _, err := formats.OpenRegular(c.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxCache+1))
	if err != nil {
		return err
	}
	return c.parse(b)
}

// parse takes the text of a file, of which nothing is all right.
func (c *Cache) parse(b []byte) error {
	switch {
	case len(b) == 0:
		return nil
	case len(b) > maxCache:
		return formats.Errorf(c.path, "", "found more than %d bytes of scores, expected at most that many", maxCache)
	case !bytes.HasPrefix(b, []byte(cacheSchema+"\n")):
		return formats.Errorf(c.path, "line 1", "found %.40q, expected %s: this is no file of scores", firstLine(b), cacheSchema)
	case b[len(b)-1] != '\n':
		return formats.Errorf(c.path, "", "found a last line without an end, expected one: the file was cut")
	}
	n := 1
	for line := range bytes.Lines(b[len(cacheSchema)+1:]) {
		n++
		if err := c.parseLine(line); err != nil {
			return formats.Errorf(c.path, "line "+strconv.Itoa(n), "%w", err)
		}
	}
	c.text = b
	return nil
}

func firstLine(b []byte) []byte {
	line, _, _ := bytes.Cut(b, []byte("\n"))
	return line
}

func (c *Cache) parseLine(line []byte) error {
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	var x cacheLine
	if err := d.Decode(&x); err != nil {
		return fmt.Errorf("found what is no score, expected one: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("found more behind a score, expected one a line")
	}
	if b, err := hex.DecodeString(x.Key); err != nil || len(b) != sha256.Size {
		return fmt.Errorf("found %.80q as a key, expected %d hexadecimal digits", x.Key, 2*sha256.Size)
	}
	if _, twice := c.scores[x.Key]; twice {
		return fmt.Errorf("found key %s once more, expected each once", x.Key)
	}
	s := Score{Value: x.Value, Error: x.Error}
	if len(x.Parts)%8 != 0 {
		return fmt.Errorf("found parts of %d bytes, expected a multiple of 8", len(x.Parts))
	}
	for b := range slices.Chunk(x.Parts, 8) {
		s.Parts = append(s.Parts, math.Float64frombits(binary.LittleEndian.Uint64(b)))
	}
	if err := s.check(-1); err != nil {
		return err
	}
	c.scores[x.Key] = s
	return nil
}

// add adds a score and writes the file anew: it has either all that it had or
// this, too, whenever the process dies.
func (c *Cache) add(key string, of []*big.Rat, s Score) error {
	x := cacheLine{Key: key, Coefficients: Text(of), Value: s.Value, Error: s.Error}
	for _, p := range s.Parts {
		x.Parts = binary.LittleEndian.AppendUint64(x.Parts, math.Float64bits(p))
	}
	line, err := json.Marshal(x)
	if err != nil {
		return err
	}
	if len(c.text) == 0 {
		c.text = []byte(cacheSchema + "\n")
	}
	if len(c.text)+len(line)+1 > maxCache {
		return formats.Errorf(c.path, "", "found more than %d bytes of scores, expected at most that many: begin another file, or take a shorter text", maxCache)
	}
	c.text = append(append(c.text, line...), '\n')
	c.scores[key] = s
	out, err := atomicfile.Create(c.path, atomicfile.Options{Force: true})
	if err != nil {
		return err
	}
	defer out.Abort()
	f, err := out.File("", int64(len(c.text)))
	if err != nil {
		return err
	}
	if _, err := f.WriteAt(c.text, 0); err != nil {
		return err
	}
	return out.Commit()
}
