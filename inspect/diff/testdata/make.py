#!/usr/bin/env python3
"""Two files of tensors, and what numpy says of their differences.

Made with torch 2.6.0, safetensors 0.8.0 and numpy 2.4.6: python3 make.py
"""
import json, pathlib
import numpy as np, torch
from safetensors.torch import save_file

UNITS = [torch.float64, torch.float32, torch.float16, torch.bfloat16]  # from fine to coarse
BITS = {torch.float64: (torch.int64, 64), torch.float32: (torch.int32, 32), torch.float16: (torch.int16, 16), torch.bfloat16: (torch.int16, 16)}


def order(t):
    """The place of each number among those of its type, and whether it is none."""
    kind, width = BITS[t.dtype]
    bits = [int(v) % (1 << width) for v in t.flatten().view(kind).tolist()]
    m = [b & ((1 << (width - 1)) - 1) for b in bits]
    return [-k if b >> (width - 1) else k for b, k in zip(bits, m)]


def coarse(t, to):
    return t.to(torch.float32).to(to) if t.dtype == torch.float64 and to != torch.float64 else t.to(to)


def compare(a, b):
    x, y = a.flatten().to(torch.float64).numpy(), b.flatten().to(torch.float64).numpy()
    if a.dtype == b.dtype:
        kind = BITS[a.dtype][0]
        changed = (a.flatten().view(kind) != b.flatten().view(kind)).numpy()
    else:
        changed = (x != y) & ~(np.isnan(x) & np.isnan(y))
    ok = np.isfinite(x) & np.isfinite(y)
    p, q = x[ok], y[ok]
    d = q - p
    to = max(a.dtype, b.dtype, key=UNITS.index)
    r, s = coarse(a, to), coarse(b, to)
    ulp = [0] * 65
    for u, v, m, n in zip(order(r), order(s), torch.isnan(r).flatten().tolist(), torch.isnan(s).flatten().tolist()):
        if m == n:
            ulp[0 if m else abs(u - v).bit_length()] += 1
    while len(ulp) > 1 and ulp[-1] == 0:
        ulp.pop()
    return {
        "elements_changed": int(changed.sum()), "first": int(changed.argmax()) if changed.any() else -1,
        "max_abs": float(np.abs(d).max(initial=0)), "mean_abs": float(np.abs(d).mean()),
        "rel_l2": float(np.linalg.norm(d) / np.linalg.norm(p)),
        "cosine": float(np.dot(p, q) / np.linalg.norm(p) / np.linalg.norm(q)),
        "ulp": ulp, "ulp_dtype": {torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16"}[to],
        "nan": [int(np.isnan(x).sum()), int(np.isnan(y).sum())], "inf": [int(np.isinf(x).sum()), int(np.isinf(y).sum())],
    }


def pairs():
    g = torch.Generator().manual_seed(7)
    base = torch.randn(23, 97, generator=g, dtype=torch.float64)
    moved = base + 0.01 * torch.randn(23, 97, generator=g, dtype=torch.float64) * (torch.rand(23, 97, generator=g) < 0.3)
    odd = torch.tensor([0.0, -0.0, float("inf"), float("-inf"), float("nan"), float("nan"), 1.0, float("nan"), 65504.0])
    strange = torch.tensor([-0.0, -0.0, float("inf"), 3.0, float("nan"), 2.0, float("inf"), -1.0, 1e-7])
    for d in UNITS:
        n = str(d).removeprefix("torch.")
        yield n, base.to(d), moved.to(d)
        yield n + ".odd", torch.cat([base[0], odd]).to(d), torch.cat([base[0], strange]).to(d)
        for e in UNITS:
            if e != d:
                yield f"{n}.{str(e).removeprefix('torch.')}", moved[:3].to(d), moved[:3].to(e)
    yield "unlike.float16.bfloat16", base[:3].to(torch.float16), moved[:3].to(torch.bfloat16)
    yield "odd.float32.bfloat16", odd, strange.to(torch.bfloat16)


def write(there):
    a, b, want = {}, {}, {}
    for name, x, y in pairs():
        a[name], b[name] = x.clone(), y.clone()
        want[name] = compare(x, y)
    save_file(a, there / "a.safetensors")
    save_file(b, there / "b.safetensors")
    (there / "want.json").write_text("{\n" + ",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in want.items()) + "\n}" + "\n")


if __name__ == "__main__":
    write(pathlib.Path(__file__).parent)
