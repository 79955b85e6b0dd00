package random

import "olmotool/formats"

// goldens was printed by testdata/golden.py.
var goldens = []struct {
	seed  uint64
	name  string
	dtype formats.DType
	first int64
	o     Options
	want  string
}{
	{0, "", formats.F64, 0, Options{0, 1}, "000000a0f54dd8bf00000060b1e5f63f000000601712e2bf000000200610cd3f000000c072d8b43f00000040962bf53f000000c0a509e23f000000e06cf702c0"},
	{0, "", formats.F32, 0, Options{0, 1}, "ad6fc2be8b2db73fbb9010bf3180683e96c3a63db25ca93f2e4d103f67bb17c0"},
	{0, "", formats.F16, 0, Options{0, 1}, "13b6b93d85b84433362d4b3d8238bec0"},
	{0, "", formats.BF16, 0, Options{0, 1}, "c2beb73f11bf693ea73da93f103f18c0"},
	{1, "model.embed_tokens.weight", formats.F64, 0, Options{0, 0.02}, "00000040cd40803f000000203f748bbf00000020f104903f00000040b1de913f000000e0aa24523f00000040195591bf00000040a4a58cbf0000006007cd70bf"},
	{1, "model.embed_tokens.weight", formats.F32, 0, Options{0, 0.02}, "6a06023cf9a15bbc8927803c8af58e3c5725913acaa88abc222d65bc3b6886bb"},
	{1, "model.embed_tokens.weight", formats.F16, 0, Options{0, 0.02}, "1020dda201247824891455a429a3339c"},
	{1, "model.embed_tokens.weight", formats.BF16, 0, Options{0, 0.02}, "023c5cbc803c8f3c913a8bbc65bc86bb"},
	{1, "model.norm.weight", formats.F64, 0, Options{1, 0.1}, "000000c0fdbef03f00000000c62cf03f00000020d52cf23f00000000e132f03f00000060a9fdef3f0000004073eeec3f000000c0695cf13f0000002098bff13f"},
	{1, "model.norm.weight", formats.F32, 0, Options{1, 0.1}, "eef7853f3066813fa966913f0897813f4bed7f3f9a73673f4ee38a3fc1fc8d3f"},
	{1, "model.norm.weight", formats.F16, 0, Options{1, 0.1}, "303c0b3c8b3c0d3cff3b3c3b573c703c"},
	{1, "model.norm.weight", formats.BF16, 0, Options{1, 0.1}, "863f813f913f823f803f673f8b3f8e3f"},
	{18446744073709551615, "é", formats.F64, 8589934597, Options{-0.25, 3}, "0000006094a0fb3f0000004056c1de3f0000008049470fc0000000e0576c0740000000402a4312c0000000e05c1c0cc0000000e06549e53f000000802174e8bf"},
	{18446744073709551615, "é", formats.F32, 8589934597, Options{-0.25, 3}, "a304dd3fb20af63e4c3a7ac0bf623b40521992c0e7e260c02f4b2a3f0ca143bf"},
	{18446744073709551615, "é", formats.F16, 8589934597, Options{-0.25, 3}, "e83eb037d2c3db4191c407c352391dba"},
	{18446744073709551615, "é", formats.BF16, 8589934597, Options{-0.25, 3}, "dd3ff63e7ac03b4092c061c02a3f44bf"},
}
