package stream

import "olmotool/formats"

// job is a range of an output file.
type job struct {
	file   *file
	seq    int   // position among the jobs of the file
	off, n int64 // in the file
	pieces []piece
	how    how
	buf    []byte // n bytes, while somebody needs them
}

// piece is a range of a segment.
type piece struct {
	seg    *formats.Segment
	off, n int64
}

// how a job is carried out.
type how int

const (
	buffered how = iota // any number of pieces, read into a buffer and written
	copied              // one piece, copied by the kernel
	late                // one whole segment, known when all before it was summed
)

// maxPieces bounds the description of a job made of many tiny segments.
const maxPieces = 4096

// cutter cuts plans into jobs, in order. Pieces of a segment begin at multiples
// of the piece size in that segment; pieces that are smaller share a job.
type cutter struct {
	files []*file
	tuning
	mayCopy func(*formats.Segment) bool

	file, seg, seq int
	segOff, off    int64
}

// next returns the next job, or nil after the last.
func (c *cutter) next() *job {
	for ; c.file < len(c.files); c.file, c.seg, c.seq, c.segOff, c.off = c.file+1, 0, 0, 0, 0 {
		j := &job{file: c.files[c.file], seq: c.seq, off: c.off}
		for c.extend(j) {
		}
		if len(j.pieces) > 0 {
			c.seq++
			c.off += j.n
			return j
		}
	}
	return nil
}

// extend adds the next piece of the file to j, and reports whether another may
// follow.
func (c *cutter) extend(j *job) bool {
	segs := j.file.plan.Segments
	if c.seg == len(segs) || len(j.pieces) == maxPieces {
		return false
	}
	s := &segs[c.seg]
	left := s.Size - c.segOff
	if left == 0 && s.Late == nil {
		c.seg, c.segOff = c.seg+1, 0
		return true
	}
	n, how := min(left, c.piece), buffered
	switch {
	case s.Late != nil:
		n, how = left, late
	case c.segOff%c.copy == 0 && left >= c.copyMin && c.mayCopy(s):
		n, how = min(left, c.copy), copied
	}
	alone := how != buffered
	if len(j.pieces) > 0 && (alone || j.n+n > c.piece) {
		return false
	}
	j.pieces = append(j.pieces, piece{s, c.segOff, n})
	j.how = how
	j.n += n
	if c.segOff += n; c.segOff == s.Size {
		c.seg, c.segOff = c.seg+1, 0
	}
	return !alone
}
