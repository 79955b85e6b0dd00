package scan

import "strings"

// restrictedOps are the opcodes that torch 2.6's restricted loader understands.
var restrictedOps = func() (ops [256]byte) {
	for _, b := range []byte("cR\x81bae" + "su(t\x85\x86\x87N\x88\x89)]}\x8fJKMGXUQhjqr\x8a\x80.") {
		ops[b] = 1
	}
	return ops
}()

// takesItems are the classes whose instances that loader gives items to.
var takesItems = map[string]bool{"collections.OrderedDict": true, "collections.Counter": true}

// restrictedNames are the globals that the loader takes, as torch 2.6 lists them.
var restrictedNames = func() map[string]bool {
	names := map[string]bool{}
	add := func(prefix, words, suffix string) {
		for _, w := range strings.Fields(words) {
			names[prefix+w+suffix] = true
		}
	}
	const kinds = "BFloat16 Byte Char Double Float Half Int Long Short"
	add("torch.", kinds+" Bool", "Tensor")
	add("torch.cuda.", kinds+" Bool", "Tensor")
	add("torch.sparse.", kinds, "Tensor")
	add("torch.cuda.sparse.", kinds, "Tensor")
	add("torch.", kinds+" Bool ComplexDouble ComplexFloat QInt32 QInt8 QUInt2x4 QUInt4x2 QUInt8", "Storage")
	add("torch.cuda.", kinds+" Bool ComplexDouble ComplexFloat", "Storage")
	add("torch.storage.", "TypedStorage UntypedStorage", "")
	add("torch.", "Size Tensor device bfloat16 bits16 bits1x8 bits2x4 bits4x2 bits8 bool complex128 complex32 complex64 "+
		"float16 float32 float64 float8_e4m3fn float8_e4m3fnuz float8_e5m2 float8_e5m2fnuz int16 int32 int64 int8 "+
		"per_channel_affine per_channel_affine_float_qparams per_channel_symmetric per_tensor_affine per_tensor_symmetric "+
		"qint32 qint8 quint2x4 quint4x2 quint8 uint16 uint32 uint64 uint8 nn.parameter.Parameter serialization._get_layout", "")
	add("torch._utils._rebuild_", "device_tensor_from_cpu_tensor device_tensor_from_numpy meta_tensor_no_storage nested_tensor "+
		"parameter parameter_with_state qtensor sparse_tensor tensor tensor_v2 tensor_v3 wrapper_subclass", "")
	add("", "torch._tensor._rebuild_from_type_v2 _codecs.encode builtins.bytearray builtins.complex builtins.set "+
		"collections.Counter collections.OrderedDict", "")
	return names
}()

// storageBytes are the bytes of an element of torch's storages.
var storageBytes = func() map[string]int64 {
	sizes := map[string]int64{"torch.storage.UntypedStorage": 1, "torch.UntypedStorage": 1, "torch.storage._UntypedStorage": 1}
	for n, words := range map[int64]string{
		1:  "Byte Char Bool QInt8 QUInt8 QUInt4x2 QUInt2x4",
		2:  "Half Short BFloat16",
		4:  "Float Int QInt32",
		8:  "Double Long ComplexFloat",
		16: "ComplexDouble",
	} {
		for _, w := range strings.Fields(words) {
			sizes["torch."+w+"Storage"], sizes["torch.cuda."+w+"Storage"] = n, n
		}
	}
	return sizes
}()
