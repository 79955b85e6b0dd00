"""Writes diagnose.json: what torch, in float64, finds of three models and their soup.

    python diagnose.py ../../testdata/models/olmo2-mha/model.safetensors > diagnose.json

needs torch and safetensors (2.6.0 and 0.8.0 for what is there). The models are the one given and two copies of it,
whose float32 words are moved by up to three times 2^14; nothing here follows the formulas of package soup, which
avoid cancellation: differences are taken element by element.
"""
import json
import sys

import torch
from safetensors.torch import load_file

source = load_file(sys.argv[1])
names = sorted(source)


def moved(words, seed):
    """The words of a copy: each by a multiplicative hash of its index, where that keeps sign and exponent near."""
    i = torch.arange(len(words), dtype=torch.int64)
    h = ((i + 1) * 2654435761 + seed * 40503) % 4294967296
    d = (h // 65536) % 7 - 3
    size = words & 0x7FFFFFFF
    return torch.where((size > 0x10000000) & (size < 0x7F000000), words + d * 16384, words)


def model(seed):
    out = {}
    for k in names:
        words = source[k].contiguous().flatten().view(torch.int32).to(torch.int64)
        out[k] = (moved(words, seed) if seed else words).to(torch.int32).view(torch.float32).double()
    return out


def bfloat16(x):
    """Normal numbers, rounded to nearest even once."""
    b = x.view(torch.int64)
    b = b + (1 << 44) - 1 + ((b >> 45) & 1)
    return (b & ~((1 << 45) - 1)).view(torch.float64)


models = [model(0), model(1), model(2)]


def vectors(of, keys):
    return torch.cat([of[k] for k in keys])


def cosine(a, b):
    return (a @ b / (a.norm() * b.norm())).item()


def figures(keys, base):
    x = [vectors(m, keys) for m in models]
    b = None
    if base:
        x, b = x[:2], x[2]
    mean = sum(x) / len(x)
    spread = (sum(((v - mean) ** 2).sum() for v in x) / len(x)).sqrt().item()
    deltas = [v - (b if base else mean) for v in x]
    norms = [v.norm().item() for v in x]
    # The soup: the mean, or the base and half of each difference.
    exact = b + 0.5 * (x[0] - b) + 0.5 * (x[1] - b) if base else mean
    result = bfloat16(exact)
    out = {
        "elements": len(mean),
        "norms": norms,
        "mean_norm": mean.norm().item(),
        "shrinkage": mean.norm().item() / (sum(norms) / len(norms)),
        "spread": spread,
        "dispersion": spread / mean.norm().item(),
        "from_others": [(v - sum(w for j, w in enumerate(x) if j != i) / (len(x) - 1)).norm().item() for i, v in enumerate(x)],
        "cosines": [[cosine(v, w) for w in x] for v in x],
        "distances": [[(v - w).norm().item() for w in x] for v in x],
        "delta_norms": [d.norm().item() for d in deltas],
        "delta_cosines": [[cosine(d, e) for e in deltas] for d in deltas],
        "rounding": {
            "result_norm": result.norm().item(),
            "changed": (exact != result).double().mean().item(),
            "error": (result - exact).norm().item(),
            "of_spread": (result - exact).norm().item() / spread,
            "of_result": ((result - exact).norm() / result.norm()).item(),
            "equal": [(result == v).double().mean().item() for v in x],
        },
    }
    if base:
        out["base_cosines"] = [cosine(v, b) for v in x]
    return out


matrices = [k for k in names if source[k].dim() > 1]
json.dump({
    what: {
        "matrices": figures(matrices, base),
        "layer 1": figures([k for k in matrices if k.startswith("model.layers.1.")], base),
        "mlp.up_proj": figures([k for k in names if k.endswith("mlp.up_proj.weight")], base),
        "model.norm.weight": figures(["model.norm.weight"], base),
    } for what, base in (("mean", False), ("task_arithmetic", True))
}, sys.stdout, indent=1)
print()
