package verify

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"olmotool/formats"
)

func TestRandomTokens(t *testing.T) {
	const c = 10
	got, err := RandomTokens(c, 7, 2, 8)
	if err != nil {
		t.Fatal(err)
	}
	// The same in every version. Behind the first token: the first row and the last.
	want := [][]int32{{2, 0, 9, 1, 8, 7, 9, 5}, {6, 4, 9, 2, 1, 6, 6, 3}}
	if !reflect.DeepEqual(got.Seqs, want) || got.From != "seed 7" {
		t.Errorf("found %v from %q", got.Seqs, got.From)
	}
	if got, err := RandomTokens(c, 7, 1, 2); err != nil || len(got.Seqs[0]) != 2 {
		t.Errorf("short: found %v, %v", got.Seqs, err)
	}
	seen := map[int32]int{}
	many, err := RandomTokens(c, 0, 10, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range many.Seqs {
		for _, id := range s {
			seen[id]++
		}
	}
	for id := range int32(10) {
		if n := seen[id]; n < 900 || n > 1100 {
			t.Errorf("token %d came %d times in 10000", id, n)
		}
	}
	for _, n := range [][2]int{{0, 1}, {1, 0}, {1 << 13, 1 << 12}, {-1, 4}, {1 << 62, 1 << 62}} {
		if _, err := RandomTokens(c, 0, n[0], n[1]); !errors.As(err, new(*UsageError)) {
			t.Errorf("%v: found %v", n, err)
		}
	}
}

func TestReadTokens(t *testing.T) {
	for in, want := range map[string][][]int32{
		"1,2,3":                {{1, 2, 3}},
		" 1 2\t3 , 4\r\n\n5\n": {{1, 2, 3, 4}, {5}},
		"0\n2147483647":        {{0}, {2147483647}},
		"1,2,\n3":              {{1, 2}, {3}},
		"007":                  {{7}},
	} {
		got, err := readTokens(strings.NewReader(in), "f")
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: found %v, %v, want %v", in, got, err, want)
		}
	}
	for in, want := range map[string]string{
		"":                                   "f: found no tokens",
		" \n\n":                              "f: found no tokens",
		"1,,2":                               `f: line 1, column 3: found ','`,
		",1":                                 `f: line 1, column 1: found ','`,
		"1\n2 x":                             `f: line 2, column 3: found 'x', expected token ids`,
		"1\n\n-5":                            `f: line 3, column 1: found '-'`,
		"1.5":                                `f: line 1, column 2: found '.'`,
		"12 2147483648 7":                    "f: line 1, column 4: found a number beyond 2147483647",
		"\x00":                               `f: line 1, column 1: found '\x00'`,
		"1\ufeff":                            "f: line 1, column 2: found",
		"9999999999999999999999999999999999": "f: line 1, column 1: found a number beyond",
	} {
		_, err := readTokens(strings.NewReader(in), "f")
		if e := new(formats.Error); !errors.As(err, &e) || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: found %v, want %q", in, err, want)
		}
	}
	if got, err := ParseTokens("5, 6", "--tokens"); err != nil || len(got.Seqs) != 1 || got.From != "--tokens" {
		t.Errorf("found %v, %v", got, err)
	}
	if _, err := ParseTokens("5\n6", "--tokens"); err == nil {
		t.Error("two sequences in a list of one")
	}
}

func FuzzReadTokens(f *testing.F) {
	for _, s := range []string{"1,2,3", "1 2\n3\n", "", ",", "1,,", "-1", "99999999999", "1\r\n\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		seqs, err := readTokens(strings.NewReader(s), "f")
		if err != nil {
			if !errors.As(err, new(*formats.Error)) {
				t.Errorf("found %T", err)
			}
			return
		}
		for _, seq := range seqs {
			for _, id := range seq {
				if id < 0 {
					t.Errorf("found token %d", id)
				}
			}
			if len(seq) == 0 {
				t.Error("found an empty sequence")
			}
		}
	})
}

func TestOpenTokensFile(t *testing.T) {
	dir := t.TempDir()
	put := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		return path
	}
	got, err := OpenTokensFile(put("a.txt", "1 2\n3"))
	if err != nil || !reflect.DeepEqual(got.Seqs, [][]int32{{1, 2}, {3}}) || got.From != dir+"/a.txt" {
		t.Errorf("text: found %+v, %v", got, err)
	}
	for _, c := range []struct {
		ids  formats.Tensor
		want [][]int32
		err  string
	}{
		{intTensor(t, "input_ids", formats.I64, []int64{3}, 5, 6, 7), [][]int32{{5, 6, 7}}, ""},
		{intTensor(t, "input_ids", formats.I32, []int64{2, 2}, 5, 6, 7, 8), [][]int32{{5, 6}, {7, 8}}, ""},
		{intTensor(t, "input_ids", formats.I64, []int64{1, 1, 1}, 5), nil, `tensor "input_ids": found shape [1 1 1], expected [T] or [B, T]`},
		{intTensor(t, "input_ids", formats.I64, []int64{0}), nil, "found shape [0], expected 1 to"},
		{intTensor(t, "input_ids", formats.I64, []int64{2}, 5, 1<<31), nil, "element 1: found 2147483648, expected a token id"},
		{intTensor(t, "input_ids", formats.I32, []int64{2}, 5, -6), nil, "element 1: found -6, expected a token id"},
		{intTensor(t, "input_ids", formats.U64, []int64{1}, 5), nil, "found U64, expected I64 or I32"},
		{intTensor(t, "ids", formats.I64, []int64{1}, 5), nil, `found no tensor "input_ids"`},
	} {
		path := filepath.Join(dir, "a.safetensors")
		writeSafetensors(t, path, []formats.Tensor{c.ids}, nil)
		got, err := OpenTokensFile(path)
		if c.err == "" {
			if err != nil || !reflect.DeepEqual(got.Seqs, c.want) {
				t.Errorf("%v: found %v, %v", c.ids.Shape, got.Seqs, err)
			}
			continue
		}
		if e := new(formats.Error); !errors.As(err, &e) {
			t.Errorf("%v: found %v", c.ids.Shape, err)
			continue
		}
		wantText(t, "error", err.Error(), path, c.err)
	}
	for _, path := range []string{dir, filepath.Join(dir, "none"), put("cut.safetensors", "\xff\x00\x00\x00\x00\x00\x00\x00{"), put("junk", "hello")} {
		if _, err := OpenTokensFile(path); err == nil {
			t.Errorf("%s was read", path)
		}
	}
}
