"""Differences: olmotool's figures of two files that torch and gguf-py made, and numpy's. Manifests, and hashlib's."""
import hashlib
import importlib.util
import json
import struct

import torch
from gguf import GGUFReader, dequantize
from safetensors.torch import save_file

from harness import load_safetensors

ROWS, COLUMNS = 500, 701  # more than is read at once, and no whole number of chunks
TYPES = (torch.float64, torch.float32, torch.float16, torch.bfloat16)
MODELS = ("olmo2-mha", "olmo2-gqa", "olmo3", "olmo1", "olmo1-tied")


class Diff:
    def __init__(self, h):
        self.h = h
        spec = importlib.util.spec_from_file_location("make", h.tree / "inspect" / "diff" / "testdata" / "make.py")
        self.numpy = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(self.numpy)

    def check(self):
        for d in TYPES:
            for e in TYPES:
                self.h.check("diff = numpy", f"{d} {e}", lambda note: self.pair(d, e))
        self.h.check("diff = numpy", "gguf q8_0", lambda note: self.quantised())
        for what in ("bit", "row", "nan", "lost", "extra", "shape", "type"):
            for container in ("safetensors", "torch"):
                self.h.check("diff finds", f"{what} {container}", lambda note: self.change(what, container))
        for name in MODELS:
            self.h.check("manifest = hashlib", name, lambda note: self.manifest(name))

    def diff(self, a, b, ok=(1,), *args):
        return json.loads(self.h.run("diff", a, b, "--json", *args, ok=ok).stdout)

    def pair(self, d, e):
        """Noise beside noise of another size, with all that is odd across the borders of what is read at once."""
        g = torch.Generator().manual_seed(3)
        x = torch.randn(ROWS, COLUMNS, generator=g, dtype=torch.float64)
        y = x + torch.randn(x.shape, generator=g, dtype=torch.float64) * 10.0 ** torch.randint(-9, 0, x.shape, generator=g)
        flat, other = x.view(-1), y.view(-1)
        other[: 1 << 17] = flat[: 1 << 17]  # as many as are read at once
        for t, at in ((flat, 7), (other, 3)):
            t[at::99_991] = float("nan")
            t[at + 1 :: 99_991] = float("inf")
            t[at + 2 :: 99_991] = -0.0
            t[at + 3 :: 9_973] = 1e-40
        x, y = x.to(d), y.to(e)
        self.expect({"x": (x, y)}, self.save("a", "safetensors", {"x": x}), self.save("b", "torch", {"x": y}))

    def quantised(self):
        source = self.h.tree / "testdata" / "models" / "olmo2-mha"
        path = self.h.convert(source, self.h.work / "diff-q8_0.gguf", "--dtype", "q8_0")
        floats = load_safetensors(source)
        stored = {t.name: torch.from_numpy(dequantize(t.data, t.tensor_type).copy()) for t in GGUFReader(path).tensors}
        want = {"lm_head.weight": (floats["lm_head.weight"], stored["output.weight"]),
                "model.layers.1.mlp.down_proj.weight": (floats["model.layers.1.mlp.down_proj.weight"], stored["blk.1.ffn_down.weight"])}
        self.expect(want, source, path, units=False)

    def expect(self, want, a, b, units=True):
        found = {t["name"]: t for t in self.diff(a, b)["changed"]}
        for name, (x, y) in want.items():
            w, t = self.numpy.compare(x, y), found[name]
            flat = -1
            for i, k in enumerate(t["first"] or []):
                flat = k if i == 0 else flat * x.shape[i] + k
            assert (t["elements_changed"], flat, t["max_abs"]) == (w["elements_changed"], w["first"], w["max_abs"]), f"{name}: {t}, not {w}"
            assert [t["a_nan"], t["b_nan"], t["a_inf"], t["b_inf"]] == w["nan"] + w["inf"], f"{name}: {t}, not {w}"
            for key in ("mean_abs", "rel_l2", "cosine"):
                assert abs(t[key] - w[key]) <= 1e-12 * abs(w[key]), f"{name}: {key} is {t[key]}, not {w[key]}"
            if units:
                assert (t["ulp"], t["ulp_dtype"]) == (w["ulp"], w["ulp_dtype"]), f"{name}: {t['ulp']}, not {w['ulp']}"

    def save(self, name, container, tensors):
        path = self.h.work / f"diff-{name}.{'pt' if container == 'torch' else container}"
        if container == "torch":
            torch.save(tensors, path)
        else:
            save_file({k: v.contiguous() for k, v in tensors.items()}, path)
        return path

    def change(self, what, container):
        """Of three tensors one is changed, in one way; what is said is just that."""
        g = torch.Generator().manual_seed(4)
        a = {n: torch.randn(40, 30, generator=g).to(torch.bfloat16) for n in "xyz"}
        b = {n: t.clone() for n, t in a.items()}
        bits = b["y"].view(torch.int16)
        kind, changed, first = "values", 1, [7, 5]
        match what:
            case "bit":
                bits[7, 5] ^= 4
            case "row":
                bits[7] ^= 1
                changed, first = 30, [7, 0]
            case "nan":
                a["x"][0, 0] = b["x"][0, 0] = float("nan")  # the same on both sides
                b["y"][7, 5] = float("nan")
            case "lost":
                del b["y"]
            case "extra":
                b["w"] = a["x"].clone()
            case "shape":
                b["y"], kind, changed, first = b["y"].reshape(30, 40), "shape", None, None
            case "type":
                b["y"], kind, changed, first = b["y"].float(), "dtype", 0, None
        d = self.diff(self.save("a", "safetensors", a), self.save("b", container, b))
        said = [(t["name"], t["kind"], t["elements_changed"], t["first"]) for t in d["changed"]]
        lone = what in ("lost", "extra")
        assert said == ([] if lone else [("y", kind, changed, first)]), said
        assert d["only_a"] == (["y"] if what == "lost" else []) and d["only_b"] == (["w"] if what == "extra" else []), d
        assert d["identical"] == (3 if what == "extra" else 2), d

    def manifest(self, name):
        """Each digest by the definition, of tensors that safetensors reads; and each layout is proven by the list."""
        path, out = self.h.tree / "testdata" / "models" / name, self.h.work / "manifest.json"
        self.h.run("digest", path, "--manifest", out, "--force")
        listed = json.loads(out.read_text())
        tensors = load_safetensors(path)
        if name == "olmo1-tied":
            tensors.pop("lm_head.weight", None)
        assert [t["name"] for t in listed["tensors"]] == sorted(tensors, key=str.encode), "other tensors"
        for t in listed["tensors"]:
            x = tensors[t["name"]]
            x = x.float() if x.dim() == 1 else x
            assert t["digest"] == digest(t["name"], t["dtype"], x), t["name"]
        for layout in ("hf-bin", "olmo-core-unsharded"):
            self.h.run("digest", self.h.convert(path, self.h.work / "proven", "--to", layout), "--check", out)


def digest(name, dtype, x):
    sha = lambda b: hashlib.sha256(b).digest()
    u64 = lambda *ns: struct.pack(f"<{len(ns)}Q", *ns)
    b = x.contiguous().view(torch.uint8).numpy().tobytes()
    content = sha(b"".join(sha(b[i : i + (1 << 20)]) for i in range(0, len(b), 1 << 20)))
    n, d = name.encode(), dtype.encode()
    return "sha256:" + sha(b"olmotool tensor 1\n" + u64(len(n)) + n + u64(len(d)) + d + u64(x.dim(), *x.shape) + content).hex()
