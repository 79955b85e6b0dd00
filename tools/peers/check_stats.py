"""Statistics and values: olmotool's of a tensor, and numpy's."""
import json
import math

import numpy as np
import torch
from gguf import GGUFReader, dequantize
from safetensors.torch import save_file

from harness import load_safetensors

LEVELS = [0.001, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 0.999]
NORMAL = {"BF16": 2.0**-126, "F16": 2.0**-14, "F32": 2.0**-126, "Q8_0": 2.0**-126, "F64": 2.0**-1022}
LARGE = (4096, 1024)  # sixteen times what is read at once
MODELS = ("olmo2-mha", "olmo2-gqa", "olmo3", "olmo1", "olmo1-tied")
SLICES = ("0:4,0:8", "...,0", "-3:,::-7", "1", "::100,5:")


class Stats:
    def __init__(self, h):
        self.h = h

    def check(self):
        for name in MODELS:
            path = self.h.tree / "testdata" / "models" / name
            self.h.check("stats = numpy", name, lambda note: self.compare(path, tensors(load_safetensors(path))))
            self.h.check("values = numpy", name, lambda note: self.values(path))
        for dtype in (torch.bfloat16, torch.float16, torch.float32, torch.float64):
            for kind in ("weights", "odd"):
                self.h.check("stats = numpy", f"{kind} {dtype}", lambda note: self.large(dtype, kind))
        self.h.check("stats = numpy", "gguf q8_0", lambda note: self.quantised())

    def large(self, dtype, kind):
        """A matrix as it comes, or with all that is odd in places that cross every boundary of reading."""
        path = self.h.work / "large.safetensors"
        g = torch.Generator().manual_seed(1)
        x = (torch.randn(LARGE, generator=g) * 0.02).to(dtype)
        if kind == "odd":
            flat = x.view(-1)
            flat[300_000::777_777], flat[123_456:123_999] = float("nan"), 0
            flat[200_001::99_983] = -0.0
            flat[55::100_003] = torch.finfo(dtype).tiny / 8
            x[4000:], x[:, 999] = 0, 0
        save_file({"x": x}, path)
        try:
            self.compare(path, tensors({"x": x}), "--threads", "2")
        finally:
            path.unlink()

    def quantised(self):
        path = self.h.convert(self.h.tree / "testdata" / "models" / "olmo2-mha", self.h.work / "q8_0.gguf", "--dtype", "q8_0")
        want = {t.name: ("Q8_0" if t.tensor_type.name == "Q8_0" else "F32", dequantize(t.data, t.tensor_type).astype(np.float64))
                for t in GGUFReader(path).tensors}
        self.compare(path, want)

    def compare(self, path, want, *args):
        listed = json.loads(self.h.run("inspect", path, "--tensors", "--stats", "--json", *args).stdout)["tensor_list"]
        assert sorted(t["source_name"] for t in listed) == sorted(want), "other tensors"
        for t in listed:
            kind, x = want[t["source_name"]]
            expect(t["source_name"], t["stats"], x, NORMAL[kind])

    def values(self, path):
        for name, x in list(load_safetensors(path).items())[:6]:
            if x.ndim != 2:
                continue
            for index in SLICES:
                doc = json.loads(self.h.run("inspect", path, "--values", f"{name}[{index}]", "--json").stdout)["values"][0]
                want = eval(f"x[{index}]", {"x": x.float().numpy()})  # of the list above
                got = torch.tensor(doc["values"], dtype=torch.float64).to(x.dtype).float().numpy()
                assert np.array_equal(got, want), f"{name}[{index}] differs"


def tensors(named):
    names = {torch.bfloat16: "BF16", torch.float16: "F16", torch.float32: "F32", torch.float64: "F64"}
    return {n: (names[x.dtype], x.double().numpy()) for n, x in named.items()}


def expect(name, got, x, normal):
    """Counts and extremes are numpy's, sums within 1e-12 of the exact ones."""
    flat = x.ravel()
    v = flat[~np.isnan(flat)]
    zero = v == 0
    f32 = v.astype(np.float32)
    counts = {
        "elements": flat.size, "min": v.min(), "max": v.max(), "absmax": np.abs(v).max(), "nan": flat.size - v.size,
        "inf": np.isinf(v).sum(), "zeros": zero.sum(), "negative_zeros": (zero & np.signbit(v)).sum(),
        "denormals": ((np.abs(v) < normal) & ~zero).sum(), "lossy_f32": (f32 != v).sum(),
        "lossy_bf16": ((f32 != v) | (f32.view(np.uint32) & 0xFFFF != 0)).sum(), "lossy_f16": (f32.astype(np.float16) != v).sum(),
    }
    for key, want in counts.items():
        assert got[key] == want, f"{name}: {key} {got[key]}, numpy has {want}"
    if x.ndim == 2:
        dead = {"rows": int((x == 0).all(1).sum()), "columns": int((x == 0).all(0).sum())}
        assert {k: got["dead"][k] for k in dead} == dead, f"{name}: dead {got['dead']}, numpy has {dead}"
    mean = math.fsum(v) / v.size
    std = math.sqrt(math.fsum((v - mean) ** 2) / v.size)
    rms = math.sqrt(math.fsum(v * v) / v.size)
    for key, exact, of_numpy in (("mean", mean, v.mean()), ("std", std, v.std()), ("rms", rms, np.sqrt(np.mean(v * v)))):
        # The mean of values around zero is the small rest of large sums, and numpy's own is off by more.
        assert abs(got[key] - exact) <= 1e-12 * abs(exact), f"{name}: {key} {got[key]}, exactly {exact}"
        assert abs(got[key] - of_numpy) <= 1e-12 * max(abs(exact), rms), f"{name}: {key} {got[key]}, numpy has {of_numpy}"
    at = np.argwhere(np.isnan(x))
    assert got.get("first_non_finite") == (at[0].tolist() if len(at) else None), f"{name}: first at {got.get('first_non_finite')}"
    for level, g, want in zip(LEVELS, got["quantiles"], np.quantile(v, LEVELS)):
        # Interpolated between neighbours, each off by that part of itself; denormals may be anything.
        limit = got["quantile_error"] * abs(want) + (normal if got["quantile_error"] else 0)
        assert abs(g - want) <= limit, f"{name}: quantile {level} {g}, numpy has {want}"
