package torch

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
)

// plainSaved is a small archive that opens, without descriptors: its headers
// are in known places.
func plainSaved(t testing.TB) []byte {
	return rawArchive(t, stored, nil, nil,
		member{"a/data.pkl", inDict(tensorOf(storageOf(floats, "0", 6), 0, []int64{6}, []int64{1}))},
		member{"a/data/0", "abcdefghijklmnopqrstuvwx"}, member{"a/version", "3\n"})
}

// rawArchive returns an archive of members whose bytes are as given, with
// headers that edit may change.
func rawArchive(t testing.TB, method uint16, pack func(string) []byte, edit func(*zip.FileHeader), members ...member) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, m := range members {
		data := []byte(m.data)
		if pack != nil {
			data = pack(m.data)
		}
		h := &zip.FileHeader{Name: m.name, Method: method, UncompressedSize64: uint64(len(m.data)), CompressedSize64: uint64(len(data))}
		if edit != nil {
			edit(h)
		}
		f, err := w.CreateRaw(h)
		if err != nil {
			t.Fatal(err)
		}
		f.Write(data)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// end is the offset of the end record, central that of the i-th entry of the
// directory, in an archive without comment and ZIP64 records.
func end(b []byte) int { return len(b) - lenEnd }

func central(b []byte, i int) int {
	at := int(binary.LittleEndian.Uint32(b[end(b)+16:]))
	for ; i > 0; i-- {
		at += lenCentral + int(binary.LittleEndian.Uint16(b[at+28:])) + int(binary.LittleEndian.Uint16(b[at+30:])) + int(binary.LittleEndian.Uint16(b[at+32:]))
	}
	return at
}

func local(b []byte, i int) int { return int(binary.LittleEndian.Uint32(b[central(b, i)+42:])) }

func TestZipMalformed(t *testing.T) {
	le := binary.LittleEndian
	put16 := func(at func([]byte) int, v uint16) func([]byte) []byte {
		return func(b []byte) []byte { le.PutUint16(b[at(b):], v); return b }
	}
	put32 := func(at func([]byte) int, v uint32) func([]byte) []byte {
		return func(b []byte) []byte { le.PutUint32(b[at(b):], v); return b }
	}
	inEnd := func(off int) func([]byte) int { return func(b []byte) int { return end(b) + off } }
	inCentral := func(i, off int) func([]byte) int { return func(b []byte) int { return central(b, i) + off } }
	inLocal := func(i, off int) func([]byte) int { return func(b []byte) int { return local(b, i) + off } }

	for _, c := range []struct {
		name string
		edit func([]byte) []byte
		want string
	}{
		{"no end", func(b []byte) []byte { return b[:end(b)] }, "end record: found none in the last 464 bytes, expected one (was the file cut short?)"},
		{"bytes behind", func(b []byte) []byte { return append(b, "tail"...) }, "end record: found 4 bytes after it, expected the end of the file"},
		{"two ends", func(b []byte) []byte {
			inner := append([]byte(nil), b[end(b):]...)
			le.PutUint16(b[end(b)+20:], lenEnd)
			return append(b, inner...)
		}, "end record: found two that fit the end of the file, expected one"},
		{"disk", put16(inEnd(4), 1), "end record: found disks 1 and 0, expected an archive in one part"},
		{"entries on disk", put16(inEnd(8), 2), "end record: found 2 entries of 3, expected all of them"},
		{"more entries", func(b []byte) []byte { return put16(inEnd(10), 4)(put16(inEnd(8), 4)(b)) }, "end record: found 4 entries in a directory of 165 bytes, expected 46 bytes for each"},
		{"fewer entries", func(b []byte) []byte { return put16(inEnd(10), 2)(put16(inEnd(8), 2)(b)) }, "central directory: found 55 bytes after its 2 entries, expected none"},
		{"many entries", func(b []byte) []byte { return put16(inEnd(10), 60000)(put16(inEnd(8), 60000)(b)) }, "end record: found 60000 entries in a directory of 165 bytes, expected 46 bytes for each"},
		{"no entries", func(b []byte) []byte { return put16(inEnd(10), 0)(put16(inEnd(8), 0)(b)) }, "end record: found no entries, expected an archive written by torch.save"},
		{"directory beyond", put32(inEnd(16), 1<<30), "end record: found a directory of 165 bytes at 1073741824, expected one that ends by byte 464"},
		{"directory too long", put32(inEnd(12), 1<<30), "end record: found a directory of 1073741824 bytes at 299, expected one that ends by byte 464"},
		{"directory too short", put32(inEnd(12), 100), "end record: found 65 bytes between the directory and the records at byte 464, expected none"},
		{"zip64 missing", put32(inEnd(16), 0xffffffff), "zip64 end record: found none, expected one for the numbers that the end record leaves out"},

		{"signature", put32(inCentral(1, 0), 0), `central directory, entry 1: found "\x00\x00\x00\x00", expected "PK\x01\x02"`},
		{"encrypted", put16(inCentral(1, 8), 1), `member "a/data/0": found the flag of an encrypted member, expected it unset`},
		{"flags", put16(inCentral(1, 8), 0x40), `member "a/data/0": found flags 0x0040, expected none but 0x0808`},
		{"method", put16(inCentral(1, 10), 93), `member "a/data/0": found compression method 93, expected 0 (stored) or 8 (deflated)`},
		{"sizes", put32(inCentral(1, 20), 23), `member "a/data/0": found 24 bytes stored as 23, expected as many`},
		{"size of none", put32(inCentral(1, 24), 0xffffffff), `member "a/data/0": found no zip64 field for a number that the entry leaves out, expected one`},
		{"long name", put16(inCentral(1, 28), 60000), `central directory, entry 1: found an entry of 60046 bytes, expected at most the 109 that are left`},
		{"disk of a member", put16(inCentral(1, 34), 1), `member "a/data/0": found it on disk 1, expected an archive in one part`},
		{"offset beyond", put32(inCentral(1, 42), 1<<30), `member "a/data/0": found 24 bytes at 1073741824, expected them to end before the directory at byte 299`},
		{"offset of no header", put32(inCentral(1, 42), 1), `member "a/data.pkl": found 156 bytes at 40, expected them to end before byte 1, where the next member or the directory begins`},
		{"same member twice", func(b []byte) []byte { return put32(inCentral(1, 42), 0)(b) }, `member "a/data.pkl": found 156 bytes at 40, expected them to end before byte 0, where the next member or the directory begins`},
		{"symbolic link", func(b []byte) []byte { b[central(b, 1)+5] = 3; return put32(inCentral(1, 38), 0xa1ff0000)(b) }, `member "a/data/0": found a symbolic link, expected a file`},
		{"name twice", func(b []byte) []byte {
			copy(b[central(b, 2)+lenCentral:], "a/data/0x")
			le.PutUint16(b[central(b, 2)+28:], 8)
			le.PutUint16(b[central(b, 2)+32:], 1)
			return b
		}, `member "a/data/0": found the name twice, expected each name once`},

		{"local name", func(b []byte) []byte { b[local(b, 1)+lenLocal+7] = '1'; return b }, `member "a/data/0": found name "a/data/1" in its local header, expected the same name`},
		{"local name's length", put16(inLocal(1, 26), 9), `member "a/data/0": found a name of 9 bytes in its local header, expected the same name`},
		{"local flags", put16(inLocal(1, 6), 1), `member "a/data/0": found flags 0x0001 in its local header and 0x0000 in the directory, expected the same`},
		{"local method", put16(inLocal(1, 8), 8), `member "a/data/0": found method 8 in its local header and 0 in the directory, expected the same`},
		{"local size", put32(inLocal(1, 22), 23), `member "a/data/0": found 23 bytes stored as 24 in its local header and 24 as 24 in the directory, expected the same`},
		{"local checksum", put32(inLocal(1, 14), 7), `member "a/data/0": found checksum 00000007 in its local header and 00000000 in the directory, expected the same`},
		{"local extra", put16(inLocal(1, 28), 60000), `member "a/data/0": found its data at byte 60234, expected it in the 486 of the file`},
		{"bad extra", put16(inLocal(1, 28), 3), `member "a/data/0": local header: found 3 bytes of extra field, expected at least 4`},
		{"descriptor missing", func(b []byte) []byte { return put16(inLocal(1, 6), 0x808)(put16(inCentral(1, 8), 0x808)(b)) }, `member "a/data/0": found no descriptor behind the data, expected one as its flag says`},
		{"overlap", func(b []byte) []byte {
			for _, off := range []int{18, 22} {
				le.PutUint32(b[local(b, 1)+off:], 25)
				le.PutUint32(b[central(b, 1)+off+2:], 25)
			}
			return b
		}, `member "a/data/0": found 25 bytes at 234, expected them to end before byte 258, where the next member or the directory begins`},
		{"junk in front", func(b []byte) []byte {
			at := central(b, 0)
			for i := range 3 {
				le.PutUint32(b[central(b, i)+42:], uint32(local(b, i)+64))
			}
			le.PutUint32(b[end(b)+16:], uint32(at+64))
			return append([]byte("PK\x03\x04"+strings.Repeat("x", 60)), b...)
		}, `member "a/data.pkl": found 64 bytes in front of the first member, expected none`},
	} {
		_, err := openBytes(c.edit(plainSaved(t)))
		if want := "f.pt: " + c.want; err == nil || err.Error() != want {
			t.Errorf("%s: found %v\nexpected %s", c.name, err, want)
		}
	}
}

func TestZipNames(t *testing.T) {
	pickle := member{"a/data.pkl", "N."}
	version := member{"a/version", "3"}
	for _, c := range []struct {
		want    string
		members []member
	}{
		{`member "data.pkl": found no folder in the name, expected all members to lie in one`, []member{{"data.pkl", "N."}, version}},
		{`member "b/version": found it outside of the folder "a", expected all members to lie in one`, []member{pickle, {"b/version", "3"}}},
		{`member "a": found it outside of the folder "a", expected all members to lie in one`, []member{pickle, version, {"a", "x"}}},
		{`member "a/../x": found the folder ".." in the name, expected a plain path`, []member{pickle, version, {"a/../x", "x"}}},
		{`member "../a/data.pkl": found the folder ".." in the name, expected a plain path`, []member{{"../a/data.pkl", "x"}, version}},
		{`member "/a/data.pkl": found the folder "" in the name, expected a plain path`, []member{{"/a/data.pkl", "x"}, version}},
		{`member "a/b\\c": found a backslash or a zero byte in the name, expected neither`, []member{pickle, version, {"a/b\\c", "x"}}},
		{`member "a/b\x00c": found a backslash or a zero byte in the name, expected neither`, []member{pickle, version, {"a/b\x00c", "x"}}},
		{`member "a/Version": found a name that differs from another in case only, expected names that do not`, []member{pickle, version, {"a/Version", "x"}}},
		{`found a zip archive without "a/data.pkl", expected one written by torch.save`, []member{version}},
		{`found no member "a/version", expected one`, []member{pickle}},
		{`member "a/version": found "11", expected a number from 1 to 10`, []member{pickle, {"a/version", "11"}}},
		{`member "a/version": found "three", expected a number from 1 to 10`, []member{pickle, {"a/version", "three"}}},
		{`member "a/version": found 100 bytes, expected at most 64`, []member{pickle, {"a/version", strings.Repeat("1", 100)}}},
		{`member "a/.data/version": found "0", expected a number from 1 to 10`, []member{pickle, version, {"a/.data/version", "0"}}},
		{`member "a/byteorder": found "middle", expected little or big`, []member{pickle, version, {"a/byteorder", "middle"}}},
		{`member "a/constants.pkl": found it as in a TorchScript archive, expected a file written by torch.save`, []member{pickle, version, {"a/constants.pkl", "N."}}},
		{`member "a/code/x.py": found it as in a TorchScript archive, expected a file written by torch.save`, []member{pickle, version, {"a/code/x.py", ""}}},
		{`data.pkl, byte 1: found the end of the pickle, expected STOP`, []member{{"a/data.pkl", "N"}, version}},
		{`data.pkl, byte 0: found the end of the pickle, expected STOP`, []member{{"a/data.pkl", ""}, version}},
		{"", []member{{"a/data.pkl", "N.x"}, version}},
		{"", []member{{"a/data.pkl", "N."}, version, {"a/sub/", ""}, {"a/.format_version", "1"}, {"a/.storage_alignment", "64"}, {"a/byteorder", "little"}, {"a/.data/serialization_id", "0"}}},
	} {
		f, err := openBytes(archive(t, c.members...))
		if c.want == "" && err != nil || c.want != "" && (err == nil || err.Error() != "f.pt: "+c.want) {
			t.Errorf("found %v\nexpected %s", err, c.want)
		}
		if err == nil {
			f.Close()
		}
	}
}

func TestZipFindings(t *testing.T) {
	pickle := inDict(tensorOf(storageOf(floats, "0", 1), 0, nil, nil))
	members := []member{{"a/data.pkl", pickle + "more"}, {"a/data/0", "abcd"}, {"a/data/1", "hidden"}, {"a/payload.exe", "x"}, {"a/version", "3"}}
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	w.SetComment("made by hand")
	for _, m := range members {
		f, _ := w.CreateHeader(&zip.FileHeader{Name: m.name, Method: zip.Store})
		io.WriteString(f, m.data)
	}
	w.Close()
	f, err := openBytes(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, x := range f.Findings {
		got = append(got, x.Code+": "+x.Message)
	}
	want := []string{
		"zip-comment: found a comment of 12 bytes, which torch does not write",
		"trailing-bytes: found 4 bytes behind the pickle, which nothing reads",
		"unaligned: found 1 storages that do not begin at a multiple of 64 bytes",
		`orphan-storage: found 6 bytes in storages that nothing refers to: "a/data/1"`,
		`extra-member: found members that torch.save does not write: "a/payload.exe"`,
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("found %s", strings.Join(got, "\n"))
	}

	// Bytes between members belong to none.
	plain := plainSaved(t)
	at := central(plain, 0)
	gap := append(append(append([]byte(nil), plain[:at]...), "hidden"...), plain[at:]...)
	binary.LittleEndian.PutUint32(gap[end(gap)+16:], uint32(at+6))
	if f, err = openBytes(gap); err != nil {
		t.Fatal(err)
	}
	if x := f.Findings[0]; x.Code != "hidden-bytes" || x.Where != `member "a/version"` || !strings.HasPrefix(x.Message, "found 6 bytes between it and what follows") {
		t.Errorf("found %+v", x)
	}
}

// TestHiddenBytes puts bytes where no reader of the format looks, in front of
// the directory of a file with descriptors and in the ZIP64 record.
func TestHiddenBytes(t *testing.T) {
	whole := testFile(t, "statedict.pt")
	rec := end(whole) - lenLocator64 - lenEnd64
	insert := func(at, n int) []byte {
		return slices.Concat(whole[:at], bytes.Repeat([]byte("h"), n), whole[at:])
	}
	add := func(b []byte, at, n int) {
		binary.LittleEndian.PutUint32(b[at:], binary.LittleEndian.Uint32(b[at:])+uint32(n))
	}
	for _, n := range []int{0, 1, 7, 8, 24, 100} {
		moved := insert(central(whole, 0), n)
		e := end(moved)
		add(moved, e+16, n)
		add(moved, e-lenLocator64+8, n)
		add(moved, e-lenLocator64-lenEnd64+48, n)
		longer := insert(rec+lenEnd64, n)
		add(longer, rec+4, n)
		for place, b := range map[string][]byte{`member "statedict/.data/serialization_id"`: moved, "zip64 end record": longer} {
			f, err := openBytes(b)
			if err != nil {
				t.Errorf("%d bytes: %v", n, err)
				continue
			}
			found := 0
			for _, x := range f.Findings {
				if x.Code == "hidden-bytes" && x.Where == place && strings.HasPrefix(x.Message, fmt.Sprintf("found %d bytes ", n)) {
					found++
				}
			}
			if want := min(n, 1); found != want {
				t.Errorf("%s, %d bytes: found %+v", place, n, f.Findings)
			}
			f.Close()
		}
	}
}

// TestHiddenOften: there is no end of findings.
func TestHiddenOften(t *testing.T) {
	var ms []member
	for i := range maxListed + 5 {
		ms = append(ms, member{fmt.Sprint("a/", i), "xh"})
	}
	b := rawArchive(t, stored, nil, func(h *zip.FileHeader) { h.CompressedSize64, h.UncompressedSize64 = 1, 1 }, ms...)
	z, err := openZip(bytes.NewReader(b), int64(len(b)), "f.pt")
	if err != nil {
		t.Fatal(err)
	}
	if n := len(z.findings); n != maxListed+1 || z.findings[n-1].Message != "found bytes behind 5 more members, which belong to none" {
		t.Errorf("found %+v", z.findings)
	}
}

// TestZip64 reads what torch always writes, with each number of it changed.
func TestZip64(t *testing.T) {
	whole := testFile(t, "statedict.pt")
	rec := end(whole) - lenLocator64 - lenEnd64
	for _, c := range []struct {
		at   int
		want string
	}{
		{0, `found "\xffK\x06\x06" at byte `},
		{4, "found a length of 255, expected 44"},
		{16, "found disks 255 and 0, expected an archive in one part"},
		{24, "found 255 entries of 7, expected all of them"},
		{41, "found 65"},
		{49, "found 65"},
		{47, "found 18374686479671624"},
		{lenEnd64 + 4, "found disk 255 of 1, expected an archive in one part"},
		{lenEnd64 + 15, "found its offset 18374686479671625"},
	} {
		b := bytes.Clone(whole)
		b[rec+c.at] = 0xff
		_, err := openBytes(b)
		if err == nil || !strings.HasPrefix(err.Error(), "f.pt: zip64 end record: "+c.want) {
			t.Errorf("byte %d: found %v\nexpected %s", c.at, err, c.want)
		}
	}

	// Numbers that the records leave out are in the ZIP64 ones.
	big := bytes.Clone(whole)
	e := end(big)
	for i := 8; i < 12; i++ {
		big[e+i] = 0xff
	}
	for i := 12; i < 20; i++ {
		big[e+i] = 0xff
	}
	f, err := openBytes(big)
	if err != nil || len(f.Tensors) != 4 {
		t.Errorf("found %v", err)
	}
}

// TestZipManyEntries: the directory of an archive of 10^6 members is refused
// before memory is taken for it.
func TestZipManyEntries(t *testing.T) {
	var b []byte
	le := binary.LittleEndian
	b = append(b, sigLocal...)
	b = append(b, make([]byte, lenLocal-4)...)
	at := len(b)
	b = append(b, make([]byte, 46*2_000_000)...)
	where := len(b)
	b = append(b, sigEnd64...)
	b = le.AppendUint64(b, 44)
	b = append(b, make([]byte, 12)...)
	b = le.AppendUint64(le.AppendUint64(b, 2_000_000), 2_000_000)
	b = le.AppendUint64(le.AppendUint64(b, uint64(where-at)), uint64(at))
	b = append(b, sigLocator64...)
	b = le.AppendUint32(le.AppendUint64(le.AppendUint32(b, 0), uint64(where)), 1)
	b = append(b, sigEnd...)
	b = append(b, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff)
	b = le.AppendUint32(le.AppendUint32(b, 0xffffffff), 0xffffffff)
	b = append(b, 0, 0)
	_, err := openBytes(b)
	if err == nil || err.Error() != "f.pt: end record: found 2000000 entries, expected at most 1000000" {
		t.Errorf("found %v", err)
	}
}
