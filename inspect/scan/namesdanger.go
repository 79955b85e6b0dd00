package scan

// families are names that run code or commands, reach files or the network, or
// get at something that does, with all that is below them. A family is named
// whole where data has no use for any part of it.
var families = pathsOf(
	"runs code: builtins.eval builtins.exec builtins.execfile builtins.compile builtins.apply builtins.breakpoint builtins.__import__ "+
		"builtins.__build_class__ builtins.help builtins.input builtins.exit builtins.quit builtins.super builtins.property "+
		"builtins.classmethod builtins.staticmethod builtins.memoryview builtins.print builtins.copyright builtins.license builtins.credits "+
		"builtins.dir builtins.hasattr builtins.callable builtins.id builtins.reload builtins.coerce builtins.file builtins.raw_input "+
		"code codeop runpy doctest timeit trace profile cProfile pdb bdb pstats compileall py_compile "+
		"types.CodeType types.FunctionType types.LambdaType types.MethodType types.ModuleType types.CellType types.coroutine types.new_class "+
		"types.prepare_class types.resolve_bases types.DynamicClassAttribute "+
		"idlelib lib2to3 test unittest pydoc pydoc_data turtledemo rlcompleter antigravity this modulefinder symtable dis "+
		"IPython ipykernel pytest _pytest py nose cffi cython Cython pyximport numba.core llvmlite sympy numexpr asteval simpleeval RestrictedPython execnet mako jinja2",
	"gets at any attribute: builtins.getattr builtins.setattr builtins.delattr builtins.globals builtins.locals builtins.vars builtins.type "+
		"operator.attrgetter operator.itemgetter operator.methodcaller _operator.attrgetter _operator.itemgetter _operator.methodcaller "+
		"functools.partial functools.partialmethod functools.reduce _functools.partial _functools.reduce functools.singledispatch "+
		"functools.cached_property functools.lru_cache functools.cache functools.wraps functools.update_wrapper inspect gc weakref.finalize atexit _atexit",
	"runs commands: os posix nt subprocess _posixsubprocess commands popen2 pty pexpect sh plumbum fabric invoke paramiko psutil "+
		"multiprocessing _multiprocessing concurrent asyncio _asyncio asyncore asynchat signal _signal uuid._ uuid._get_command_stdout "+
		"uuid._popen uuid.getnode uuid.uuid1 _osx_support _aix_support _bootsubprocess _pyrepl _ios_support _android_support _apple_support "+
		"platform sysconfig _sysconfig site sitecustomize usercustomize imaplib distutils setuptools pkg_resources ensurepip pip venv wheel conda "+
		"webbrowser mailcap cgitb cgi crypt nturl2path pipes msilib _msi winreg _winreg _winapi win32api win32com pythoncom pywintypes comtypes wmi",
	"changes the interpreter: sys threading _thread thread _threading_local _interpreters _interpchannels _interpqueues _xxsubinterpreters "+
		"_xxinterpchannels faulthandler resource tracemalloc _remote_debugging _testcapi _testinternalcapi copyreg.pickle copyreg.add_extension "+
		"copyreg.constructor copyreg.remove_extension warnings logging.config",
	"imports modules: importlib imp _imp _frozen_importlib _frozen_importlib_external pkgutil zipimport zipapp six.moves six.exec_ "+
		"past.builtins past.utils future.utils werkzeug.utils.import_string django.utils.module_loading hydra.utils hydra._internal "+
		"omegaconf.resolvers lazy_loader",
	"loads pickles or code: pickle _pickle cPickle pickletools marshal shelve dbm dill cloudpickle joblib jsonpickle klepto pathos hickle "+
		"skops.io torch.load torch.serialization.load torch.serialization._load torch.serialization._legacy_load torch.storage._load_from_bytes "+
		"torch.utils.model_zoo torch.package torch.jit torch.hub torch.utils.data.datapipes torch.utils.show_pickle torch.distributed.checkpoint.format_utils "+
		"numpy.load numpy.lib.npyio numpy.lib._npyio_impl numpy.lib.format pandas.read_pickle pandas.io pandas.compat.pickle_compat "+
		"transformers.dynamic_module_utils transformers.utils.import_utils diffusers.utils.dynamic_modules_utils huggingface_hub safetensors.torch.load_file "+
		"tensorflow.keras keras tf_keras tensorflow.saved_model tensorflow.io tensorflow.load_library tensorflow.load_op_library tensorflow.python "+
		"mlflow yaml.load yaml.unsafe_load yaml.full_load yaml.load_all yaml.unsafe_load_all yaml.Loader yaml.UnsafeLoader ruamel.yaml sklearn.utils._joblib "+
		"ray.cloudpickle pyspark dask distributed onnxruntime tensorrt",
	"runs code: torch._dynamo torch._inductor torch.compile torch.fx.experimental torch.fx.graph_module torch.fx.graph torch.fx.interpreter "+
		"torch.fx.passes torch.fx._lazy_graph_module torch.utils.bottleneck torch.utils.collect_env torch.utils.cpp_extension torch.utils._config_module "+
		"torch.utils.benchmark torch.utils.hipify torch.utils.tensorboard torch.utils.data._utils torch.utils._cxx_pytree torch.utils._pytree "+
		"torch.distributed.rpc torch.distributed.run torch.distributed.launch torch.distributed.launcher torch.distributed.elastic "+
		"torch.distributed.nn torch.distributed.distributed_c10d torch.testing torch.ops torch._ops torch.classes torch._classes torch._C torch.library "+
		"torch._library torch._export torch.export torch._functorch torch._higher_order_ops torch.onnx torch.multiprocessing torch._jit_internal "+
		"torch._sources torch._appdirs torch._vendor torch.mtia torch.utils.backend_registration torch.cuda._sanitizer torch.profiler torch.autograd.profiler "+
		"torch.utils._import_utils torch._utils_internal torch._guards torch._logging torch._refs torch.contrib torch.utils.mobile_optimizer "+
		"torch.save torch.serialization.save torch.from_file torch.nn.Module.eval torch.overrides torch.utils._traceback torch.utils.weak torch._deploy torch._lazy "+
		"torch.distributed._tools torch.distributed.pipelining torch.backends torch._streambase torch.utils.jit torch.utils.dlpack",
	"runs code: numpy.f2py numpy.testing numpy.distutils numpy.ctypeslib numpy.exec_command numpy.compat numpy._pytesttester numpy.conftest numpy.lib.utils "+
		"numpy.lib.introspect numpy.core._internal numpy._core._internal numpy.vectorize numpy.frompyfunc numpy.apply_along_axis numpy.apply_over_axes numpy.piecewise numpy.fromfunction "+
		"pandas.eval pandas.core.computation pandas.core.apply pandas.DataFrame.eval pandas.DataFrame.query pandas.DataFrame.apply scipy.weave scipy.io scipy.misc "+
		"sklearn.datasets sklearn.externals transformers.pipelines transformers.agents transformers.tools transformers.Trainer accelerate.launchers accelerate.commands "+
		"gradio streamlit wandb triton.compiler triton.runtime cupy.RawKernel cupyx pycuda jax.experimental.host_callback jax.debug jaxlib",
	"reads or writes files: builtins.open io.open io.open_code io.FileIO io.OpenWrapper io.TextIOWrapper io.BufferedReader io.BufferedWriter _io.open _io.open_code _io.FileIO _io.TextIOWrapper "+
		"_io.BufferedReader _io.BufferedWriter _pyio codecs.open shutil tempfile glob fileinput filecmp linecache mmap zipfile tarfile gzip bz2 lzma sqlite3 _sqlite3 "+
		"logging.FileHandler logging.handlers logging.basicConfig logging.fileConfig genericpath posixpath ntpath difflib tokenize configparser plistlib netrc mailbox csv.reader "+
		"pathlib.Path.open pathlib.Path.write_text pathlib.Path.write_bytes pathlib.Path.unlink pathlib.Path.read_text pathlib.Path.rename "+
		"numpy.fromfile numpy.loadtxt numpy.genfromtxt numpy.fromregex numpy.save numpy.savez numpy.savez_compressed numpy.savetxt numpy.memmap numpy.lib._datasource numpy.DataSource "+
		"pandas.read_csv pandas.read_json pandas.read_html pandas.read_xml pandas.read_sql pandas.read_table pandas.read_excel pandas.read_hdf pandas.read_parquet pandas.read_feather "+
		"pandas.read_orc pandas.read_sas pandas.read_spss pandas.read_stata pandas.read_fwf pandas.ExcelWriter pandas.HDFStore fsspec s3fs gcsfs h5py zarr smart_open",
	"uses the network: socket _socket ssl _ssl select selectors socketserver http httplib urllib urllib2 urllib3 ftplib smtplib smtpd poplib nntplib telnetlib xmlrpc wsgiref "+
		"requests aiohttp httpx httpcore websocket websockets tornado twisted gevent eventlet scapy dns boto boto3 botocore google.cloud azure grpc zmq kafka pika redis pymongo git pygit2 docker kubernetes",
	"calls native code: ctypes _ctypes cppyy pybind11 jnius jpype rpy2",
	"switches scanners off: picklescan fickling modelscan modelaudit",
)

// loaders are those of the families whose arguments may be pickles.
var loaders = pathsOf("loads: pickle _pickle cPickle dill cloudpickle joblib jsonpickle torch.load torch.serialization torch.storage._load_from_bytes " +
	"torch.jit numpy.load pandas.read_pickle pandas.io pandas.compat.pickle_compat")

// runsCode are names that functions which run code have, wherever they are.
var runsCode = wordsOf(`system popen popen2 popen3 popen4 Popen exec_ execfile eval exec execv execve execvp execl execlp exec_command
	spawn spawnv spawnve spawnl spawnlp spawnvp spawnv_passfds fork forkpty posix_spawn check_output check_call getoutput getstatusoutput
	import_module import_string __import__ load_module exec_module run_module run_path runcode runsource runstring run_string runeval
	create_subprocess_exec create_subprocess_shell unsafe_load read_pickle _run_entry_point load_library get_class_from_dynamic_module`)

// stdlibDanger are modules of Python to which other modules give a way, as
// attributes of theirs.
var stdlibDanger = wordsOf(`os posix nt sys subprocess builtins __builtin__ __builtins__ importlib shutil socket ctypes pickle _pickle cPickle marshal runpy pty
	codeop imp pkgutil inspect gc tempfile multiprocessing threading signal webbrowser urllib ssl ftplib smtplib posixpath ntpath`)
