package torch

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"strings"
	"testing"

	"olmotool/formats"
)

// member is a member of a test archive.
type member struct {
	name string
	data string
}

// archive returns a zip archive as an ordinary library writes it.
func archive(t testing.TB, members ...member) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, m := range members {
		f, err := w.CreateHeader(&zip.FileHeader{Name: m.name, Method: zip.Store})
		if err != nil {
			t.Fatal(err)
		}
		f.Write([]byte(m.data))
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// saved returns an archive of a pickle and one storage of 24 bytes.
func saved(t testing.TB, pickle string) []byte {
	return archive(t, member{"a/data.pkl", pickle}, member{"a/data/0", "abcdefghijklmnopqrstuvwx"}, member{"a/version", "3\n"})
}

// Parts of pickles.
const (
	pickleHooks = "ccollections\nOrderedDict\n)R"
	floats      = "ctorch\nFloatStorage\n"
)

func pickleNumber(n int64) string {
	return "\x8a\x08" + string(binary.LittleEndian.AppendUint64(nil, uint64(n)))
}

func pickleNumbers(ns ...int64) string {
	s := "("
	for _, n := range ns {
		s += pickleNumber(n)
	}
	return s + "t"
}

// storageOf is a reference to a storage.
func storageOf(class, key string, count int64) string {
	return "(U\x07storage" + class + "U" + string(rune(len(key))) + key + "U\x03cpu" + pickleNumber(count) + "tQ"
}

// tensorOf is a call of _rebuild_tensor_v2.
func tensorOf(storage string, offset int64, size, strides []int64) string {
	return "ctorch._utils\n_rebuild_tensor_v2\n(" + storage + pickleNumber(offset) + pickleNumbers(size...) + pickleNumbers(strides...) + "\x89" + pickleHooks + "tR"
}

// inDict is the pickle of {"t": value}.
func inDict(value string) string { return "\x80\x02}U\x01t" + value + "s." }

func TestRebuild(t *testing.T) {
	f32 := storageOf(floats, "0", 6)
	v3 := func(dtype, more string) string {
		return "ctorch._utils\n_rebuild_tensor_v3\n(" + storageOf("ctorch.storage\nUntypedStorage\n", "0", 24) + "K\x01" +
			pickleNumbers(2, 3) + pickleNumbers(3, 1) + "\x89" + pickleHooks + "ctorch\n" + dtype + "\n" + more + "tR"
	}
	for _, c := range []struct {
		name, value string
		dtype       formats.DType
		shape       string
		data        string
	}{
		{"plain", tensorOf(f32, 0, []int64{2, 3}, []int64{3, 1}), formats.F32, "[2 3]", "abcdefghijklmnopqrstuvwx"},
		{"of torch before 0.4", "ctorch._utils\n_rebuild_tensor\n(" + f32 + "K\x01K\x02\x85K\x01\x85tR", formats.F32, "[2]", "efghijkl"},
		{"lists for tuples", "ctorch._utils\n_rebuild_tensor\n(" + f32 + "K\x01]K\x02a]K\x01atR", formats.F32, "[2]", "efghijkl"},
		{"size class", "ctorch._utils\n_rebuild_tensor\n(" + f32 + "K\x01ctorch\nSize\nK\x02\x85\x85RK\x01\x85tR", formats.F32, "[2]", "efghijkl"},
		{"bytes for text", tensorOf("(C\x07storage"+floats+"C\x010C\x03cpuK\x06tQ", 5, nil, nil), formats.F32, "[]", "uvwx"},
		{"on a device", tensorOf("(U\x07storagectorch.cuda\nHalfStorage\nU\x010U\x06cuda:0K\x0ctQ", 11, nil, nil), formats.F16, "[]", "wx"},
		{"transposed", tensorOf(f32, 0, []int64{3, 2}, []int64{1, 3}), formats.F32, "[3 2]", "abcdmnopefghqrstijkluvwx"},
		{"empty behind the end", tensorOf(f32, 100, []int64{0, 7}, []int64{7, 1}), formats.F32, "[0 7]", ""},
		{"strides of one element", tensorOf(f32, 1, []int64{1, 2, 1}, []int64{999, 1, 1 << 62}), formats.F32, "[1 2 1]", "efghijkl"},
		{"expanded", tensorOf(f32, 1, []int64{3}, []int64{0}), formats.F32, "[3]", "efghefghefgh"},
		{"float8", v3("float8_e8m0fnu", ""), formats.F8E8M0, "[2 3]", "bcdefg"},
		{"packed", v3("float4_e2m1fn_x2", "N"), formats.F4, "[2 6]", "bcdefg"},
		{"metadata that says nothing", v3("uint16", "}U\x04conj\x89s"), formats.U16, "[2 3]", "cdefghijklmn"},
		{"parameter", "ctorch._utils\n_rebuild_parameter\n(" + tensorOf(f32, 5, nil, nil) + "\x88" + pickleHooks + "tR", formats.F32, "[]", "uvwx"},
		{"subclass", "ctorch.tensor\n_rebuild_from_type_v2\n(ctorch._utils\n_rebuild_tensor\ncmy\nTensor\n(" + f32 + "K\x05))t}tR", formats.F32, "[]", "uvwx"},
	} {
		f, err := openBytes(saved(t, inDict(c.value)))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if err := f.complete(); err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		x := f.Tensors[0]
		if got := tensorBytes(t, x); x.DType != c.dtype || sprint(x.Shape) != c.shape || string(got) != c.data {
			t.Errorf("%s: found %s %v %q, expected %s %s %q", c.name, x.DType, x.Shape, got, c.dtype, c.shape, c.data)
		}
	}
}

func TestRebuildMalformed(t *testing.T) {
	f32 := storageOf(floats, "0", 6)
	v2 := func(args string) string { return "ctorch._utils\n_rebuild_tensor_v2\n(" + args + "tR" }
	rank := make([]int64, 1000)
	wrap := tensorOf(f32, 0, nil, nil)
	for range 12 {
		wrap = "ctorch._utils\n_rebuild_parameter\n(" + wrap + "\x88]tR"
	}
	for _, c := range []struct{ name, value, want string }{
		// Storages.
		{"no tuple", "NQ", `data.pkl: found None as a persistent id, expected a tuple`},
		{"other kind", "(U\x05thingNtQ", `data.pkl: found a persistent id of kind "thing", expected "storage"`},
		{"short id", "(U\x07storageNtQ", `data.pkl: found a persistent id of 2 items, expected 5`},
		{"class", "(U\x07storageNU\x010U\x03cpuK\x06tQ", `data.pkl: found None as the class of a storage, expected a global`},
		{"unknown class", storageOf("cos\nsystem\n", "0", 6), `data.pkl: found "os.system" as the class of a storage, expected one of torch's`},
		{"key", storageOf(floats, "../0", 6), `data.pkl: found storage key "../0", expected a short name without slashes`},
		{"no key", storageOf(floats, "", 6), `data.pkl: found storage key "", expected a short name without slashes`},
		{"count", "(U\x07storage" + floats + "U\x010U\x03cpuNtQ", `data.pkl: storage "0": found None as its size, expected an int`},
		{"negative count", storageOf(floats, "0", -1), `data.pkl: storage "0": found -1 elements of 4 bytes, expected a size that fits`},
		{"huge count", storageOf(floats, "0", 1<<62), `data.pkl: storage "0": found 4611686018427387904 elements of 4 bytes, expected a size that fits`},
		{"no record", storageOf(floats, "9", 6), `storage "9": found no member "a/data/9", expected one`},
		{"short record", storageOf(floats, "0", 7), `member "a/data/0": found 24 bytes, expected 28 for torch.FloatStorage of 7 elements`},
		{"long record", storageOf(floats, "0", 5), `member "a/data/0": found 24 bytes, expected 20 for torch.FloatStorage of 5 elements`},
		{"disagreement", f32 + storageOf("ctorch\nIntStorage\n", "0", 6) + "\x86", `data.pkl: storage "0": found torch.FloatStorage of 6 elements and torch.IntStorage of 6, expected all references to agree`},
		{"view of a storage", "(U\x07storage" + floats + "U\x010U\x03cpuK\x06" + pickleNumbers(1, 2) + "tQ", `data.pkl: found a storage that is a view of another (torch before 0.4), expected one that stands alone`},

		// Tensors.
		{"arguments", v2(f32), `tensor "t": found 1 arguments of torch._utils._rebuild_tensor_v2, expected 6`},
		{"storage of nothing", v2("NNNNNN"), `tensor "t": found None as its storage, expected a persistent reference`},
		{"storage in bytes", v2("ctorch.storage\n_load_from_bytes\nC\x01x\x85RNNNNN"), `tensor "t": found an object made by "torch.storage._load_from_bytes" as its storage, expected a persistent reference`},
		{"module as storage", v2("(U\x06moduleNNNtQNNNNN"), `tensor "t": found a storage that the file does not hold, expected one of its own`},
		{"offset", v2(f32 + "N)))N"), `tensor "t": found None as its offset, expected an int`},
		{"negative offset", tensorOf(f32, -1, nil, nil), `tensor "t": found offset -1, expected 0 or more`},
		{"size", v2(f32 + "K\x00N)NN"), `tensor "t": its size: found None, expected a tuple of ints`},
		{"size of floats", v2(f32 + "K\x00G\x3f\xf0\x00\x00\x00\x00\x00\x00\x85)NN"), `tensor "t": its size: found 1 among them, expected ints of 0 or more`},
		{"negative size", tensorOf(f32, 0, []int64{-1}, []int64{1}), `tensor "t": its size: found -1 among them, expected ints of 0 or more`},
		{"negative stride", tensorOf(f32, 5, []int64{2}, []int64{-1}), `tensor "t": its strides: found -1 among them, expected ints of 0 or more`},
		{"strides", tensorOf(f32, 0, []int64{2}, nil), `tensor "t": found 0 strides, expected 1`},
		{"rank", tensorOf(f32, 0, rank, rank), `tensor "t": its size: found 1000 dimensions, expected at most 64`},
		{"beyond the storage", tensorOf(f32, 0, []int64{7}, []int64{1}), `tensor "t": found element 6 of storage "0", expected fewer than 6`},
		{"offset beyond", tensorOf(f32, 6, nil, nil), `tensor "t": found element 6 of storage "0", expected fewer than 6`},
		{"stride beyond", tensorOf(f32, 0, []int64{2, 2}, []int64{5, 1}), `tensor "t": found element 6 of storage "0", expected fewer than 6`},
		{"huge stride", tensorOf(f32, 0, []int64{3}, []int64{1 << 62}), `tensor "t": found strides [4611686018427387904], expected ones that fit`},
		{"huge size", tensorOf(f32, 0, []int64{1 << 40, 1 << 40}, []int64{0, 0}), `tensor "t": found size [1099511627776 1099511627776], expected one that fits`},
		{"size times type", tensorOf(f32, 0, []int64{1 << 62}, []int64{0}), `tensor "t": found size [4611686018427387904], expected one that fits`},
		{"expansion", tensorOf(f32, 0, []int64{1 << 40}, []int64{0}), `tensor "t": found 4398046511104 bytes made of a storage of 24, expected at most 16 times as many`},
		{"windows", tensorOf(storageOf("ctorch\nByteStorage\n", "0", 24), 0, []int64{1 << 60, 12}, []int64{0, 1}), `tensor "t": found size [1152921504606846976 12], expected one that fits`},
		{"no type", tensorOf(storageOf("ctorch.storage\nUntypedStorage\n", "0", 24), 0, nil, nil), `tensor "t": found a storage without a type, expected one with`},
		{"dtype", "ctorch._utils\n_rebuild_tensor_v3\n(" + f32 + "K\x00)))NNtR", `tensor "t": found None as its dtype, expected a global`},
		{"unknown dtype", "ctorch._utils\n_rebuild_tensor_v3\n(" + f32 + "K\x00)))Nctorch\nint3\ntR", `tensor "t": found elements of torch.int3, expected a dense tensor`},
		{"packed scalar", "ctorch._utils\n_rebuild_tensor_v3\n(" + f32 + "K\x00)))Nctorch\nfloat4_e2m1fn_x2\ntR", `tensor "t": found a scalar of packed elements, expected a dense tensor`},
		{"quantised storage", tensorOf(storageOf("ctorch\nQInt32Storage\n", "0", 6), 0, nil, nil), `tensor "t": found elements of a torch.QInt32Storage, expected a dense tensor`},
		{"old parameter", "ctorch.nn.parameter\nParameter\n)\x81", `tensor "t": found a parameter as torch before 0.4 wrote it, expected a dense tensor`},
		{"old tensor", "ctorch.cuda\nFloatTensor\n)\x81", `tensor "t": found a tensor as torch before 0.4 wrote it, expected a dense tensor`},
		{"future function", "ctorch._utils\n_rebuild_tensor_v9\n)R", `tensor "t": found an object made by "torch._utils._rebuild_tensor_v9", expected a dense tensor`},
		{"parameter of nothing", "ctorch._utils\n_rebuild_parameter\nN\x88\x86R", `tensor "t": found None, expected a tensor`},
		{"bare parameter", "ctorch._utils\n_rebuild_parameter\n)R", `tensor "t": found 0 arguments of torch._utils._rebuild_parameter, expected 3`},
		{"subclass", "ctorch._tensor\n_rebuild_from_type_v2\n)R", `tensor "t": found 0 arguments of torch._tensor._rebuild_from_type_v2, expected 4`},
		{"subclass arguments", "ctorch._tensor\n_rebuild_from_type_v2\n(NNNNtR", `tensor "t": found None as the arguments of a function, expected a tuple`},
		{"subclass of a function", "ctorch._tensor\n_rebuild_from_type_v2\n(cos\nsystem\nN)NtR", `tensor "t": found an object made by "os.system", expected a dense tensor`},
		{"wrapped", wrap, `tensor "t": found a tensor wrapped more than 8 times, expected fewer`},

		// The way to them.
		{"key of a float", "}G\x3f\xf0\x00\x00\x00\x00\x00\x00" + tensorOf(f32, 0, nil, nil) + "s", `found a float as a key on the way to a tensor, expected strings and ints`},
		{"name twice", "}(U\x03x.yq\x010U\x01x}U\x01y" + tensorOf(f32, 0, nil, nil) + "sU\x03x.y" + tensorOf(f32, 0, nil, nil) + "u", `tensor "t.x.y": found the name twice, expected each name once`},
		{"long name", "}X\x01\x00\x01\x00" + strings.Repeat("x", 65537) + tensorOf(f32, 0, nil, nil) + "s", `found a tensor whose name is longer than 65536 bytes, expected at most that`},
		{"cycle", "]q\x09h\x09a", `found a list that contains itself at "t.0", expected an end`},
		{"no tensors", "N", `found a dict without tensors in dicts, lists and tuples, expected a state dict`},
		{"an object", "ctorch.nn.modules.linear\nLinear\n)\x81", `found a dict without tensors in dicts, lists and tuples, expected a state dict`},
	} {
		f, err := openBytes(saved(t, inDict(c.value)))
		if err == nil {
			err = f.complete()
		}
		if want := "f.pt: " + c.want; err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: found %v\nexpected %s", c.name, err, want)
		}
	}
}

// TestUntypedBigEndian: torch does not swap a storage without a type.
func TestUntypedBigEndian(t *testing.T) {
	value := "ctorch._utils\n_rebuild_tensor_v3\n(" + storageOf("ctorch.storage\nUntypedStorage\n", "0", 24) + "K\x00)))Nctorch\nuint16\ntR"
	f, err := openBytes(archive(t, member{"a/data.pkl", inDict(value)}, member{"a/byteorder", "big"}, member{"a/data/0", strings.Repeat("x", 24)}, member{"a/version", "3"}))
	if err == nil {
		err = f.complete()
	}
	if err == nil || !strings.Contains(err.Error(), `tensor "t": found big-endian elements in a storage without a type`) {
		t.Errorf("found %v", err)
	}
}
