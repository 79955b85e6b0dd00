package scan

// inertNames are functions and classes that make plain values.
var inertNames = wordsOf(`
	builtins.object builtins.bool builtins.int builtins.float builtins.str builtins.bytes builtins.list builtins.tuple builtins.dict
	builtins.frozenset builtins.slice builtins.range builtins.Ellipsis builtins.NotImplemented builtins.NoneType builtins.iter builtins.reversed
	builtins.enumerate builtins.zip builtins.map builtins.filter builtins.sorted builtins.len builtins.abs builtins.sum builtins.min builtins.max builtins.round
	builtins.pow builtins.divmod builtins.all builtins.any builtins.hash builtins.repr builtins.ascii builtins.bin builtins.hex builtins.oct
	builtins.ord builtins.chr builtins.format builtins.isinstance builtins.issubclass builtins.next
	builtins.StopIteration builtins.StopAsyncIteration builtins.KeyboardInterrupt builtins.SystemExit builtins.GeneratorExit builtins.ExceptionGroup

	collections.defaultdict collections.deque collections.ChainMap collections.UserDict collections.UserList collections.UserString
	_collections._tuplegetter _codecs.decode codecs.encode codecs.decode copyreg._reconstructor copyreg.__newobj__ copyreg.__newobj_ex__
	datetime.datetime datetime.date datetime.time datetime.timedelta datetime.timezone datetime.tzinfo _datetime.datetime
	zoneinfo.ZoneInfo zoneinfo.ZoneInfo._unpickle zoneinfo._unpickle decimal.Decimal _pydecimal.Decimal fractions.Fraction uuid.UUID uuid.SafeUUID
	pathlib.Path pathlib.PosixPath pathlib.WindowsPath pathlib.PurePath pathlib.PurePosixPath pathlib.PureWindowsPath
	pathlib._local.Path pathlib._local.PosixPath pathlib._local.WindowsPath pathlib._local.PurePath pathlib._local.PurePosixPath pathlib._local.PureWindowsPath
	argparse.Namespace types.SimpleNamespace array.array array._array_reconstructor random.Random time.struct_time re._compile
	io.BytesIO io.StringIO _io.BytesIO _io.StringIO
	ipaddress.IPv4Address ipaddress.IPv6Address ipaddress.IPv4Network ipaddress.IPv6Network
	itertools.count itertools.repeat itertools.cycle itertools.chain itertools.islice itertools.product itertools.permutations itertools.combinations

	numpy.core.multiarray._reconstruct numpy.core.multiarray.scalar numpy._core.multiarray._reconstruct numpy._core.multiarray.scalar
	numpy.core.numeric._frombuffer numpy._core.numeric._frombuffer numpy.ma.core._mareconstruct numpy.ma.core.MaskedArray numpy.ma.MaskedArray
	numpy.random._pickle.__randomstate_ctor numpy.random._pickle.__generator_ctor numpy.random._pickle.__bit_generator_ctor
	numpy.random._mt19937.MT19937 numpy.random._pcg64.PCG64 numpy.random.mtrand.RandomState numpy.random._generator.Generator numpy.random.bit_generator.SeedSequence
	numpy.core.multiarray.ndarray numpy._core.multiarray.ndarray
	joblib.numpy_pickle.NumpyArrayWrapper joblib.numpy_pickle.NDArrayWrapper joblib.numpy_pickle.ZNDArrayWrapper
	joblib.numpy_pickle_compat.NDArrayWrapper joblib.numpy_pickle_compat.ZNDArrayWrapper

	torch._utils._rebuild_sparse_csr_tensor torch._utils._rebuild_device_tensor_from_numpy torch._utils._rebuild_xla_tensor torch._utils._rebuild_compressed_sparse_tensor
	torch._tensor._rebuild_from_type torch.storage._UntypedStorage torch.storage._TypedStorage torch.storage.UntypedStorage
	torch.jit._pickle.build_intlist torch.jit._pickle.build_tensorlist torch.jit._pickle.build_doublelist torch.jit._pickle.build_boollist
	torch.jit._pickle.build_tensor_from_id torch.jit._pickle.restore_type_tag torch._C._disabled_torch_function_impl
	torch.distributed.checkpoint.filesystem._StorageInfo olmo_core.distributed.checkpoint.filesystem._StorageInfo
	torch.distributed._shard.sharded_tensor.api.ShardedTensor torch.distributed._shard.sharded_tensor.api.ShardedTensor.ProcessGroupState
	torch.distributed._shard.sharded_tensor.shard.Shard torch.distributed.remote_device._remote_device
	torch.distributed.fsdp.flat_param._ShardParamInfo torch.distributed.fsdp._flat_param._ShardParamInfo
	torch.distributed.device_mesh.DeviceMesh torch.distributed.tensor._dtensor_spec.DTensorSpec torch.distributed.tensor._dtensor_spec.TensorMeta torch.distributed.tensor.DTensor
	torch.distributed.tensor.placement_types.Partial torch.distributed.tensor.placement_types.Replicate torch.distributed.tensor.placement_types.Shard`)

// valueModules are modules whose classes hold values only.
var valueModules = []string{
	"torch.distributed.checkpoint.metadata", "torch.distributed._shard.metadata", "torch.distributed._shard.sharded_tensor.metadata",
	"torch.distributed._shard.sharding_spec.api", "torch.distributed._shard.sharding_spec.chunk_sharding_spec",
	"olmo.config", "olmo_core.config", "olmo_core.optim.config",
}

// torchValues are names of module torch that are values: types of elements that
// came after torch 2.6, and enumerations.
var torchValues = wordsOf(`int1 int2 int3 int4 int5 int6 int7 uint1 uint2 uint3 uint4 uint5 uint6 uint7 float8_e8m0fnu float4_e2m1fn_x2
	float double half long int short cfloat cdouble chalf strided sparse_coo sparse_csr sparse_csc sparse_bsr sparse_bsc jagged
	contiguous_format channels_last channels_last_3d preserve_format memory_format layout dtype UntypedStorage finfo iinfo Generator
	SymInt SymFloat SymBool`)

// numpyValues are the names of numpy's types.
var numpyValues = wordsOf(`dtype ndarray bool_ bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 intc uintc intp uintp longlong ulonglong
	float16 float32 float64 float128 longdouble half single double complex64 complex128 complex256 csingle cdouble clongdouble
	str_ bytes_ void object_ datetime64 timedelta64 unicode_ string_ recarray record matrix byte ubyte short ushort int_ uint long ulong`)

// unjudged are parts of the standard library that data may need: what they do
// depends on what they are handed.
var unjudged = pathsOf("data may need it: enum dataclasses typing _typing abc collections.namedtuple collections.abc logging string numbers statistics " +
	"weakref contextlib contextvars heapq bisect copy _collections_abc re itertools types builtins.Exception time random decimal datetime calendar " +
	"ipaddress queue email.message html json.encoder json.decoder locale struct textwrap secrets graphlib colorsys cmath math array fractions zoneinfo operator _operator")
