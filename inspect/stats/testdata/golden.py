#!/usr/bin/env python3
"""Writes golden.json: small tensors of all types, and what numpy says of their values.

Needs numpy 2.4 and torch 2.6.0 (for the values of 8-bit floats).
"""
import base64
import json
import pathlib
import warnings

import numpy as np
import torch

warnings.simplefilter("ignore")
np.seterr(all="ignore")
LEVELS = [0.001, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 0.999]
SHAPE = (16, 24)
N = SHAPE[0] * SHAPE[1]
random = np.random.default_rng(1)


def bf16(bits):
    return (bits.astype(np.uint32) << 16).view(np.float32)


def same_in_bf16(x):
    f = x.astype(np.float32)
    return (f == x) & (f.view(np.uint32) & 0xFFFF == 0)


def describe(x, smallest_normal, has_zero=True):
    """x: float64 values."""
    flat = x.ravel()
    numbers, finite = flat[~np.isnan(flat)], flat[np.isfinite(flat)]
    out = {
        "min": np.nanmin(flat), "max": np.nanmax(flat), "mean": np.nanmean(flat), "std": np.nanstd(flat),
        "rms": np.sqrt(np.nanmean(np.square(flat))), "absmax": np.nanmax(np.abs(flat)),
        "quantiles": list(np.nanquantile(flat, LEVELS)),
    }
    out = {k: [float(q).hex() for q in v] if k == "quantiles" else float(v).hex() for k, v in out.items()}
    zero = flat == 0
    magnitude = np.abs(finite)
    normal = magnitude[(magnitude >= smallest_normal) & (magnitude > 0)]
    exponents = np.frexp(normal)[1] - 1
    low, high = np.quantile(finite, LEVELS[0]), np.quantile(finite, LEVELS[-1])
    dead_rows, dead_columns = np.flatnonzero((x == 0).all(1)), np.flatnonzero((x == 0).all(0))
    odd = np.argwhere(~np.isfinite(x))
    f32 = numbers.astype(np.float32) == numbers
    f16 = numbers.astype(np.float32).astype(np.float16).astype(np.float64) == numbers
    out |= {
        "elements": N, "zeros": zero.sum(), "negative_zeros": (zero & np.signbit(flat)).sum(),
        "denormals": ((np.abs(flat) < smallest_normal) & ~zero).sum(), "nan": np.isnan(flat).sum(), "inf": np.isinf(flat).sum(),
        "first_non_finite": odd[0].tolist() if len(odd) else None,
        "exponents": {"first": exponents.min(), "counts": np.bincount(exponents - exponents.min()).tolist()},
        "histogram": {"low": low, "high": high, "counts": np.histogram(finite, 64, (low, high))[0].tolist(),
                      "below": (finite < low).sum(), "above": (finite > high).sum()},
        "lossy_f32": (~f32).sum(), "lossy_bf16": (~same_in_bf16(numbers)).sum(), "lossy_f16": (~f16).sum(),
        "overflow_f16": (np.abs(finite) >= 65520).sum(),
    }
    if has_zero:
        out["dead"] = {"rows": len(dead_rows), "columns": len(dead_columns),
                       "first_row": dead_rows[0] if len(dead_rows) else -1,
                       "first_column": dead_columns[0] if len(dead_columns) else -1}
    return out


def case(name, dtype, stored, values, smallest_normal=0.0, has_zero=True):
    return {"name": name, "dtype": dtype, "shape": SHAPE, "data": base64.b64encode(stored.tobytes()).decode(),
            "want": describe(values.astype(np.float64).reshape(SHAPE), smallest_normal, has_zero)}


def weights():
    w = random.normal(0, 0.02, SHAPE)
    w[3] = 0
    w[7] = -0.0
    w[:, 5] = 0
    w[0, 1] = 7
    return w


def cases():
    tiny = {"F16": 2.0**-14, "BF16": 2.0**-126, "F32": 2.0**-126, "F64": 2.0**-1022}
    for name, change in (("weights", None), ("norm", lambda w: 1 + w / 5), ("with NaN", "nan"), ("with infinities", "inf"),
                         ("constant", lambda w: np.full(SHAPE, 0.1)), ("zero", lambda w: w * 0)):
        w = weights()
        if callable(change):
            w = change(w)
        if change == "nan":
            w[2, 9], w[11, 0], w[0, 1] = np.nan, np.nan, 70000
        if change == "inf":
            w[4, 4], w[15, 23] = -np.inf, np.inf
        if name == "zero":
            w[-1, -1] = 2.0**-14  # numpy has no exponents of nothing
        yield case(name, "F64", w, w, tiny["F64"])
        f = w.astype(np.float32)
        yield case(name, "F32", f, f, tiny["F32"])
        h = w.astype(np.float16)
        yield case(name, "F16", h, h, tiny["F16"])
        b = (f.view(np.uint32) >> 16).astype(np.uint16)
        yield case(name, "BF16", b, bf16(b), tiny["BF16"])
    for dtype, bits, values in (
        ("F16", np.uint16, lambda b: b.view(np.float16)), ("BF16", np.uint16, bf16), ("F32", np.uint32, lambda b: b.view(np.float32)),
    ):
        b = random.integers(0, np.iinfo(bits).max, N, bits, True)
        b[::3] &= bits(0x83FF if bits == np.uint16 else 0x80FFFFFF)  # denormals and what is near
        v = values(b)
        b = np.where(np.isfinite(v), b, bits(1))  # means of infinities say nothing
        yield case("bits", dtype, b, values(b), tiny[dtype])
    bits = random.integers(0x3000000000000000, 0x4FFFFFFFFFFFFFFF, N, np.uint64)
    bits[::7] = random.integers(1, 1 << 51, len(bits[::7]), np.uint64)
    yield case("bits", "F64", bits, bits.view(np.float64), tiny["F64"])
    for dtype, t in (("I8", np.int8), ("U8", np.uint8), ("I16", np.int16), ("U16", np.uint16), ("I32", np.int32), ("U32", np.uint32)):
        v = random.integers(np.iinfo(t).min, np.iinfo(t).max, N, t, True)
        yield case("integers", dtype, v, v)
    v = random.integers(-1 << 53, 1 << 53, N, np.int64)
    yield case("integers", "I64", v, v)
    yield case("integers", "U64", v.astype(np.uint64) >> np.uint64(11), v.astype(np.uint64) >> np.uint64(11))
    v = random.integers(0, 2, N, np.uint8)
    yield case("flags", "BOOL", v, v)
    all8 = np.resize(np.arange(256, dtype=np.uint8), N)
    for dtype, t, normal in (("F8_E4M3", torch.float8_e4m3fn, 2.0**-6), ("F8_E5M2", torch.float8_e5m2, 2.0**-14),
                             ("F8_E4M3FNUZ", torch.float8_e4m3fnuz, 2.0**-7), ("F8_E5M2FNUZ", torch.float8_e5m2fnuz, 2.0**-15)):
        yield case("every value", dtype, all8, torch.from_numpy(all8.copy()).view(t).double().numpy(), normal)
    exponents = np.where(all8 == 255, np.nan, np.ldexp(1.0, all8.astype(int) - 127))
    yield case("every value", "F8_E8M0", all8, exponents, 2.0**-127, False)


def plain(x):
    return x.item() if isinstance(x, np.generic) else x


cases = [json.dumps(c, default=plain) for c in cases()]
pathlib.Path(__file__).with_name("golden.json").write_text("[\n" + ",\n".join(cases) + "\n]\n")
