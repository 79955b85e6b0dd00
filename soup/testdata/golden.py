"""Writes mergekit.json: what mergekit's methods make of small tensors of float64.

    python golden.py > mergekit.json

needs mergekit 0.1.5 and torch (2.6.0 for what is there). With float64 inputs its methods compute in float64.
Random masks are drawn here and put in place of torch.bernoulli's.
"""
import json
import logging

import torch
from mergekit.merge_methods.api import merge_tensors

logging.disable(logging.WARNING)
generator = torch.Generator().manual_seed(1)
pool, keys, cases = {}, {}, []


def normal(shape, scale=1.0):
    """Values that float32 holds."""
    return (torch.randn(shape, generator=generator) * scale).double()


def hexed(t):
    return "".join(f"{x & (2**64 - 1):016x}" for x in t.contiguous().flatten().view(torch.int64).tolist())


def keep(t):
    h = hexed(t)
    if h not in keys:
        keys[h] = f"t{len(keys)}"
        pool[keys[h]] = h
    return keys[h]


def case(name, method, x, base=None, per_model=None, masks=None, **params):
    """per_model: lists of the values of the models, without the base."""
    tensors, ids = [*x], [f"m{i}" for i in range(len(x))]
    given = dict(params)
    for k, values in (per_model or {}).items():
        given[k] = dict(zip(ids, values))
    base_index = None
    if base is not None:
        base_index = len(tensors)
        tensors.append(base)
        ids.append("base")
    real = torch.bernoulli
    if masks is not None:
        left = [torch.tensor(m, dtype=torch.float64) for m in masks]
        torch.bernoulli = lambda p: left.pop(0).reshape(p.shape).to(p.dtype)
    try:
        y = merge_tensors([t.clone() for t in tensors], method, parameters=given, ids=ids, base_index=base_index, name=name)
    finally:
        torch.bernoulli = real
    assert y.dtype == torch.float64 and y.isfinite().all(), name
    c = {"name": name, "method": method, "dtype": "float64", "shape": list(x[0].shape), "x": [keep(t) for t in x]}
    if base is not None:
        c["base"] = keep(base)
    if params:
        c["params"] = {k: float(v) for k, v in params.items()}
    if per_model:
        c["model_params"] = per_model
    if masks is not None:
        assert not left, f"{name}: {len(left)} masks left"
        c["masks"] = masks
    c["mergekit"] = hexed(y)
    cases.append(c)


def bits(n, models):
    return [torch.randint(0, 2, (n,), generator=generator).tolist() for _ in range(models)]


def main():
    w2, w3 = {"weight": [0.6, 0.4]}, {"weight": [0.5, 0.3, 0.4]}
    for shape in ((5, 8), (12,)):
        s, n = "x".join(map(str, shape)), torch.Size(shape).numel()
        b = normal(shape)
        near = [b + normal(shape, 0.05) for _ in range(3)]
        near = [t.float().double() for t in near]
        far = [normal(shape) for _ in range(3)]
        zero = torch.zeros(shape, dtype=torch.float64)

        for t in (0, 0.3, 1, 1.25):
            case(f"slerp {t} {s}", "slerp", far[:1], b, t=t)
        case(f"slerp straight {s}", "slerp", [b + 1e-3 * far[0]], b, t=0.3)
        case(f"slerp near {s}", "slerp", near[:1], b, t=0.7)
        case(f"slerp opposite {s}", "slerp", [-b], b, t=0.3)
        case(f"slerp zero {s}", "slerp", far[:1], zero, t=0.3)
        case(f"slerp to zero {s}", "slerp", [zero], b, t=0.3)

        for flatten, rows in ((True, False), (False, False), (False, True)):
            kw = dict(nuslerp_flatten=flatten, nuslerp_row_wise=rows)
            f = f"{int(flatten)}{int(rows)} {s}"
            case(f"nuslerp {f}", "nuslerp", far[:2], None, w2, **kw)
            case(f"nuslerp base {f}", "nuslerp", near[:2], b, w2, **kw)
            case(f"nuslerp near {f}", "nuslerp", near[:2], None, w2, **kw)
            case(f"nuslerp same {f}", "nuslerp", [b, b], None, w2, **kw)
            case(f"nuslerp zero {f}", "nuslerp", [zero, b], None, w2, **kw)
            case(f"nuslerp sum 0 {f}", "nuslerp", far[:2], None, {"weight": [0.5, -0.5]}, **kw)

        case(f"multislerp {s}", "multislerp", far, None, w3)
        case(f"multislerp near {s}", "multislerp", near, None, w3)
        case(f"multislerp base {s}", "multislerp", near, b, w3)
        case(f"multislerp as they are {s}", "multislerp", far, None, w3, normalize_weights=False)
        case(f"multislerp one {s}", "multislerp", far[:1], b, {"weight": [0.7]})
        case(f"multislerp opposite {s}", "multislerp", [b, -b], None, {"weight": [0.5, 0.5]})
        case(f"multislerp zero and one {s}", "multislerp", [zero, b, far[0]], None, w3)
        case(f"multislerp no difference {s}", "multislerp", [b, b], b, w2)

        case(f"karcher {s}", "karcher", far)
        case(f"karcher near {s}", "karcher", near)
        case(f"karcher five {s}", "karcher", far + near[:2])
        case(f"karcher 1 step {s}", "karcher", far, max_iter=1)
        case(f"karcher with zero {s}", "karcher", [zero] + far)
        case(f"karcher zeros {s}", "karcher", [zero, zero])
        case(f"karcher one {s}", "karcher", far[:1])

        case(f"task_arithmetic {s}", "task_arithmetic", near, b, w3)
        case(f"task_arithmetic normalize {s}", "task_arithmetic", near, b, w3, normalize=True, **{"lambda": 0.7})
        case(f"task_arithmetic sum 0 {s}", "task_arithmetic", near, b, {"weight": [1.0, -0.5, -0.5]}, normalize=True)

        dense = w3 | {"density": [0.5, 0.25, 1.0]}
        for normalize in (True, False):
            for rescale in (True, False):
                f = f"{int(normalize)}{int(rescale)} {s}"
                kw = dict(normalize=normalize, rescale=rescale)
                case(f"ties {f}", "ties", far, b, dense, **kw)
                case(f"breadcrumbs {f}", "breadcrumbs", far, b, dense | {"gamma": [0.1, 0.2, 0.1]}, **kw)
                case(f"breadcrumbs_ties {f}", "breadcrumbs_ties", far, b, dense | {"gamma": [0.1, 0.2, 0.1]}, **kw)
                m = bits(n, 2)
                for method in ("dare_ties", "dare_linear"):
                    case(f"{method} {f}", method, far, b, dense, m, **kw)
                for method in ("della", "della_linear"):
                    case(f"{method} {f}", method, far, b, dense | {"epsilon": [0.1, 0.2, 0.1]}, m, **kw)
        case(f"ties one is kept {s}", "ties", far, b, w3 | {"density": [1e-6, 0.0, 0.1]})
        case(f"ties negative {s}", "ties", far, b, {"weight": [0.5, -0.3, 0.4], "density": [0.5, 0.5, 0.5]}, **{"lambda": -0.5})
        case(f"breadcrumbs no outlier {s}", "breadcrumbs", far, b, w3 | {"density": [0.5, 0.5, 0.5], "gamma": [0.0, 0.001, 0.0]})
        case(f"breadcrumbs few others {s}", "breadcrumbs", far, b, w3 | {"density": [0.5, 0.9, 0.7], "gamma": [0.9, 0.3, 1.0]})
        case(f"breadcrumbs none {s}", "breadcrumbs", far, b, w3 | {"density": [0.0, 0.01, 0.0], "gamma": [0.01, 0.01, 0.01]})
        case(f"dare none {s}", "dare_ties", far, b, w3 | {"density": [0.5, 0.5, 0.5]}, [[0] * n] * 3)

        for rows in (False, True):
            f = f"{int(rows)} {s}"
            case(f"model_stock {f}", "model_stock", near, b, filter_wise=rows)
            case(f"model_stock far {f}", "model_stock", far, b, filter_wise=rows)
            case(f"model_stock alike {f}", "model_stock", [b + 0.5 * near[0] + 0.05 * t for t in far], b, filter_wise=rows)
            case(f"model_stock one is base {f}", "model_stock", [b, *far[:2]], b, filter_wise=rows)
            d = (far[0] * 256).round() / 256
            case(f"model_stock opposite {f}", "model_stock", [d, -d], zero, filter_wise=rows)

        for k in (0.0, 0.01, 0.3, 0.5, 1.0):
            case(f"sce {k} {s}", "sce", far, b, select_topk=k)
            case(f"sce flat {k} {s}", "sce", [b + 1e-4 * t for t in far], b, select_topk=k)
        case(f"sce one {s}", "sce", far[:1], b)
        case(f"sce one, half {s}", "sce", far[:1], b, select_topk=0.5)

        for t in (0.0, 1e-7, 0.05, 10.0):
            case(f"nearswap {t} {s}", "nearswap", near[:1], b, t=t)
        some = [torch.where(normal(shape) > 0, t, b) for t in near]
        for method in ("ram", "ramplus_tl"):
            case(f"{method} {s}", method, some, b)
            case(f"{method} epsilon {s}", method, near, b, epsilon=0.05)
        case(f"ramplus_tl more {s}", "ramplus_tl", some, b, r=0.5, alpha=10.0)
        for x in (near[0], far[0], b):
            case(f"arcee_fusion {len(cases)} {s}", "arcee_fusion", [x], b)

    one = [normal((1,)) for _ in range(4)]
    column = [normal((3, 1)) for _ in range(4)]
    for s, (b, *x) in (("one", one), ("column", column)):
        case(f"slerp {s}", "slerp", x[:1], b, t=0.3)
        case(f"nuslerp {s}", "nuslerp", x[:2], None, w2, nuslerp_flatten=False)
        case(f"multislerp {s}", "multislerp", x, b, w3)
        case(f"karcher {s}", "karcher", x)
        case(f"ties {s}", "ties", x, b, w3 | {"density": [0.1, 0.5, 1.0]})
        case(f"breadcrumbs {s}", "breadcrumbs", x, b, w3 | {"density": [0.1, 0.5, 1.0]})
        case(f"sce {s}", "sce", x, b, select_topk=0.5)
        case(f"arcee_fusion {s}", "arcee_fusion", x[:1], b)

    origin = "mergekit 0.1.5's merge_tensors on float64 tensors, torch 2.6.0, CPU; by golden.py. Words are big endian."
    print(json.dumps({"origin": origin, "tensors": pool, "cases": cases}).replace('"}, {"name"', '"},\n{"name"').replace(', "t', ',\n"t'))


if __name__ == "__main__":
    main()
