package torch

import (
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestReadValues(t *testing.T) {
	ints := func(ns ...int64) (vs []Value) {
		for _, n := range ns {
			vs = append(vs, n)
		}
		return vs
	}
	for _, c := range []struct {
		name, pickle string
		want         Value
	}{
		{"zero as a long", "\x8a\x00.", int64(0)},
		{"zero as a long4", "\x8b\x00\x00\x00\x00.", int64(0)},
		{"long", "\x8a\x02\x00\xff.", int64(-256)},
		{"short bignum", "\x8a\x09\x01\x00\x00\x00\x00\x00\x00\x00\x00.", int64(1)},
		{"bignum", "\x8a\x09\x00\x00\x00\x00\x00\x00\x00\x00\x01.", new(big.Int).Lsh(big.NewInt(1), 64)},
		{"negative bignum", "\x8a\x09\x00\x00\x00\x00\x00\x00\x00\x00\xff.", new(big.Int).Neg(new(big.Int).Lsh(big.NewInt(1), 64))},
		{"protocol 0", "(lp0\nI1\naI01\naL-5L\naF1.5\naS'x'\naVy\na(I2\ntag0\na.", nil},
		{"bytes that are no UTF-8", "X\x02\x00\x00\x00\xff\xed.", "\xff\xed"},
		{"huge memo index", "K\x05r\xff\xff\xff\xff0j\xff\xff\xff\xff.", int64(5)},
		{"duplicate keys", "}(U\x01aK\x01U\x01bK\x02U\x01aK\x03u.", &Dict{Items: []Item{{"a", int64(3)}, {"b", int64(2)}}}},
		{"equal tuples as keys", "}(K\x01U\x01x\x86K\x01K\x01U\x01x\x86K\x02u.", &Dict{Items: []Item{{&Tuple{[]Value{int64(1), "x"}}, int64(2)}}}},
		{"ordered dict of Python 2", "ccollections\nOrderedDict\n]]U\x01aaK\x01aa]U\x01baK\x02aa\x85RU\x01cK\x03s.", nil},
		{"set and frozenset", "(\x8f(K\x01K\x02\x90(K\x03\x91t.", &Tuple{[]Value{&List{ints(1, 2)}, &Tuple{ints(3)}}}},
		{"bytearray", "\x96\x01\x00\x00\x00\x00\x00\x00\x00x\x98.", []byte("x")},
		{"frames", "\x80\x04\x95\x02\x00\x00\x00\x00\x00\x00\x00K\x01\x95\x02\x00\x00\x00\x00\x00\x00\x00\x85..", nil},
		{"persistent text", "Pkey\n.", &Persistent{ID: "key"}},
		{"left on the stack", "K\x01K\x02.", int64(2)},
		{"left at a mark", "K\x01(K\x02.", int64(2)},
		{"popped mark", "K\x01(0.", int64(1)},
		{"popped to the mark", "K\x01(NN1.", int64(1)},
		{"twice", "]2\x86.", nil},
	} {
		v, _, err := readString(c.pickle)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if c.want != nil {
			opt := cmp.Options{cmp.AllowUnexported(Persistent{}), cmp.Comparer(func(a, b *big.Int) bool { return a.Cmp(b) == 0 })}
			if d := cmp.Diff(c.want, v, opt); d != "" {
				t.Errorf("%s: %s", c.name, d)
			}
		}
	}
	v, _, _ := readString("ccollections\nOrderedDict\n](]U\x01aaK\x01a]U\x01baK\x02ae\x85RU\x01cK\x03s.")
	d := v.(*Dict)
	if len(d.Items) != 3 || d.Class.Name != "OrderedDict" || d.Items[1].Key != "b" || d.Items[2].Value != int64(3) {
		t.Errorf("ordered dict of Python 2: %+v", d)
	}
	v, _, _ = readString("]2\x86.")
	if p := v.(*Tuple); p.Items[0].(*List) != p.Items[1].(*List) {
		t.Error("one list became two")
	}
	v, _, _ = readString("cm\nC\n)}\x92.")
	if o := v.(*Object); o.Called() != "m.C" || len(o.Args) != 2 || o.Args[1].(*Dict) == nil {
		t.Errorf("NEWOBJ_EX: %+v", o)
	}
	v, _, _ = readString("c__builtin__\ngetattr\n)R.")
	if o := v.(*Object); o.Called() != "builtins.getattr" {
		t.Errorf("found %q", o.Called())
	}
}

// laughs is a list that holds another twice, and so on, so many levels deep.
func laughs(levels int) string {
	return "(K\x01lq\x00" + strings.Repeat("(h\x00h\x00lq\x00", levels) + "."
}

func TestReadHostile(t *testing.T) {
	for _, c := range []struct{ name, pickle, want string }{
		{"list as a key", "}]Ns.", "p: pickle at byte 0: found a list as a dict key, expected a value that Python can hash"},
		{"list in a key", "}]\x85Ns.", "p: pickle at byte 0: found a list inside of a dict key, expected a value that Python can hash"},
		{"endless key", "}" + ")" + strings.Repeat("q\x00h\x00\x86", 60) + "Ns.", "p: pickle at byte 0: found a dict key of more than 1024 bytes"},
		{"deep tuples", ")" + strings.Repeat("\x85", 1000000) + ".", "p: byte "},
		{"deeper than walks go", ")" + strings.Repeat("\x85", 5000) + ".", "p: pickle at byte 0: found values nested deeper than 1000, expected at most that"},
		{"deep lists", strings.Repeat("]", 5000) + strings.Repeat("a", 4999) + ".", "p: pickle at byte 0: found values nested deeper than 1000"},
		{"deep calls", "cm\nf\n" + strings.Repeat(")R", 5000) + ".", "p: pickle at byte 0: found values nested deeper than 1000"},
		{"deep dicts", strings.Repeat("}U\x01x", 5000) + "N" + strings.Repeat("s", 5000) + ".", "p: pickle at byte 0: found values nested deeper than 1000"},
		{"escapes", "S'a\\n'\n.", "p: byte 0: found a text with escapes, expected the binary strings of protocol 1 and later"},
		{"one list for two dicts", "ccollections\nOrderedDict\nq\x00]q\x01h\x00h\x01\x85Rh\x00h\x01\x85R\x86.", "p: pickle at byte 0: found one list as the items of two dicts, expected a list for each"},
		{"item of one", "ccollections\nOrderedDict\n]N\x85a\x85R.", "p: pickle at byte 0: found an item of an OrderedDict that is not a pair"},
	} {
		start := time.Now()
		_, _, err := readString(c.pickle)
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: found %v\nexpected %s", c.name, err, c.want)
		}
		if d := time.Since(start); d > 3*time.Second {
			t.Errorf("%s took %v", c.name, d)
		}
	}
}

func TestLeaves(t *testing.T) {
	count := func(v Value) (n int, err error) {
		err = Leaves(v, func([]Value, Value) error { n++; return nil })
		return n, err
	}
	for _, c := range []struct {
		name, pickle string
		leaves       int
		err          string
	}{
		{"scalar", "N.", 1, ""},
		{"nested", "}(U\x01a](NNeU\x01bNK\x01\x86u.", 4, ""},
		{"shared", laughs(10), 1024, ""},
		{"laughs", laughs(60), -1, "found more than 5000000 values, expected at most that"},
		{"list in itself", "]q\x00h\x00a.", 0, `found a list that contains itself at "0", expected an end`},
		{"dict in itself", "}q\x00U\x01xh\x00s.", 0, `found a dict that contains itself at "x", expected an end`},
		{"tuple in itself", "]q\x00h\x00\x85q\x01ah\x01.", 0, `found a tuple that contains itself at "0.0", expected an end`},
	} {
		v, _, err := readString(c.pickle)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		n, err := count(v)
		if c.err == "" && err != nil || c.err != "" && (err == nil || err.Error() != c.err) {
			t.Errorf("%s: found %v, expected %q", c.name, err, c.err)
		}
		if c.leaves >= 0 && n != c.leaves {
			t.Errorf("%s: found %d leaves, expected %d", c.name, n, c.leaves)
		}
	}
	deep := Value(int64(1))
	for range 2000 {
		deep = &List{[]Value{deep}}
	}
	if _, err := count(deep); err == nil || err.Error() != `found values nested deeper than 1000 at "0.0.0.0.0.0.0.0…", expected at most that` {
		t.Errorf("found %v", err)
	}
	var paths []string
	v := &Dict{Items: []Item{{"a", &List{[]Value{int64(1), &Tuple{[]Value{nil}}}}}, {int64(7), true}, {2.5, "x"}}}
	Leaves(v, func(p []Value, _ Value) error {
		name, err := joinPath(p)
		if err != nil {
			name = err.Error()
		}
		paths = append(paths, name)
		return nil
	})
	want := []string{"a.0", "a.1.0", "7", "found a float as a key on the way to a tensor, expected strings and ints"}
	if d := cmp.Diff(want, paths); d != "" {
		t.Error(d)
	}
}
