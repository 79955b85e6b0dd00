"""Makes paths.json: means as the tools that published soups computed them.

    $OLMOTOOL_PEERS/mergekit/bin/python soup/testdata/paths.py

mergekit 0.1.5 runs itself; what the other tools do is written in the same
operations of torch: mergekit to 0.1.4 worked in the type of the tensors,
OLMo-core's merge_hf_checkpoints.py adds in float32 and divides,
merge_core_checkpoints.py adds what it has multiplied by 1/N. Each prints bits.
"""
import json
import pathlib

import torch
from mergekit.merge_methods.api import merge_tensors

torch.manual_seed(7)


def kit014(x, w):
    w = torch.tensor(w, dtype=x[0].dtype)
    w = w.reshape(-1, *[1] * x[0].dim())
    return (w * torch.stack(x)).sum(dim=0) / w.sum(dim=0)


def kit015(x, w):
    ids = [f"m{i}" for i in range(len(x))]
    return merge_tensors([t.clone() for t in x], "linear", ids=ids, parameters={"weight": dict(zip(ids, w))})


def hf_script(x, w):
    total = x[0].to(torch.float32)
    for t in x[1:]:
        total = total + t.to(torch.float32)
    return (total / len(x)).to(x[0].dtype)


def core_script(x, w):
    total = torch.zeros_like(x[0], dtype=torch.float32)
    for t in x:
        total += t.to(torch.float32) * (1.0 / len(x))
    return total.to(x[0].dtype)


def half_sum(x, w):
    total = x[0].clone()
    for t in x[1:]:
        total += t
    return total / len(x)


def bits(t):
    wide = t.dtype == torch.float32
    words = t.contiguous().view(torch.int32 if wide else torch.int16).flatten().tolist()
    return "".join(f"{v & (0xffffffff if wide else 0xffff):0{8 if wide else 4}x}" for v in words)


cases = []
for dtype in torch.bfloat16, torch.float16, torch.float32:
    for weights in [1, 1], [1, 1, 1], [1 / 3, 1 / 3, 1 / 3], [1, 1, 1, 1, 1], [0.5, 0.3, 0.2], [0.7, 0.1]:
        base = torch.randn(96) * 0.02
        x = [(base * (1 + 0.05 * torch.randn(96))).to(dtype) for _ in weights]
        uniform = len(set(weights)) == 1
        ways = {"mergekit-0.1.5": kit015, "mergekit-0.1.4": kit014}
        if uniform:
            ways |= {"f32-sum": hf_script, "f32-scaled": core_script, "half-sum": half_sum}
        cases.append({
            "dtype": str(dtype).split(".")[1], "weights": [repr(float(w)) for w in weights],
            "inputs": [bits(t) for t in x],
            "ways": {k: bits(f(x, weights)) for k, f in ways.items()},
        })
path = pathlib.Path(__file__).with_name("paths.json")
path.write_text(json.dumps({"torch": torch.__version__, "cases": cases}, indent=0) + "\n")
