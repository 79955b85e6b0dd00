package torch

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"
)

func pickleOf[T int | int64](ns ...T) pickleList {
	var l pickleList
	for _, n := range ns {
		l = append(l, pickleInt(n))
	}
	return l
}

func numberedDict(ordered bool, n int) *pickleDict {
	d := &pickleDict{ordered: ordered}
	for i := range n {
		d.items = append(d.items, pickleItem{pickleInt(i), pickleInt(i)})
	}
	return d
}

// pickleCases are the Python values of testdata/save/pickles.json, by their
// expressions.
func pickleCases() map[string]pickleValue {
	x := pickleString("x")
	cases := map[string]pickleValue{
		"None":                pickleNone{},
		"True":                pickleBool(true),
		"[True, False, None]": pickleList{pickleBool(true), pickleBool(false), pickleNone{}},
		"()":                  pickleTuple{},
		"[]":                  pickleList{},
		"{}":                  &pickleDict{},
		"od()":                &pickleDict{ordered: true},
		"(1,)":                pickleTuple(pickleOf(1)),
		"(1, 2)":              pickleTuple(pickleOf(1, 2)),
		"(1, 2, 3)":           pickleTuple(pickleOf(1, 2, 3)),
		"(1, 2, 3, 4)":        pickleTuple(pickleOf(1, 2, 3, 4)),

		"[0, 1, 255, 256, 65535, 65536, 2**31 - 1, 2**31, 2**32, 2**55 - 1, 2**55, 2**63 - 1]": pickleOf[int64](
			0, 1, 255, 256, 65535, 65536, 1<<31-1, 1<<31, 1<<32, 1<<55-1, 1<<55, math.MaxInt64),
		"[-1, -128, -129, -32768, -2**31, -2**31 - 1, -2**39, -2**39 - 1, -2**63]": pickleOf[int64](
			-1, -128, -129, -32768, -1<<31, -1<<31-1, -1<<39, -1<<39-1, math.MinInt64),
		"[0.0, -0.0, 0.1, -1e300, inf, 5e-324]": pickleList{
			pickleFloat(0), pickleFloat(math.Copysign(0, -1)), pickleFloat(0.1), pickleFloat(-1e300),
			pickleFloat(math.Inf(1)), pickleFloat(math.SmallestNonzeroFloat64),
		},
		"['', 'a', 'a', 'é', '重み', '\\0']": pickleList{
			pickleString(""), pickleString("a"), pickleString("a"), pickleString("é"), pickleString("重み"), pickleString("\x00"),
		},
		"[('x',), ['x'], {'x': 'x'}, od(x=1), [[]], ((),)]": pickleList{
			pickleTuple{x},
			pickleList{x},
			&pickleDict{items: []pickleItem{{x, x}}},
			&pickleDict{ordered: true, items: []pickleItem{{x, pickleInt(1)}}},
			pickleList{pickleList{}},
			pickleTuple{pickleTuple{}},
		},
		"{'lr': 0.1, 'betas': (0.9, 0.95), 'step': 70000, 'state': {0: [], 1: {}}}": &pickleDict{items: []pickleItem{
			{pickleString("lr"), pickleFloat(0.1)},
			{pickleString("betas"), pickleTuple{pickleFloat(0.9), pickleFloat(0.95)}},
			{pickleString("step"), pickleInt(70000)},
			{pickleString("state"), &pickleDict{items: []pickleItem{{pickleInt(0), pickleList{}}, {pickleInt(1), &pickleDict{}}}}},
		}},
		"od([('a', od()), ('b', {'c': None})])": &pickleDict{ordered: true, items: []pickleItem{
			{pickleString("a"), &pickleDict{ordered: true}},
			{pickleString("b"), &pickleDict{items: []pickleItem{{pickleString("c"), pickleNone{}}}}},
		}},
	}
	for _, n := range []int{1, 2, 999, 1000, 1001, 1002, 2000, 2001} {
		cases[fmt.Sprintf("numbers(%d)", n)] = batchNumbers(n)
		cases[fmt.Sprintf("plain(%d)", n)] = numberedDict(false, n)
		cases[fmt.Sprintf("ordered(%d)", n)] = numberedDict(true, n)
	}
	var texts pickleList
	for range 2 {
		for i := range 300 {
			texts = append(texts, pickleString(fmt.Sprintf("%d.", i)))
		}
	}
	cases["texts(300)"] = texts
	return cases
}

func batchNumbers(n int) (l pickleList) {
	for i := range n {
		l = append(l, pickleInt(i))
	}
	return l
}

// TestPickle compares values with the pickles that CPython makes of them.
func TestPickle(t *testing.T) {
	b, err := os.ReadFile("testdata/save/pickles.json")
	if err != nil {
		t.Fatal(err)
	}
	var want map[string]string
	if err := json.Unmarshal(b, &want); err != nil {
		t.Fatal(err)
	}
	cases := pickleCases()
	if len(cases) != len(want) {
		t.Errorf("found %d cases, want %d", len(cases), len(want))
	}
	for expr, w := range want {
		v, ok := cases[expr]
		if !ok {
			t.Errorf("no value for %s", expr)
			continue
		}
		b := pickleBytes(v)
		got := hex.EncodeToString(b)
		if strings.HasPrefix(w, "sha256:") {
			got = fmt.Sprintf("sha256:%x", sha256.Sum256(b))
		}
		if got != w {
			t.Errorf("%s is pickled as %s, want %s", expr, got, w)
		}
	}
}

// TestPickleIdentity checks that values with a pointer are one object where it
// is the same, and only there.
func TestPickleIdentity(t *testing.T) {
	one := &pickleDict{}
	for _, test := range []struct {
		v    pickleValue
		want string
	}{
		{pickleTuple{one, one}, "\x80\x02}q\x00h\x00\x86q\x01."},
		{pickleTuple{&pickleDict{}, &pickleDict{}}, "\x80\x02}q\x00}q\x01\x86q\x02."},
		{pickleTuple{&pickleText{"a"}, pickleString("a")}, "\x80\x02X\x01\x00\x00\x00aq\x00X\x01\x00\x00\x00aq\x01\x86q\x02."},
		{pickleTuple{pickleGlobal("m\nf"), &pickleCall{fn: "m\nf"}}, "\x80\x02cm\nf\nq\x00h\x00)Rq\x01\x86q\x02."},
		{picklePersistent{pickleTuple{pickleInt(7)}}, "\x80\x02K\x07\x85q\x00Q."},
	} {
		if got := string(pickleBytes(test.v)); got != test.want {
			t.Errorf("%#v is pickled as %q, want %q", test.v, got, test.want)
		}
	}
}
