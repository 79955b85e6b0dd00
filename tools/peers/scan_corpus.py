"""Files for scanners of pickles: what attackers made, what the tests of picklescan, fickling and modelscan are about,
and what software writes that means no harm. Nothing here does harm either: the commands are echo and whoami, and
nobody runs them.

make(folder) writes the files and returns {name: (verdict, family)}: the verdict is what olmotool should say.
"""
import bz2
import gzip
import io
import pathlib
import pickle
import struct
import tarfile
import zipfile
import zlib

DANGEROUS, MALFORMED, NEEDS_CODE, INERT, TENSORS = "dangerous", "malformed", "needs-code", "inert", "tensors-only"


# -- an assembler: pickles that Python's own writer would not write --

def u(s):
    """A short text of protocol 4."""
    b = s.encode()
    return b"\x8c" + bytes([len(b)]) + b


def x(s):
    """A text of protocol 1 and later."""
    b = s.encode("utf-8", "surrogatepass")
    return b"X" + struct.pack("<I", len(b)) + b


def g(module, name):
    return f"c{module}\n{name}\n".encode()


def sg(module, name):
    return u(module) + u(name) + b"\x93"


def call(function, *args):
    return function + b"(" + b"".join(args) + b"tR"


def p(body, proto=2):
    return b"\x80" + bytes([proto]) + body + b"."


ECHO = x("echo scanned")
RUN = call(g("os", "system"), ECHO)
EVIL = p(RUN)
CODE = x("print('scanned')")

# Functions that run code, commands, or get at something that does, and what they are called with.
FUNCTIONS = """
os.system posix.system nt.system os.popen os.execv os.spawnv subprocess.Popen subprocess.run subprocess.check_output commands.getoutput
_posixsubprocess.fork_exec builtins.eval builtins.exec builtins.compile builtins.open builtins.__import__ builtins.getattr builtins.setattr
builtins.breakpoint builtins.globals builtins.vars builtins.delattr builtins.input __builtin__.eval __builtin__.apply __builtin__.execfile
sys.exit sys.settrace socket.create_connection ssl.get_server_certificate shutil.rmtree runpy._run_code runpy.run_path pty.spawn
asyncio.run asyncio.unix_events._UnixSubprocessTransport._start bdb.Bdb.run pdb.run cProfile.run cProfile.runctx profile.run profile.Profile.run
trace.Trace.run trace.Trace.runctx timeit.timeit doctest.debug_script code.InteractiveInterpreter.runcode codeop.compile_command
pip.main pip._internal.main ensurepip._run_pip venv.create distutils.file_util.write_file setuptools.setup pkgutil.resolve_name importlib.import_module
imp.load_source zipimport.zipimporter pickle.loads _pickle.loads cPickle.loads marshal.loads shelve.open dill.loads cloudpickle.loads joblib.load
cloudpickle.cloudpickle._make_function cloudpickle.cloudpickle.subimport cloudpickle.cloudpickle._builtin_type types.CodeType types.FunctionType
operator.attrgetter operator.methodcaller operator.itemgetter _operator.attrgetter functools.partial functools.reduce
ctypes.CDLL _ctypes.dlopen webbrowser.open urllib.request.urlopen urllib2.urlopen httplib.HTTPSConnection http.client.HTTPSConnection requests.api.get
requests.get aiohttp.ClientSession aiohttp.client.ClientSession ftplib.FTP smtplib.SMTP imaplib.IMAP4_stream telnetlib.Telnet poplib.POP3 nntplib.NNTP
xmlrpc.client.ServerProxy socketserver.TCPServer logging.FileHandler logging.config.listen io.open io.FileIO _io.FileIO _io.open codecs.open
tempfile.mkstemp glob.glob fileinput.input linecache.getline zipfile.ZipFile tarfile.open sqlite3.connect mmap.mmap
multiprocessing.util.spawnv_passfds multiprocessing.Process concurrent.futures.ProcessPoolExecutor threading.Thread signal.signal atexit.register
uuid._get_command_stdout uuid._popen _osx_support._read_output _osx_support._find_build_tool _aix_support._read_cmd_output _pyrepl.pager.pipe_pager
platform.popen platform._syscmd_ver sysconfig.get_config_vars site.addsitedir pydoc.locate pydoc.pipepager pydoc.tempfilepager
idlelib.autocomplete.AutoComplete.get_entity idlelib.autocomplete.AutoComplete.fetch_completions idlelib.calltip.get_entity idlelib.calltip.Calltip.fetch_tip
idlelib.debugobj.ObjectTreeItem.SetText idlelib.pyshell.ModifiedInterpreter.runcode idlelib.pyshell.ModifiedInterpreter.runcommand idlelib.run.Executive.runcode
lib2to3.pgen2.grammar.Grammar.loads lib2to3.pgen2.pgen.ParserGenerator.make_label test.support.script_helper.assert_python_ok unittest.main inspect.getmembers
gc.get_objects _interpreters.run_string _xxsubinterpreters.run_string weakref.finalize rlcompleter.Completer.attr_matches
torch.load torch.serialization.load torch.storage._load_from_bytes torch.hub.load torch.jit.load torch.jit.unsupported_tensor_ops.execWrapper
torch._dynamo.guards.GuardBuilder.get torch._inductor.codecache.compile_file torch.compile torch.fx.experimental.symbolic_shapes.ShapeEnv.evaluate_guards_expression
torch.fx.graph_module.reduce_graph_module torch.utils.bottleneck.__main__.run_cprofile torch.utils.bottleneck.__main__.run_autograd_prof torch.utils.collect_env.run
torch.utils.collect_env.run_and_read_all torch.utils._config_module.ConfigModule.load_config torch.utils.data.datapipes.utils.decoder.basichandlers
torch.utils.cpp_extension.load_inline torch.distributed.elastic.rendezvous.api.basichandlers torch.distributed.rpc.rpc_sync torch.package.PackageImporter torch.utils.model_zoo.load_url
numpy.f2py.crackfortran.getlincoef numpy.f2py.compile numpy.testing._private.utils.runstring numpy.load numpy.fromfile numpy.distutils.exec_command.exec_command
numpy.ctypeslib.load_library pandas.read_pickle pandas.eval pandas.io.parsers.readers.read_csv pandas.io.pickle.read_pickle transformers.dynamic_module_utils.get_class_from_dynamic_module
mlflow.projects.backend.local._run_entry_point keras.models.load_model tensorflow.keras.models.load_model yaml.unsafe_load jsonpickle.decode sympy.sympify
picklescan.scanner.scan_file_path fickling.hook.remove_hook
""".split()


def functions():
    """Each function in one of the ways in which a pickle names and calls it."""
    for i, full in enumerate(FUNCTIONS):
        module, name = full.rsplit(".", 1)
        while module.split(".")[-1][:1].isupper():  # a method: Class.method is the name
            module, part = module.rsplit(".", 1)
            name = part + "." + name
        way = i % 3
        if way == 0:
            body = p(call(g(module, name), CODE))
        elif way == 1:
            body = p(sg(module, name) + CODE + b"\x85R", 4)
        else:
            body = f"(S'echo scanned'\ni{module}\n{name}\n.".encode()
        yield f"function/{full}.pkl", body, DANGEROUS


def tricks():
    """Ways to hide what a pickle does from who reads it."""
    yield "obj.pkl", p(b"(" + g("os", "system") + ECHO + b"o"), DANGEROUS
    yield "obj-popped.pkl", p(b"(" + g("os", "system") + ECHO + b"o0N"), DANGEROUS
    yield "inst.pkl", b"(S'echo scanned'\nios\nsystem\n.", DANGEROUS
    yield "newobj.pkl", p(g("os", "system") + ECHO + b"\x85\x81"), DANGEROUS
    yield "newobj-ex.pkl", p(sg("subprocess", "Popen") + x("echo") + b"\x85}\x92", 4), DANGEROUS
    yield "reduce-popped.pkl", p(RUN + b"0N"), DANGEROUS
    yield "pop-mark.pkl", p(b"(" + RUN + b"1N"), DANGEROUS
    yield "memo-name.pkl", p(u("os") + b"\x94" + u("system") + b"\x94" + b"00" + u("a") + b"0" + b"h\x00h\x01\x93" + ECHO + b"\x85R", 4), DANGEROUS
    yield "memo-far.pkl", p(x("os") + b"r\xff\xff\xff\x7f0" + x("system") + b"q\x070j\xff\xff\xff\x7fh\x07\x93" + ECHO + b"\x85R", 4), DANGEROUS
    yield "memo-put-over.pkl", p(u("collections") + b"q\x000" + u("os") + b"q\x000h\x00" + u("system") + b"\x93" + ECHO + b"\x85R", 4), DANGEROUS
    yield "memo-dup.pkl", p(u("os") + b"2" + u("system") + b"\x93" + ECHO + b"\x85R", 4), DANGEROUS
    yield "text-mixed.pkl", p(b"U\x02os" + b"T\x06\x00\x00\x00system" + b"\x93" + ECHO + b"\x85R", 4), DANGEROUS
    yield "text-escaped.pkl", b"S'\\x6fs'\nV\\u0073ystem\n\x93(S'echo scanned'\ntR.", DANGEROUS
    yield "text-octal.pkl", b"S'\\157\\163'\nS\"sys\\164em\"\n\x93(S'echo scanned'\ntR.", DANGEROUS
    yield "name-computed.pkl", p(call(g("_codecs", "decode"), x("bf"), x("rot13")) + x("system") + b"\x93" + ECHO + b"\x85R", 4), DANGEROUS
    yield "name-joined.pkl", p(call(g("builtins", "str"), x("os")) + x("system") + b"\x93" + ECHO + b"\x85R", 4), DANGEROUS
    yield "dotted.pkl", p(sg("pathlib", "os.system") + ECHO + b"\x85R", 4), DANGEROUS
    yield "dotted-private.pkl", p(sg("random", "_os.system") + ECHO + b"\x85R", 4), DANGEROUS
    yield "dotted-torch.pkl", p(sg("torch.serialization", "os.system") + ECHO + b"\x85R", 4), DANGEROUS
    yield "dotted-dunder.pkl", p(sg("collections", "OrderedDict.__init__.__globals__") + b"N\x85R", 4), DANGEROUS
    yield "re-export.pkl", p(call(g("mypackage.helpers", "subprocess"), ECHO)), DANGEROUS
    yield "re-export-function.pkl", p(call(g("mypackage.helpers", "exec_command"), ECHO)), DANGEROUS
    yield "six.pkl", p(call(g("six.moves.builtins", "eval"), CODE)), DANGEROUS
    yield "getattr.pkl", p(call(g("builtins", "getattr"), g("collections", "OrderedDict"), x("__init__"))), DANGEROUS
    yield "getattr-called.pkl", p(call(call(g("builtins", "getattr"), g("torch", "Tensor"), x("map_")), CODE)), DANGEROUS
    yield "getattr-handed-on.pkl", p(call(g("builtins", "map"), g("builtins", "getattr"), b"]")), DANGEROUS
    yield "getattr-system.pkl", p(call(g("builtins", "getattr"), g("mypackage", "tools"), x("system"))), DANGEROUS
    yield "type-made.pkl", p(call(g("builtins", "type"), x("X"), b")", b"}")), DANGEROUS
    yield "partial.pkl", p(call(call(g("functools", "partial"), g("torch", "Size"), b")"))), DANGEROUS
    yield "build-on-class.pkl", p(g("collections", "OrderedDict") + b"}" + x("__reduce__") + b"Nsb"), DANGEROUS
    yield "build-after-reduce.pkl", p(call(g("mypackage", "Thing")) + b"}" + x("f") + g("os", "system") + b"sb"), DANGEROUS
    yield "only-named.pkl", p(g("os", "system")), DANGEROUS
    yield "as-argument.pkl", p(call(g("builtins", "map"), g("os", "system"), b"]" + ECHO + b"a")), DANGEROUS
    yield "as-key.pkl", p(b"}" + g("posix", "system") + b"Ns"), DANGEROUS
    yield "default-factory.pkl", p(call(g("collections", "defaultdict"), g("os", "getcwd"))), DANGEROUS
    yield "persistent.pkl", p(g("os", "system") + b"Q"), DANGEROUS
    yield "python2-names.pkl", p(call(g("__builtin__", "reduce"), g("__builtin__", "intern"), b"]"), 0), DANGEROUS
    yield "sys-modules.pkl", p(call(g("sys", "modules"), b"N")), DANGEROUS
    yield "spaces.pkl", p(call(g("os ", "system"), ECHO)), DANGEROUS
    yield "proto-0.txt", b"cos\nsystem\n(S'echo scanned'\ntR.", DANGEROUS
    yield "proto-1.dat", b"cos\nsystem\nq\x00(U\x04echotR.", DANGEROUS
    yield "proto-late.pkl", b"(" + b"\x80\x02" + RUN + b"t.", DANGEROUS
    yield "extension.pkl", p(b"\x82\x2a)R"), NEEDS_CODE


def broken():
    """Pickles that break off: what stands in front has then happened."""
    yield "no-stop.pkl", b"\x80\x02" + RUN, DANGEROUS
    yield "bad-opcode-after.pkl", b"\x80\x02" + RUN + b"\xff\xfe", DANGEROUS
    yield "bad-opcode-before.pkl", b"\x80\x02\xff" + RUN + b".", DANGEROUS
    yield "underflow-before.pkl", p(b"00" + RUN), DANGEROUS
    yield "memo-unset.pkl", p(RUN + b"h\x09"), DANGEROUS
    yield "bad-names.pkl", p(RUN + b"K\x01K\x02\x93", 4), DANGEROUS
    yield "bad-text.pkl", p(RUN + b"X\xff\xff\xff\x7fabc"), DANGEROUS
    yield "bad-utf8.pkl", p(RUN + b"X\x02\x00\x00\x00\xff\xfe"), DANGEROUS
    yield "frame-short.pkl", b"\x80\x04\x95" + struct.pack("<Q", 3) + RUN + b".", DANGEROUS
    yield "frame-long.pkl", b"\x80\x04\x95" + struct.pack("<Q", 1 << 40) + RUN + b".", DANGEROUS
    yield "frame-straddled.pkl", b"\x80\x04\x95" + struct.pack("<Q", 2) + u("abc") + b".", MALFORMED
    yield "protocol-9.pkl", b"\x80\x09" + RUN + b".", DANGEROUS
    yield "plain-truncated.pkl", pickle.dumps({"a": [1, 2, 3], "b": "text"}, 2)[:-4], MALFORMED
    yield "empty.pkl", b"", MALFORMED
    yield "text.pkl", b"this is no pickle\n", MALFORMED
    yield "lfs.bin", b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"ab" * 32 + b"\nsize 12345\n", MALFORMED
    yield "page.bin", b"<!DOCTYPE html><html>not found</html>", MALFORMED
    lists = b"]q\x00" + b"".join(b"](" + bytes([ord("h"), i]) * 10 + b"e" + bytes([ord("q"), i + 1]) for i in range(16))
    yield "expansion.pkl", p(lists), MALFORMED


def several():
    """More than one pickle."""
    yield "second.pkl", p(b"}") + EVIL, DANGEROUS
    yield "hundredth.pkl", p(b"N") * 99 + EVIL, DANGEROUS
    yield "trailing-proto-0.pkl", p(b"}") + b"cos\nsystem\n(S'echo'\ntR.", DANGEROUS
    yield "trailing-junk.pkl", p(b"}") + b"\xff\xff\xff" + RUN, DANGEROUS
    yield "nested-loads.pkl", p(call(g("pickle", "loads"), b"C" + bytes([len(EVIL)]) + EVIL), 3), DANGEROUS
    yield "nested-torch.pkl", p(call(g("torch.storage", "_load_from_bytes"), b"B" + struct.pack("<I", len(EVIL)) + EVIL), 3), DANGEROUS
    yield "nested-data.pkl", p(b"B" + struct.pack("<I", len(EVIL)) + EVIL, 3), DANGEROUS
    yield "nested-latin1.pkl", p(call(g("_codecs", "encode"), x(EVIL.decode("latin1")), x("latin1"))), DANGEROUS
    yield "nested-zip.pkl", p(b"B" + struct.pack("<I", len(zipped({"a": EVIL}))) + zipped({"a": EVIL}), 3), DANGEROUS
    inner = p(b"B" + struct.pack("<I", len(EVIL)) + EVIL, 3)
    yield "nested-twice.pkl", p(b"B" + struct.pack("<I", len(inner)) + inner, 3), DANGEROUS
    yield "nested-plain.pkl", pickle.dumps({"blob": pickle.dumps([1, 2, 3])}), INERT
    magic, version, system = (pickle.dumps(v, 2) for v in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}))
    yield "old-torch.pt", magic + version + system + EVIL + pickle.dumps([], 2), DANGEROUS
    yield "old-torch-keys.pt", magic + version + system + pickle.dumps({}, 2) + p(RUN), DANGEROUS
    yield "old-torch-behind.pt", magic + version + system + pickle.dumps({}, 2) + pickle.dumps([], 2) + EVIL, DANGEROUS
    yield "old-torch-magic.pt", p(call(g("builtins", "eval"), x("0x1950A86A20F9469CFC6C"))) + version + system + EVIL, DANGEROUS


def zipped(members, **kw):
    b = io.BytesIO()
    with zipfile.ZipFile(b, "w", **kw) as z:
        for name, data in members.items():
            z.writestr(zipfile.ZipInfo(name), data, compress_type=z.compression)
    return b.getvalue()


def poke(data, at, new):
    return data[:at] + new + data[at + len(new):]


def archives():
    """Zip archives whose readers see different things, and other containers."""
    torch = {"m/data.pkl": EVIL, "m/version": b"3\n"}
    plain = {"m/data.pkl": p(b"}"), "m/version": b"3\n"}
    evil, end, cd = zipped(torch), b"PK\x05\x06", b"PK\x01\x02"
    c = evil.index(cd)
    yield "torch.pt", evil, DANGEROUS
    yield "extension.xyz", evil, DANGEROUS
    yield "no-extension", evil, DANGEROUS
    yield "deflated.pt", zipped(torch, compression=zipfile.ZIP_DEFLATED), DANGEROUS
    yield "bzip2.zip", zipped(torch, compression=zipfile.ZIP_BZIP2), DANGEROUS
    yield "lzma.zip", zipped(torch, compression=zipfile.ZIP_LZMA), MALFORMED
    yield "member-name.pt", zipped(plain | {"m/readme.md": EVIL}), DANGEROUS
    yield "member-proto-0.pt", zipped(plain | {"m/notes.txt": b"cos\nsystem\n(S'echo'\ntR."}), DANGEROUS
    yield "zip-in-zip.zip", zipped({"a.zip": zipped({"b.zip": evil})}), DANGEROUS
    yield "orphan-storage.pt", zipped(plain | {"m/data/0": EVIL}), DANGEROUS
    yield "crc.pt", poke(poke(evil, 14, b"\1\2\3\4"), c + 16, b"\1\2\3\4"), DANGEROUS
    yield "crc-central.pt", poke(zipped(plain), zipped(plain).index(cd) + 16, b"\1\2\3\4"), MALFORMED
    for flag in (0x01, 0x20, 0x40):
        yield f"flags-{flag:02x}.pt", poke(poke(evil, 6, bytes([flag])), c + 8, bytes([flag])), DANGEROUS
    yield "flags-plain.pt", poke(zipped(plain), zipped(plain).index(cd) + 8, b"\1"), MALFORMED
    yield "name-local.pt", poke(evil, 30, b"x/data.txt"), DANGEROUS
    yield "name-central.pt", poke(evil, c + 46, b"x/data.txt"), DANGEROUS
    yield "name-differs.pt", poke(zipped(plain), 30, b"x/data.txt"), MALFORMED
    yield "method-differs.pt", poke(zipped(plain), 8, b"\x08"), MALFORMED
    yield "prefix.pt", b"#!/bin/sh\n" * 4 + evil, DANGEROUS
    yield "prefix-pickle.pt", EVIL + zipped(plain), DANGEROUS
    yield "behind-pickle.pkl", p(b"}") + evil, DANGEROUS
    yield "behind-end.pt", zipped(plain) + EVIL, DANGEROUS
    yield "comment.pt", zipped(plain)[:-2] + struct.pack("<H", len(EVIL)) + EVIL, DANGEROUS
    yield "two-archives.pt", zipped(plain) + evil, DANGEROUS
    yield "two-archives-turned.pt", evil + zipped(plain), DANGEROUS
    a, b = zipped(plain), zipped({"m/data.pkl": EVIL})
    hidden = b[:b.index(cd)]
    moved = a[:a.index(cd)] + hidden + a[a.index(cd):]
    moved = poke(moved, moved.rindex(end) + 16, struct.pack("<I", a.index(cd) + len(hidden)))
    yield "hidden-member.pt", moved, DANGEROUS
    with_two = io.BytesIO()
    with zipfile.ZipFile(with_two, "w") as z:
        for data in (EVIL, p(b"}")):
            z.writestr(zipfile.ZipInfo("m/data.pkl"), data)
    yield "duplicate.pt", with_two.getvalue(), DANGEROUS
    yield "case.zip", zipped({"m/data.pkl": p(b"}"), "m/DATA.pkl": p(b"N")}), MALFORMED
    yield "path.zip", zipped({"../../etc/x.pkl": p(b"}")}), MALFORMED
    yield "cut.pt", evil[:evil.index(cd)], DANGEROUS
    yield "cut-plain.pt", zipped(plain)[:-30], MALFORMED
    yield "7z.pt", b"7z\xbc\xaf\x27\x1c\x00\x04" + bytes(40), MALFORMED
    yield "evil.pkl.gz", gzip.compress(EVIL, mtime=0), DANGEROUS
    yield "evil.pkl.bz2", bz2.compress(EVIL), DANGEROUS
    yield "evil.joblib", zlib.compress(EVIL), DANGEROUS
    yield "evil.pkl.xz", b"\xfd7zXZ\x00" + bytes(30), MALFORMED
    t = io.BytesIO()
    with tarfile.open(fileobj=t, mode="w", format=tarfile.USTAR_FORMAT) as f:
        for name, data in {"storages": p(b"K\0"), "tensors": p(b"K\0"), "pickle": EVIL}.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            f.addfile(info, io.BytesIO(data))
    yield "torch-0.1.tar", t.getvalue(), DANGEROUS
    yield "evil.tar.gz", gzip.compress(t.getvalue(), mtime=0), DANGEROUS
    header = b"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }"
    npy = b"\x93NUMPY\x01\x00" + struct.pack("<H", 118) + header + b" " * (117 - len(header)) + b"\n" + EVIL
    yield "objects.npy", npy, DANGEROUS
    yield "objects.npz", zipped({"a.npy": npy}), DANGEROUS
    yield "tensors-and-zip.safetensors", struct.pack("<Q", 8) + b"{}      " + evil, DANGEROUS
    name = __import__("base64").urlsafe_b64encode(p(call(g("os", "system"), x("echo")))).decode()
    head = ('{"%s":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}' % name).encode()
    head += b" " * (-len(head) % 8)
    yield "names.safetensors", struct.pack("<Q", len(head)) + head, DANGEROUS


def joblib_array(data, state_extra=b""):
    """An array as joblib 1.3 writes it: the data follow the BUILD of its description."""
    dtype = call(g("numpy", "dtype"), x("u1"), b"\x89", b"\x88")
    wrapper = g("joblib.numpy_pickle", "NumpyArrayWrapper") + b")\x81}("
    wrapper += x("subclass") + g("numpy", "ndarray") + x("shape") + b"K" + bytes([len(data)]) + b"\x85" + x("order") + x("C")
    wrapper += x("dtype") + dtype + x("allow_mmap") + b"\x88" + x("numpy_array_alignment_bytes") + b"K\x10ub"
    return wrapper + b"\x03\xff\xff\xff" + data


def joblibs():
    yield "array.joblib", b"\x80\x03]" + joblib_array(bytes(range(200))) + b"a.", INERT
    yield "array-and-call.joblib", b"\x80\x03]" + joblib_array(bytes(range(200))) + b"a" + RUN + b"a.", DANGEROUS
    # Python's own reader takes the data for opcodes: the padding is one, too.
    body = joblib_array(b"")[:-4] + b"\x30" + RUN + b"." + bytes(180)
    yield "array-of-opcodes.joblib", b"\x80\x03]" + body + b"a.", DANGEROUS


def plain():
    """What means no harm, and needs no torch to be made."""
    import argparse
    import collections
    import datetime
    import decimal
    import fractions
    import uuid

    yield "plain-2.pkl", pickle.dumps({"a": [1, 2.5, "x", None, True], "b": (1, 2)}, 2), INERT
    yield "plain-4.pkl", pickle.dumps({"a": [1, 2.5, "x", None, True], "b": {1, 2}, "c": b"bytes"}, 4), INERT
    yield "plain-0.pkl", pickle.dumps({"a": [1, 2.5, "x\n\u20ac", None, True], "b": (1, 2), "c": 1 << 70}, 0), INERT
    values = [datetime.datetime(2024, 1, 2, tzinfo=datetime.timezone.utc), datetime.timedelta(3), decimal.Decimal("1.5"),
              fractions.Fraction(1, 3), uuid.UUID(int=5), collections.Counter("abca"), collections.defaultdict(list, a=[1]), collections.deque([1]),
              frozenset([1]), complex(1, 2), bytearray(b"x"), range(3), slice(1, 2), pathlib.PurePosixPath("/a/b"), argparse.Namespace(a=1),
              ValueError("x"), type(None), Ellipsis]
    for proto in range(6):
        yield f"values-{proto}.pkl", pickle.dumps(values, proto), INERT
    yield "cyclic.pkl", pickle.dumps((lambda a: (a.append(a), a)[1])([1]), 2), INERT
    yield "enum-getattr.pkl", p(call(g("builtins", "getattr"), g("olmo.config", "ActivationType"), x("swiglu"))), INERT
    yield "project-class.pkl", p(g("mypackage.models", "Config") + b")\x81}" + x("a") + b"K\x01sb"), NEEDS_CODE
    yield "main-class.pkl", p(g("__main__", "Args") + b")\x81}b"), NEEDS_CODE
    yield "sklearn.pkl", p(g("sklearn.linear_model._base", "LinearRegression") + b")\x81}b", 4), NEEDS_CODE
    yield "training_args.bin", zipped({"t/data.pkl": p(g("transformers.training_args", "TrainingArguments") + b")\x81}b"), "t/version": b"3\n"}), NEEDS_CODE
    yield "config.json", b'{"model_type": "olmo2"}', INERT
    yield "notes.txt", b"N.B. this is a text. cos\nnot a pickle\n", INERT
    yield "tokens.bin", bytes(range(256)) * 4, INERT
    yield "model.gguf", b"GGUF" + struct.pack("<IQQ", 3, 0, 0), INERT
    yield "weights.safetensors", struct.pack("<Q", 8) + b"{}      ", INERT
    yield "archive.zip", zipped({"readme.txt": b"hello", "data/table.csv": b"1,2,3\n"}), INERT


FAMILIES = {"functions": functions, "tricks": tricks, "broken": broken, "several": several, "archives": archives, "joblib": joblibs, "plain": plain}


def make(folder):
    """Writes the corpus and returns what olmotool should say of each file."""
    expected = {}
    for family, files in FAMILIES.items():
        for name, data, verdict in files():
            path = pathlib.Path(folder, family, name.split("/")[-1])
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            expected[f"{family}/{path.name}"] = verdict
    return expected
