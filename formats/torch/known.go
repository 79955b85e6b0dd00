package torch

import "strings"

// Known reports whether a global is one of torch's for tensors or one for plain
// values, so that there is nothing to say of it.
func (g *Global) Known() bool { return !g.Computed && isKnown(g.canonical()) }

// isKnown reports whether a global, by its name in Python 3's spelling, is one
// of torch's for tensors or one for plain values: there is nothing to say of it.
func isKnown(name string) bool {
	if knownGlobals[name] {
		return true
	}
	_, dtype := dtypeNames[name]
	if dtype || strings.HasPrefix(name, "torch._utils._rebuild_") {
		return true
	}
	name, ok := strings.CutPrefix(name, "torch.")
	name = strings.TrimPrefix(name, "cuda.")
	return ok && (storageClasses[name] != storageClass{} || isOldTensor("torch."+name))
}

var knownGlobals = func() map[string]bool {
	m := map[string]bool{}
	for _, name := range []string{
		"torch.storage.UntypedStorage", "torch.storage._UntypedStorage", "torch.UntypedStorage",
		"torch.Tensor", "torch.nn.parameter.Parameter", "torch.Size", "torch.device",
		"torch.serialization._get_layout", "torch._tensor._rebuild_from_type", rebuildType,
		"torch.per_tensor_affine", "torch.per_channel_affine", "torch.per_tensor_symmetric", "torch.per_channel_symmetric",
		"torch.per_channel_affine_float_qparams",
		"torch.bits8", "torch.bits16", "torch.bits1x8", "torch.bits2x4", "torch.bits4x2",
		"torch.qint8", "torch.qint32", "torch.quint8", "torch.quint4x2", "torch.quint2x4",
		"collections.OrderedDict", "collections.defaultdict", "collections.Counter", "collections.deque",
		"builtins.set", "builtins.frozenset", "builtins.slice", "builtins.complex", "builtins.bytearray",
		"builtins.bytes", "builtins.list", "builtins.dict", "builtins.tuple", "builtins.int", "builtins.float",
		"builtins.str", "builtins.bool", "builtins.object", "builtins.range",
		"copyreg._reconstructor", "_codecs.encode",
		"pathlib.Path", "pathlib.PosixPath", "pathlib.WindowsPath", "pathlib.PurePosixPath",
		"pathlib._local.PosixPath", "pathlib._local.Path",
		"datetime.datetime", "datetime.date", "datetime.time", "datetime.timedelta", "datetime.timezone",
		"numpy.dtype", "numpy.ndarray",
		"numpy.core.multiarray._reconstruct", "numpy.core.multiarray.scalar",
		"numpy._core.multiarray._reconstruct", "numpy._core.multiarray.scalar",
	} {
		m[name] = true
	}
	return m
}()
