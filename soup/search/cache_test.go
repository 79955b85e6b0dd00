package search

import (
	"context"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"olmotool/formats"
)

// counted counts what a scorer is asked, and fails after so many times.
type counted struct {
	Scorer
	asked, fail int
}

func (c *counted) Score(ctx context.Context, of []*big.Rat) (Score, error) {
	if c.asked++; c.fail > 0 && c.asked >= c.fail {
		return Score{}, errors.New("broken")
	}
	return c.Scorer.Score(ctx, of)
}

func openCache(t *testing.T, path string) *Cache {
	t.Helper()
	c, err := OpenCache(path)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// A search that broke off goes on where it was, and ends as one that did not.
func TestCacheResumes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "scores")
	scorer := parts{bowl{0.5, 0.25, 0.25}, 3, 0.001}
	want, err := Greedy.Run(t.Context(), 3, scorer, Options{})
	if err != nil {
		t.Fatal(err)
	}
	of := Identity{[]string{"a", "b", "c"}, "soup", "scorer"}
	for i, c := range []struct{ fail, hits, asked int }{{3, 0, 3}, {2, 2, 2}, {0, 3, 2}, {0, 5, 0}} {
		inner := &counted{Scorer: scorer, fail: c.fail}
		x := &Cached{Scorer: inner, Cache: openCache(t, path), Of: of}
		r, err := Greedy.Run(t.Context(), 3, x, Options{})
		if (err != nil) != (c.fail > 0) || x.Hits != c.hits || inner.asked != c.asked {
			t.Fatalf("run %d: %d from the cache, %d computed, error %v; want %+v", i, x.Hits, inner.asked, err, c)
		}
		if err == nil && tell(r) != tell(want) {
			t.Errorf("run %d: found\n%s\nwant\n%s", i, tell(r), tell(want))
		}
	}
	es, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(es) != 1 {
		t.Errorf("found %v, want the file alone; %v", es, err)
	}
}

// The order of models, and models that do not count, do not change a score; all
// else does.
func TestKey(t *testing.T) {
	half, none := big.NewRat(1, 2), new(big.Rat)
	id := Identity{[]string{"a", "b", "c"}, "soup", "scorer"}
	key := id.key([]*big.Rat{half, half, none})
	same := Identity{[]string{"x", "b", "a"}, "soup", "scorer"}
	if same.key([]*big.Rat{none, half, half}) != key {
		t.Error("the order of models changes the key")
	}
	for _, c := range []struct {
		id Identity
		c  []*big.Rat
	}{
		{id, []*big.Rat{half, none, half}},
		{id, []*big.Rat{big.NewRat(1, 3), big.NewRat(2, 3), none}},
		{Identity{id.Models, "soup2", "scorer"}, []*big.Rat{half, half, none}},
		{Identity{id.Models, "soup", "scorer2"}, []*big.Rat{half, half, none}},
		{Identity{id.Models, "sou", "pscorer"}, []*big.Rat{half, half, none}},
	} {
		if c.id.key(c.c) == key {
			t.Errorf("%v of %v has the same key", c.c, c.id)
		}
	}
}

const (
	goodKey  = `"key":"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"`
	goodLine = `{` + goodKey + `,"coefficients":"1 0","value":1,"parts":"AAAAAAAA8D8AAAAAAADwPw=="}`
)

// hostile are files that are refused, and why.
var hostile = []struct{ text, want string }{
	{"x", "line 1: found \"x\", expected {\"schema\":"},
	{strings.Repeat("x", 1000), "this is no file of scores"},
	{cacheSchema, "line 1: found"},
	{cacheSchema + "\n" + goodLine, "found a last line without an end"},
	{cacheSchema + "\n\n", "line 2: found what is no score"},
	{cacheSchema + "\n" + goodLine + "\n" + goodLine + "\n", "line 3: found key 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef once more"},
	{cacheSchema + "\n" + goodLine + "{}\n", "line 2: found more behind a score"},
	{cacheSchema + "\n" + `{"key":"01","value":1}` + "\n", `line 2: found "01" as a key`},
	{cacheSchema + "\n" + `{"value":1}` + "\n", `line 2: found "" as a key`},
	{cacheSchema + "\n" + `{` + goodKey + `,"value":NaN}` + "\n", "line 2: found what is no score"},
	{cacheSchema + "\n" + `{` + goodKey + `,"value":1e999}` + "\n", "line 2: found what is no score"},
	{cacheSchema + "\n" + `{` + goodKey + `,"value":1,"error":-1}` + "\n", "line 2: found -1 as the error"},
	{cacheSchema + "\n" + `{` + goodKey + `,"value":1,"evil":1}` + "\n", "line 2: found what is no score"},
	{cacheSchema + "\n" + `{` + goodKey + `,"value":1,"parts":"AAAA"}` + "\n", "line 2: found parts of 3 bytes"},
	{cacheSchema + "\n" + `{` + goodKey + `,"value":1,"parts":"AAAAAAAA+H8="}` + "\n", "line 2: found a score of 1 ± 0, expected NaN ± NaN"},
	{cacheSchema + "\n" + strings.Replace(goodLine, `"value":1`, `"value":2`, 1) + "\n", "line 2: found a score of 2 ± 0, expected 1 ± 0, the mean of its parts"},
	{cacheSchema + "\n[]\n", "line 2: found what is no score"},
	{cacheSchema + "\nnull\n", `line 2: found "" as a key`},
}

func TestHostileCache(t *testing.T) {
	path := filepath.Join(t.TempDir(), "scores")
	for _, c := range hostile {
		if err := os.WriteFile(path, []byte(c.text), 0o666); err != nil {
			t.Fatal(err)
		}
		_, err := OpenCache(path)
		if known := new(*formats.Error); !errors.As(err, known) || !strings.HasPrefix(err.Error(), path+": ") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.80q: found %v, want %s", c.text, err, c.want)
		}
	}
	good := cacheSchema + "\n" + goodLine + "\n"
	if err := os.WriteFile(path, []byte(good), 0o666); err != nil {
		t.Fatal(err)
	}
	c := openCache(t, path)
	want := map[string]Score{goodKey[7:71]: {Value: 1, Parts: []float64{1, 1}}}
	if d := cmp.Diff(want, c.scores); d != "" {
		t.Error(d)
	}
	// An empty file is one of no scores, and other people's are not lost.
	if err := c.add(strings.Repeat("0", 64), []*big.Rat{big.NewRat(1, 1)}, Score{Value: 0.1}); err != nil {
		t.Fatal(err)
	}
	if len(openCache(t, path).scores) != 2 {
		t.Error("a score was lost")
	}
	if err := os.WriteFile(path, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	openCache(t, path)
}

// Where no file can be written the search does not begin.
func TestCacheNotWritable(t *testing.T) {
	dir := t.TempDir()
	if err := os.Symlink(filepath.Join(dir, "x"), filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{dir, filepath.Join(dir, "no", "scores"), filepath.Join(dir, "link")} {
		if _, err := OpenCache(path); err == nil {
			t.Errorf("%s: can be written", path)
		}
	}
}

// Whatever a file holds, it is scores or an error; what is read can be written
// and read again.
func FuzzCache(f *testing.F) {
	for _, c := range hostile {
		f.Add([]byte(c.text))
	}
	f.Add([]byte(cacheSchema + "\n" + goodLine + "\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		c := &Cache{path: "scores", scores: map[string]Score{}}
		if err := c.parse(b); err != nil {
			if known := new(*formats.Error); !errors.As(err, known) {
				t.Errorf("found %T: %v", err, err)
			}
			return
		}
		for key, s := range c.scores {
			if err := s.check(-1); err != nil || len(key) != 64 {
				t.Errorf("took %v for %q: %v", s, key, err)
			}
		}
	})
}
