#!/usr/bin/env python3
"""Makes the files that the reader's tests open, and read_expected.json, which
says what torch itself reads from them.

Needs Python 3.11, torch 2.6.0 and numpy 2.4 (the files that it made are in this
directory; keys of the legacy stream are addresses and differ from run to run):

    python3 read_make.py [DIRECTORY]
"""
import argparse, collections, io, json, os, pathlib, pickle, sys, warnings, zipfile
import numpy as np
import torch

warnings.filterwarnings("ignore")
out = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__))

NAMES = {
    torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16",
    torch.int64: "I64", torch.int32: "I32", torch.int16: "I16", torch.int8: "I8",
    torch.uint64: "U64", torch.uint32: "U32", torch.uint16: "U16", torch.uint8: "U8", torch.bool: "BOOL",
    torch.complex32: "C32", torch.complex64: "C64", torch.complex128: "C128",
    torch.float8_e5m2: "F8_E5M2", torch.float8_e4m3fn: "F8_E4M3",
    torch.float8_e5m2fnuz: "F8_E5M2FNUZ", torch.float8_e4m3fnuz: "F8_E4M3FNUZ",
}
expected = {}


def raw(t):
    t = t.detach()
    if t.dim() == 0:
        t = t.reshape(1)
    return t.contiguous().view(torch.uint8).numpy().tobytes() if t.numel() else b""


def leaves(v, path=()):
    if isinstance(v, torch.Tensor):
        yield ".".join(map(str, path)), v
    elif isinstance(v, dict):
        for k, x in v.items():
            yield from leaves(x, path + (k,))
    elif isinstance(v, (list, tuple)) and not isinstance(v, torch.Size):
        for i, x in enumerate(v):
            yield from leaves(x, path + (i,))


def expect(name, weights_only=True):
    got = torch.load(os.path.join(out, name), weights_only=weights_only)
    expected[name] = [
        {"name": n, "dtype": NAMES[t.dtype], "shape": list(t.shape), "hex": raw(t).hex()} for n, t in leaves(got)
    ]


def save(name, obj, weights_only=True, **kw):
    torch.save(obj, os.path.join(out, name), **kw)
    expect(name, weights_only)


def counted(n, dtype):
    """n elements of a dtype made of the bytes 1, 2, 3 ..."""
    size = torch.empty(0, dtype=dtype).element_size()
    b = torch.arange(1, n * size + 1, dtype=torch.int64) % 251
    return b.to(torch.uint8).view(dtype)


# Every element type.
save("dtypes.pt", {name: (counted(6, dt) if dt != torch.bool else torch.tensor([1, 0, 1, 1, 0, 0], dtype=torch.bool)).reshape(2, 3)
                   for dt, name in NAMES.items()})


def views():
    base = torch.arange(24, dtype=torch.float32).reshape(4, 6)
    cube = torch.arange(60, dtype=torch.int16).reshape(3, 4, 5)
    tied = torch.arange(4, dtype=torch.bfloat16)
    parameter = torch.nn.Parameter(torch.arange(3, dtype=torch.float32))
    with_state = torch.nn.Parameter(torch.arange(2, dtype=torch.float32), requires_grad=False)
    with_state.note = "kept"
    attributed = torch.arange(5, dtype=torch.float64)
    attributed.note = "kept"
    return collections.OrderedDict(
        base=base, rows=base[1:3], columns=base[:, 2:4], turned=base.t(), steps=base[::2, 1::3],
        one=base[2, 3], empty=base[:0], expanded=torch.arange(3, dtype=torch.int32).reshape(3, 1).expand(3, 4),
        permuted=cube.permute(2, 0, 1), middle=cube[:, 1:3, ::2], windows=torch.arange(6, dtype=torch.uint8).unfold(0, 3, 1),
        tie_a=tied, tie_b=tied.view(4), parameter=parameter, with_state=with_state, attributed=attributed,
        nested={"list": [torch.tensor([1, 2]), (torch.tensor(3.5), "text", None, 1.5)], 7: {"x": torch.tensor([True])}},
        scalar=torch.tensor(2.0, dtype=torch.float16), half_view=torch.arange(8, dtype=torch.float16)[3:5],
    )


save("views.pt", views())
save("flat.pt", {k: v for k, v in views().items() if k not in ("with_state", "attributed", "nested")})
save("views_legacy.pt", views(), _use_new_zipfile_serialization=False)
save("views_proto4.pt", views(), weights_only=False, pickle_protocol=4)
save("views_legacy_proto4.pt", views(), weights_only=False, pickle_protocol=4, _use_new_zipfile_serialization=False)


class Block(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = torch.nn.LayerNorm(2)
        self.proj = torch.nn.Linear(2, 3, bias=False)
        self.tied = torch.nn.Linear(2, 3, bias=False)
        self.tied.weight = self.proj.weight
        for i, p in enumerate(self.parameters()):
            p.data = torch.arange(p.numel(), dtype=torch.float32).reshape(p.shape) + 10 * i


save("statedict.pt", Block().state_dict())

model = torch.nn.Linear(2, 2)
for p in model.parameters():
    p.data = torch.arange(p.numel(), dtype=torch.float32).reshape(p.shape)
    p.grad = torch.ones_like(p)
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
optimizer.step()
save("optim.pt", optimizer.state_dict())

# A whole module in the legacy stream: its class stands outside of the pickle.
save("module_legacy.pt", {"model": torch.nn.Linear(1, 1), "w": torch.arange(2.0)}, weights_only=False, _use_new_zipfile_serialization=False)

# Objects that stay inert beside tensors.
save("mixed.pt", {
    "model": {"w": torch.arange(2.0)}, "args": argparse.Namespace(lr=0.1), "path": pathlib.PosixPath("/a/b"),
    "rng": np.random.RandomState(0).get_state(), "step": np.float64(3), "big": 1 << 70, "negative": -5, "bytes": b"\x00\xff",
    "set": {1}, "frozen": frozenset([2]), "size": torch.Size([1, 2]), "dtype": torch.bfloat16,
    "counts": collections.Counter("ab"), "groups": collections.defaultdict(list, {"k": [1]}),
}, weights_only=False)


# A pickle of protocol 5 on its own, without tensors.
with open(os.path.join(out, "bare.pkl"), "wb") as f:
    f.write(pickle.dumps({"a": [1, 2.5, "x", b"y", None, True, (1, 2)], "set": {3}, "bytearray": bytearray(b"z"), "zero": 0}, protocol=5))

# The same tensors in an archive that an ordinary zip library wrote, compressed.
with zipfile.ZipFile(os.path.join(out, "views.pt")) as z, zipfile.ZipFile(os.path.join(out, "deflated.pt"), "w", zipfile.ZIP_DEFLATED) as d:
    for info in z.infolist():
        d.writestr(zipfile.ZipInfo(info.filename), z.read(info), zipfile.ZIP_DEFLATED)
expect("deflated.pt")

# As a big-endian machine writes it. torch swaps by the storage's type.
src = {"f32": torch.arange(6, dtype=torch.float32).reshape(2, 3), "f32_t": torch.arange(6, dtype=torch.float32).reshape(2, 3).t(),
       "bf16": torch.arange(3, dtype=torch.bfloat16), "i64": torch.arange(2), "u8": torch.arange(3, dtype=torch.uint8),
       "c64": torch.tensor([0, 1 + 1j, 2 - 3j], dtype=torch.complex64), "c128": torch.tensor([4 + 2j, -1j], dtype=torch.complex128)}
torch.save(src, os.path.join(out, "big.pt"))
with zipfile.ZipFile(os.path.join(out, "big.pt")) as z:
    members = {i.filename: z.read(i) for i in z.infolist()}
units = [4, 4, 2, 8, 1, 4, 8]
with zipfile.ZipFile(os.path.join(out, "big.pt"), "w") as z:
    for name, data in members.items():
        if name.endswith("/byteorder"):
            data = b"big"
        if "/data/" in name:
            u = units[int(name.rsplit("/", 1)[1])]
            data = b"".join(data[i:i + u][::-1] for i in range(0, len(data), u))
        z.writestr(zipfile.ZipInfo(name), data)
expect("big.pt")
assert all(torch.equal(t, src[n]) for n, t in torch.load(os.path.join(out, "big.pt")).items())

# What cannot be read as plain elements.
torch.save({
    "dense": torch.arange(2.0),
    "sparse": torch.eye(2).to_sparse(), "csr": torch.eye(2).to_sparse_csr(),
    "quantised": torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.qint8),
    "nested": torch.nested.nested_tensor([torch.ones(1), torch.ones(2)]),
    "conj": torch.ones(2, dtype=torch.complex64).conj(), "neg": torch.imag(torch.ones(2, dtype=torch.complex64).conj()),
    "meta": torch.ones(2, device="meta"), "bits": torch.zeros(2, dtype=torch.uint8).view(torch.bits8),
}, os.path.join(out, "refused.pt"))

# The legacy stream of a big-endian machine: only the fact about it differs.
with open(os.path.join(out, "views_legacy.pt"), "rb") as f:
    b = f.read()
i = b.index(b"little_endian")
i = b.index(b"\x88", i)
a = torch.load(io.BytesIO(b[:i] + b"\x89" + b[i + 1:]))
assert torch.equal(a["base"], views()["base"])  # torch does not swap

# torch113.pt, rank0.pt (a rank of a sharded checkpoint) and sample.metadata (of a
# distributed one, with stand-ins for OLMo-core's classes) were written with
# torch 1.13 by other means; rank0.pt needs a process group to load.
expect("torch113.pt")

with open(os.path.join(out, "read_expected.json"), "w") as f:
    json.dump(expected, f, indent=0)
    f.write("\n")
