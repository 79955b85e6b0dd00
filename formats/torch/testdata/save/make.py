"""Makes the files of this folder: state dicts as torch 2.6.0 saves them and
cases.json, which says what is in each; and what the Go tests compare the parts
of the writer with, pickles.json and serialid.json.

    python make.py               # the files of this folder, but for zip64.bin
    python make.py zip64         # zip64.bin; needs 9 GB of disk and memory
    python make.py DIR COUNT     # COUNT random state dicts in DIR

    go test ./formats/torch -run Save -args -cases DIR     # compares with those

Made with Python 3.11.7 and torch==2.6.0 on Linux. Run with torch 2.1 to 2.6 the
third form leaves out the types that the version cannot save.
"""

import collections
import hashlib
import json
import os
import pickle
import random
import sys
import tempfile
import warnings

import torch

warnings.filterwarnings("ignore", message="ComplexHalf")

DTYPES = {
    "BOOL": "bool", "U8": "uint8", "I8": "int8", "I16": "int16", "F16": "float16",
    "BF16": "bfloat16", "I32": "int32", "F32": "float32", "C64": "complex64",
    "F64": "float64", "I64": "int64", "C128": "complex128", "F8_E5M2": "float8_e5m2",
    "F8_E4M3": "float8_e4m3fn", "F8_E5M2FNUZ": "float8_e5m2fnuz",
    "F8_E4M3FNUZ": "float8_e4m3fnuz", "U16": "uint16", "U32": "uint32", "U64": "uint64",
    "C32": "complex32",
}
NAMES = {getattr(torch, t): n for n, t in DTYPES.items() if hasattr(torch, t)}


def savable(dtype):
    try:
        torch.save(torch.empty(0, dtype=dtype), os.devnull)
        return True
    except (RuntimeError, KeyError):
        return False


def raw(n, seed):
    return torch.tensor([(i * 37 + seed * 11 + 1) % 251 for i in range(n)], dtype=torch.uint8)


def tensor(dtype, *shape, seed=1):
    t = torch.empty(shape, dtype=dtype)
    n = t.numel() * t.element_size()
    b = raw(n, seed) % 2 if dtype is torch.bool else raw(n, seed)
    t.untyped_storage().copy_(b.untyped_storage())
    return t


class Cases:
    def __init__(self, folder):
        self.folder, self.cases = folder, []
        os.makedirs(folder, exist_ok=True)

    def save(self, name, state, device="", file=None):
        file = file or name
        torch.save(state, os.path.join(self.folder, name))
        os.rename(os.path.join(self.folder, name), os.path.join(self.folder, file))
        storages, objects, items, byid, bystorage = [], [], [], {}, {}
        for key, t in state.items():
            if id(t) not in byid:
                s = t.untyped_storage()
                if s._cdata not in bystorage:
                    bystorage[s._cdata] = len(storages)
                    storages.append({"hex": bytes(s).hex(), "device": device})
                byid[id(t)] = len(objects)
                objects.append({
                    "dtype": NAMES[t.dtype], "shape": list(t.shape), "storage": bystorage[s._cdata],
                    "offset": t.storage_offset(), "strides": list(t.stride()),
                    "parameter": isinstance(t, torch.nn.Parameter), "grad": t.requires_grad,
                })
            items.append({"name": key, "object": byid[id(t)]})
        meta = getattr(state, "_metadata", None)
        self.cases.append({
            "file": file, "name": name, "plain": type(state) is dict,
            "metadata": None if meta is None else [{"path": k, "version": v["version"]} for k, v in meta.items()],
            "storages": storages, "objects": objects, "items": items,
        })

    def done(self):
        with open(os.path.join(self.folder, "cases.json"), "w") as f:
            f.write("[\n" + ",\n".join(json.dumps(c) for c in self.cases) + "\n]\n")


def fixed(c):
    od = collections.OrderedDict
    f32 = torch.float32

    torch.manual_seed(1)
    m = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.SiLU(), torch.nn.Sequential(torch.nn.LayerNorm(3)))
    c.save("module.pt", m.state_dict())
    c.save("module_only.pt", torch.nn.SiLU().state_dict())
    m = torch.nn.BatchNorm1d(2)  # version 2, and a scalar of i64
    c.save("batchnorm.tar.gz", m.state_dict())
    a, b = torch.nn.Linear(2, 2, bias=False), torch.nn.Linear(2, 2, bias=False)
    b.weight = a.weight
    c.save("tied.bin", torch.nn.ModuleDict({"embed": a, "head": b}).state_dict())

    c.save("empty_dict.pt", {})
    c.save("empty_ordered.pt", od())
    c.save("one.pt", od(w=tensor(f32, 2)))
    c.save("plain_one", {"w": tensor(f32, 2)})
    c.save("dtypes.pt", {n: tensor(d, 3, seed=i) for i, (d, n) in enumerate(NAMES.items())})
    c.save("shapes.pt", od(
        scalar=tensor(f32), empty=tensor(f32, 0, 3), nothing=tensor(torch.bfloat16, 3, 0), one=tensor(f32, 1, 1),
        deep=tensor(torch.int8, 1, 2, 1, 3), wide=tensor(torch.uint8, 300), empty2=tensor(torch.float8_e5m2, 0),
    ))

    t = tensor(f32, 4, 6)
    p = torch.nn.Parameter(tensor(f32, 2))
    q = torch.nn.Parameter(tensor(torch.uint16, 2), requires_grad=False)
    c.save("objects.pt", {
        "t": t, "again": t, "p": p, "p2": p, "q": q, "grad": tensor(f32, 2).requires_grad_(),
        "data": p.detach(), "p3": torch.nn.Parameter(p.detach()),
    })
    u = tensor(torch.uint8, 303)
    c.save("views.pt", od(
        row=t[1], col=t[:, 1], back=t.t(), all=t, flat=t.view(-1), tail=tensor(f32, 300)[290:], big=u[:299], far=u[300:301],
        expanded=tensor(f32, 1).expand(5, 2), column=tensor(f32, 3, 1).t(), void=t[4:], gap=tensor(torch.int64, 4)[::3],
    ))
    b = tensor(torch.uint8, 8)
    c.save("bytes.pt", od(u8=b, f8=b.view(torch.float8_e4m3fn), f8b=b.view(torch.float8_e5m2)[2:]))

    c.save("names.pt", od((n, tensor(torch.uint8, 1)) for n in [
        "", "cpu", "storage", "version", "_metadata", "0", "1", "größe", "重み", "😀", "a/b", "x\ny\0", "l" * 300]))
    c.save("größe.pt", {"w": tensor(f32, 1)}, file="umlaut.pt")
    c.save("v1.0.pt", {"w": tensor(f32, 1)})
    c.save("twelve.pt", od((f"layer.{i}", tensor(torch.float16, i % 4, seed=i)) for i in range(13)))

    torch.serialization.register_package(0, lambda s: "cuda:" + str(s.nbytes() * 0), lambda s, l: None)
    t = tensor(f32, 3)
    c.save("cuda.pt", {"a": t, "b": t[1:], "c": tensor(f32, 3)}, device="cuda:0")


def chance(c, count):
    rng = random.Random(count)
    dtypes = [d for d in NAMES if savable(d)]
    for i in range(count):
        state = rng.choice([dict, collections.OrderedDict])()
        made = []
        for j in range(rng.choice([0, 1, 2, 3, 5, 12, 40, 130, 300, 1003 if i % 20 == 0 else 7])):
            kind = rng.random()
            if made and kind < 0.1:
                t = rng.choice(made)
            elif made and kind < 0.3:
                t = rng.choice(made).detach()
                if t.dim() and t.shape[0]:
                    lo = rng.randrange(t.shape[0])
                    t = t[lo:rng.randint(lo, t.shape[0])]
                if t.dim() > 1 and rng.random() < 0.3:
                    t = t.transpose(0, 1)
            else:
                shape = [rng.choice([0, 1, 1, 2, 3, 5, 17]) for _ in range(rng.choice([0, 1, 1, 2, 2, 3]))]
                t = tensor(rng.choice(dtypes), *shape, seed=rng.randrange(200))
            if rng.random() < 0.1:
                t = torch.nn.Parameter(t, requires_grad=rng.random() < 0.5 and t.is_floating_point())
            made.append(t)
            name = "".join(rng.choice("abcxyz.019_é重") for _ in range(rng.randint(2, 20))) + "." + str(j)
            state[name] = t
        if isinstance(state, collections.OrderedDict) and rng.random() < 0.5:
            state._metadata = collections.OrderedDict(
                ("m." * k, {"version": rng.choice([1, 2, 300, 70000])}) for k in range(rng.choice([0, 1, 2, 5, 1001])))
        c.save(f"case{i}." + rng.choice(["pt", "bin", "a.b"]), state)


PICKLES = [
    "None", "True", "[True, False, None]", "()", "[]", "{}", "od()", "(1,)", "(1, 2)", "(1, 2, 3)", "(1, 2, 3, 4)",
    "[0, 1, 255, 256, 65535, 65536, 2**31 - 1, 2**31, 2**32, 2**55 - 1, 2**55, 2**63 - 1]",
    "[-1, -128, -129, -32768, -2**31, -2**31 - 1, -2**39, -2**39 - 1, -2**63]",
    "[0.0, -0.0, 0.1, -1e300, inf, 5e-324]",
    "['', 'a', 'a', 'é', '重み', '\\0']",
    "[('x',), ['x'], {'x': 'x'}, od(x=1), [[]], ((),)]",
    "{'lr': 0.1, 'betas': (0.9, 0.95), 'step': 70000, 'state': {0: [], 1: {}}}",
    "od([('a', od()), ('b', {'c': None})])",
] + [f"{kind}({n})" for kind in ("numbers", "plain", "ordered") for n in (1, 2, 999, 1000, 1001, 1002, 2000, 2001)] + ["texts(300)"]


def pickles(folder):
    od = collections.OrderedDict
    names = {
        "od": od, "inf": float("inf"),
        "numbers": lambda n: list(range(n)),
        "plain": lambda n: {i: i for i in range(n)},
        "ordered": lambda n: od((i, i) for i in range(n)),
        "texts": lambda n: [str(i) + "." for i in range(n)] + [str(i) + "." for i in range(n)],
    }
    out = {}
    for p in PICKLES:
        v = eval(p, dict(names))
        if p.startswith("texts"):
            v = [sys.intern(s) for s in v]
        b = pickle.dumps(v, protocol=2)
        out[p] = b.hex() if len(b) < 300 else "sha256:" + hashlib.sha256(b).hexdigest()
    with open(os.path.join(folder, "pickles.json"), "w") as f:
        json.dump(out, f, indent=0, ensure_ascii=False)


def serialids(folder):
    """Ids of archives of n records, record i named data/i and holding str(i),
    but for every seventh, which is empty. (torch adds version and byteorder.)"""
    out = {}
    with tempfile.TemporaryDirectory() as tmp:
        for n in [0, 1, 2, 12, 13, 14, 15, 28, 29, 30, 31, 59, 60, 61, 127, 128, 257, 258, 542, 1110, 2358, 10275, 42045]:
            path = os.path.join(tmp, "x.pt")
            w = torch._C.PyTorchFileWriter(path)
            for i in range(n):
                b = b"" if i % 7 == 6 else str(i).encode()
                w.write_record(f"data/{i}", b, len(b))
            w.write_end_of_file()
            r = torch._C.PyTorchFileReader(path)
            out[n] = r.get_record(".data/serialization_id").decode()
    with open(os.path.join(folder, "serialid.json"), "w") as f:
        json.dump(out, f, indent=0)


def zip64(folder):
    """All bytes of an archive but those of its one large record, 2**32 + 100 zeros."""
    n = 2**32 + 100
    with tempfile.TemporaryDirectory() as tmp:
        path = os.path.join(tmp, "zip64.pt")
        torch.save({
            "small": tensor(torch.float32, 5), "large": torch.zeros(n, dtype=torch.uint8), "empty": torch.zeros(0),
            "after": tensor(torch.int64, 7), "empty2": torch.zeros(0, dtype=torch.uint8),
        }, path)
        start = torch._C.PyTorchFileReader(path).get_record_offset("data/1")
        with open(path, "rb") as f, open(os.path.join(folder, "zip64.bin"), "wb") as out:
            out.write(f.read(start))
            f.seek(start + n)
            out.write(f.read())


if __name__ == "__main__":
    here = os.path.dirname(os.path.abspath(__file__))
    if len(sys.argv) == 3:
        c = Cases(sys.argv[1])
        chance(c, int(sys.argv[2]))
        c.done()
    elif sys.argv[1:] == ["zip64"]:
        zip64(here)
    else:
        c = Cases(here)
        fixed(c)
        c.done()
        pickles(here)
        serialids(here)
